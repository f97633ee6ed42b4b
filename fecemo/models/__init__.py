"""The networks of the study: what an approach is, and the layers it is made of. Keras and NumPy alone."""
