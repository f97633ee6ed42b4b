"""Scores as blocks of a table, and the forms that they are written in."""
