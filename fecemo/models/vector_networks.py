"""Layers of networks that take a vector a face instead of its pixels."""

from typing import Any

from fecemo.models.plan import Stacks

SCALING = "scaling"
"""The stack that such networks begin with, and the only layer in it. It learns nothing: its phases freeze it."""
LEAST_VARIANCE = 1e-9
"""Added to a variance, so that what never varies is not divided by 0."""


def scaling_stack() -> Stacks:
    """Return the stack `SCALING`: subtract the mean of each number and divide by its standard deviation.

    Both are filled in before the training, by `fecemo.training.standardize.standardize`, and are weights of the
    network, so that its file needs nothing beside it.
    """
    from keras import layers

    def parts(_: Any) -> list[Any]:
        # A frozen normalization of batches is just that, in layers and weights that every backend and reader knows.
        return [layers.BatchNormalization(center=False, scale=False, epsilon=LEAST_VARIANCE, name=SCALING)]

    return {SCALING: parts}
