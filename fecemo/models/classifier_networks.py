"""Layers of the supervised classifier (section 4.4, figure 4)."""

from collections.abc import Sequence
from typing import Any

from keras import layers

from fecemo.models.pixels import rescaling_layer

KERNEL = 3


def classifier_layers(groups: Sequence[int], filters: int, dense: int, n_classes: int,
                      kernel_initializer: str) -> list[Any]:
    """Return rescaling, groups of ReLU convolutions with a max-pooling between them, and two dense layers.

    Parameters
    ----------
    groups : sequence of int
        Convolutions in each group; as published 7, 7 and 3.
    filters : int
        Of every convolution.
    dense : int
        Width of the SELU layer before the softmax.
    n_classes : int
    kernel_initializer : str
        Of the convolutions, as Keras names it.
    """
    stack: list[Any] = [rescaling_layer()]
    for group, count in enumerate(groups, 1):
        if group > 1:
            stack.append(layers.MaxPooling2D(2, name=f"pool_{group - 1}"))
        stack += [layers.Conv2D(filters, KERNEL, padding="same", activation="relu",
                                kernel_initializer=kernel_initializer, name=f"conv_{group}_{number}")
                  for number in range(1, count + 1)]
    return [
        *stack,
        layers.Flatten(name="flatten"),
        layers.Dense(dense, activation="selu", name="dense"),
        layers.Dense(n_classes, activation="softmax", name="emotions"),
    ]
