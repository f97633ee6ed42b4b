"""Faces of a run as stages take them: data sets, what was measured on them, and what phases learn from."""
