"""Fit a network to faces and run it over them, on any Keras backend. Keras and NumPy alone."""
