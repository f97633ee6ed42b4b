"""Photographs and faces as pictures: headers, decoding, crops, landmarks. No Keras."""
