"""Compute in half precision where it is enough, and in single precision where it is not."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def computing_in(network: keras.Model, precision: str) -> Iterator[None]:
    """Let a network's layers compute in another precision while the block runs; their weights stay float32.

    What prepares the faces for the first convolution or dense layer, such as resizing and rescaling, stays in single
    precision, so that they are rounded once, and so does everything from the last weights on: probabilities and pixels
    go into logarithms.

    Parameters
    ----------
    network : keras.Model
        Of stacks, as `fecemo.models` builds them.
    precision : {"float32", "mixed_bfloat16"}
    """
    layers = [] if precision == "float32" else _between(network)
    for layer in layers:
        layer.dtype_policy = precision
    try:
        yield
    finally:
        for layer in layers:
            layer.dtype_policy = "float32"


def _between(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers from the first that has a kernel to before the last that has weights."""
    leaves = [layer for stack in network.layers for layer in getattr(stack, "layers", [stack])]
    first = next(number for number, layer in enumerate(leaves) if hasattr(layer, "kernel"))
    last = max(number for number, layer in enumerate(leaves) if layer.weights)
    return [layer for layer in leaves[first:last] if not isinstance(layer, keras.layers.InputLayer)]
