"""Fetch photographs from the web: addresses, politeness, download. No Keras, no OpenCV."""
