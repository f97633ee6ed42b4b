"""Naming clusters by hand: the state of a session, what it shows, and how two people compare."""
