"""Encoders, decoders and classifiers of plain convolutions ("Categorizing Facial Expressions", sections 4.2 to 4.4)."""

from collections.abc import Sequence
from typing import Any

from keras import layers

from fecemo.models.approach import Shape
from fecemo.models.layers import chain, rescaling_layer

KERNEL = 3


def convolutional_encoder(shape: Shape, filters: Sequence[int], pools: Sequence[int]) -> Any:
    """Return the submodel ``"encoder"`` (figure 2).

    Parameters
    ----------
    shape : tuple of int
        Of the image: height, width, channels.
    filters : sequence of int
        Of each pair of 3×3 SELU convolutions.
    pools : sequence of int
        Size of the max-pooling after each pair.
    """
    parts: list[Any] = [rescaling_layer()]
    for number, (width, pool) in enumerate(zip(filters, pools, strict=True), 1):
        parts += [layers.Conv2D(width, KERNEL, padding="same", activation="selu", name=f"conv_{number}{letter}")
                  for letter in "ab"]
        parts.append(layers.MaxPooling2D(pool, name=f"pool_{number}"))
    return chain("encoder", shape, parts)


def convolutional_decoder(shape: Shape, filters: Sequence[int], pools: Sequence[int], image_shape: Shape) -> Any:
    """Return the submodel ``"decoder"``: the encoder mirrored, a transposed convolution for each convolution.

    Each has as many filters as its convolution, but for the last, whose filters are the image's channels: the reshape
    asks for that. The one that mirrors the convolution before a pooling undoes the pooling too, by its stride.

    Parameters
    ----------
    shape : tuple of int
        Of the encoder's output.
    filters, pools
        See `convolutional_encoder`.
    """
    parts: list[Any] = []
    for number in range(len(filters), 0, -1):
        width, last = filters[number - 1], number == 1
        parts += [
            layers.Conv2DTranspose(width, KERNEL, strides=pools[number - 1], padding="same", activation="selu",
                                   name=f"deconv_{number}b"),
            layers.Conv2DTranspose(image_shape[-1] if last else width, KERNEL, padding="same",
                                   activation="sigmoid" if last else "selu", name=f"deconv_{number}a"),
        ]
    return chain("decoder", shape, [*parts, layers.Reshape(image_shape, name="reshape")])


def convolutional_classifier(shape: Shape, groups: Sequence[int], filters: int, dense: int, n_classes: int,
                             kernel_initializer: str) -> Any:
    """Return the submodel ``"classifier"`` (section 4.4, figure 4): rescaling, groups of ReLU convolutions, a head.

    Parameters
    ----------
    shape : tuple of int
        Of the image.
    groups : sequence of int
        Convolutions in each group, with a max-pooling between groups; as published 7, 7 and 3.
    filters : int
        Of every convolution.
    dense : int
        Width of the SELU layer before the softmax.
    kernel_initializer : str
        Of the convolutions, as Keras names it.
    """
    parts: list[Any] = [rescaling_layer()]
    for group, count in enumerate(groups, 1):
        if group > 1:
            parts.append(layers.MaxPooling2D(2, name=f"pool_{group - 1}"))
        parts += [layers.Conv2D(filters, KERNEL, padding="same", activation="relu",
                                kernel_initializer=kernel_initializer, name=f"conv_{group}_{number}")
                  for number in range(1, count + 1)]
    return chain("classifier", shape, [
        *parts,
        layers.Flatten(name="flatten"),
        layers.Dense(dense, activation="selu", name="dense"),
        layers.Dense(n_classes, activation="softmax", name="classes"),
    ])
