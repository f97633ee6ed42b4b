"""Approaches that the catalogue does not have, each one file: what the interface is open for."""
