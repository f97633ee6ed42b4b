"""What every network does first to the pixels it is given."""

from typing import Any

from keras import layers

WHITE = 255.0
"""The brightest pixel that enters a network."""


def rescaling_layer() -> Any:
    """Return the layer that turns pixels in [0, 255] into [0, 1]."""
    return layers.Rescaling(1 / WHITE, name="rescaling")
