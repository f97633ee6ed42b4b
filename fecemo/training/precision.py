"""Compute in half precision where it is enough, and in single precision where it is not."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def computing_in(model: keras.Model, precision: str) -> Iterator[None]:
    """Let a model's layers compute in another precision while the block runs; their weights stay float32.

    What prepares the faces for the first layer with weights, such as resizing and rescaling, stays in single
    precision, so that they are rounded once, and so does, for every output, everything from its last weights on:
    probabilities and pixels go into logarithms.

    Parameters
    ----------
    precision : {"float32", "mixed_bfloat16"}
    """
    layers = [] if precision == "float32" else _between(model)
    for layer in layers:
        layer.dtype_policy = precision
    try:
        yield
    finally:
        for layer in layers:
            layer.dtype_policy = "float32"


def _between(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers from the first that learns to before the last ones that have weights."""
    leaves = _leaves(model)
    first = next((number for number, layer in enumerate(leaves) if layer.trainable_weights or hasattr(layer, "kernel")),
                 len(leaves))
    last: set[int] = set()
    for tensor in model.output.values():
        end = _leaves(tensor._keras_history.operation)
        weighted = [number for number, layer in enumerate(end) if layer.weights]
        last |= {id(layer) for layer in end[weighted[-1] if weighted else 0:]}
    return [layer for layer in leaves[first:]
            if id(layer) not in last and not isinstance(layer, keras.layers.InputLayer)]


def _leaves(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    inner = getattr(layer, "layers", None)
    return [layer] if inner is None else [leaf for part in inner for leaf in _leaves(part)]
