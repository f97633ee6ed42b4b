"""Layers of the dense autoencoder ("Categorizing Facial Expressions", section 4.2, figure 1)."""

import math
from collections.abc import Sequence
from typing import Any

from keras import layers

from fecemo.models.plan import Shape


def encoder_layers(widths: Sequence[int], embedding: int) -> list[Any]:
    """Return flatten, a SELU layer a width, and the SELU embedding."""
    return [
        layers.Flatten(name="flatten"),
        *(layers.Dense(width, activation="selu", name=f"dense_{number}") for number, width in enumerate(widths, 1)),
        layers.Dense(embedding, activation="selu", name="embedding"),
    ]


def decoder_layers(widths: Sequence[int], image_shape: Shape, output_activation: str) -> list[Any]:
    """Return flatten, the encoder's widths in reverse, a layer of height·width·channels, and the reshape to it."""
    return [
        layers.Flatten(name="flatten"),
        *(layers.Dense(width, activation="selu", name=f"dense_{number}")
          for number, width in enumerate(reversed(widths), 1)),
        layers.Dense(math.prod(image_shape), activation=output_activation, name="pixels"),
        layers.Reshape(image_shape, name="reshape"),
    ]
