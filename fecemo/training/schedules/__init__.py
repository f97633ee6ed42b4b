"""How the learning rate changes: each module here holds one `SCHEDULE`; adding a file adds a schedule."""
