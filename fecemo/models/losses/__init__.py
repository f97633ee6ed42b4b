"""What networks learn by: each module here holds one `LOSS`; adding a file adds a loss."""
