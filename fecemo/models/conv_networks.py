"""Layers of the convolutional autoencoder, and of the head on its frozen encoder (sections 4.2, 4.3; figures 2, 3)."""

from collections.abc import Sequence
from typing import Any

from keras import layers

from fecemo.models.pixels import rescaling_layer
from fecemo.models.plan import Shape

KERNEL = 3


def encoder_layers(filters: Sequence[int], pools: Sequence[int]) -> list[Any]:
    """Return rescaling, then for each width a pair of 3×3 SELU convolutions and a max-pooling."""
    stack: list[Any] = [rescaling_layer()]
    for number, (width, pool) in enumerate(zip(filters, pools, strict=True), 1):
        stack += [layers.Conv2D(width, KERNEL, padding="same", activation="selu", name=f"conv_{number}{letter}")
                  for letter in "ab"]
        stack.append(layers.MaxPooling2D(pool, name=f"pool_{number}"))
    return stack


def decoder_layers(filters: Sequence[int], pools: Sequence[int], image_shape: Shape) -> list[Any]:
    """Return the encoder mirrored: a transposed convolution for each convolution, then the reshape to an image.

    Each has as many filters as its convolution, but for the last, whose filters are the image's channels: the reshape
    asks for that. The one that mirrors the convolution before a pooling undoes the pooling too, by its stride.
    """
    stack: list[Any] = []
    for number in range(len(filters), 0, -1):
        width, last = filters[number - 1], number == 1
        stack += [
            layers.Conv2DTranspose(width, KERNEL, strides=pools[number - 1], padding="same", activation="selu",
                                   name=f"deconv_{number}b"),
            layers.Conv2DTranspose(image_shape[-1] if last else width, KERNEL, padding="same",
                                   activation="sigmoid" if last else "selu", name=f"deconv_{number}a"),
        ]
    return [*stack, layers.Reshape(image_shape, name="reshape")]


def embedding_layers() -> list[Any]:
    """Return the layer that flattens what the encoder gives, as k-means and t-SNE ask."""
    return [layers.Flatten(name="flatten")]


def head_layers(widths: Sequence[int], n_classes: int) -> list[Any]:
    """Return SELU layers of falling width that end in a softmax over the classes."""
    return [
        layers.Flatten(name="flatten"),
        *(layers.Dense(width, activation="selu", name=f"dense_{number}") for number, width in enumerate(widths, 1)),
        layers.Dense(n_classes, activation="softmax", name="emotions"),
    ]
