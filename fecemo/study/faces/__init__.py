"""Faces of a run as stages take them: packs, what was measured on them, and what phases learn from."""
