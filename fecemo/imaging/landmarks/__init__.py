"""Measurements of faces: a mesh of landmarks, set upright, and the distances in it that move with an expression."""
