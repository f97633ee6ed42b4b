"""What phases learn from: each module here holds one `EXAMPLE_SET`; adding a file adds a set."""
