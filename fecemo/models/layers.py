"""Parts that several models share: submodels, what is done first to pixels and to numbers, and heads of classes."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

WHITE = 255.0
"""The brightest pixel that enters a model."""
NEGLIGIBLE = 1e-6
"""Share of the mean variance below which a number says nothing: it is not made as large as the others."""


def rescaling_layer() -> Any:
    """Return the layer that turns pixels in [0, 255] into [0, 1]."""
    return layers.Rescaling(1 / WHITE, name="rescaling")


def chain(name: str, shape: Sequence[int], parts: Sequence[Any]) -> Any:
    """Return a submodel of layers one after the other, for tensors of this shape without the batch."""
    return keras.Sequential([keras.Input(tuple(shape), name=f"{name}_input"), *parts], name=name)


def submodel(name: str, shape: Sequence[int], function: Callable[[Any], Any]) -> Any:
    """Return a submodel of a function from tensor to tensor, which may branch."""
    entering = keras.Input(tuple(shape), name=f"{name}_input")
    return keras.Model(entering, function(entering), name=name)


def through(parts: Sequence[Any], tensor: Any) -> Any:
    """Return what becomes of a tensor that goes through layers one after the other."""
    for part in parts:
        tensor = part(tensor)
    return tensor


def class_head(shape: Sequence[int], widths: Sequence[int], n_classes: int) -> Any:
    """Return the submodel ``"head"``: SELU layers of falling width that end in a softmax over the classes."""
    return chain("head", shape, [
        layers.Flatten(name="flatten"),
        *(layers.Dense(width, activation="selu", name=f"dense_{number}") for number, width in enumerate(widths, 1)),
        layers.Dense(n_classes, activation="softmax", name="classes"),
    ])


@keras.saving.register_keras_serializable("fecemo")
class Standardization(layers.Layer):
    """Subtract the mean of each number and divide by a standard deviation; both are adapted before training.

    Parameters
    ----------
    pooled : bool
        Divide all numbers by one standard deviation, the root of their summed variances, where they have a common
        unit: one that hardly moves is noise, and must not be made as large as a smile. Otherwise each by that of its
        own.
    limit : float, optional
        (x − mean) / deviation counts as no farther from 0 than this.
    length : float, optional
        Multiply what comes out so that its squares add up to length² for a face, in the mean.
    """

    def __init__(self, pooled: bool = False, limit: float | None = None, length: float | None = None,
                 **keywords: Any) -> None:
        super().__init__(trainable=False, **{key: value for key, value in keywords.items() if key != "trainable"})
        self.pooled, self.limit, self.length = pooled, limit, length

    def build(self, input_shape: Sequence[int]) -> None:
        """Make the weights: ``mean`` and ``scale`` of shape (d,), and ``factor`` of shape ()."""
        self.mean = self.add_weight(shape=input_shape[-1:], initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=input_shape[-1:], initializer="ones", trainable=False, name="scale")
        self.factor = self.add_weight(shape=(), initializer="ones", trainable=False, name="factor")

    def adapt(self, values: np.ndarray) -> None:
        """Fill in the weights by vectors of shape (n, d), those that are learnt from; at least one."""
        vectors = np.asarray(values, np.float64)
        variances = vectors.var(axis=0)
        if self.pooled:
            total = variances.sum()
            scale = np.full(len(variances), 1 / np.sqrt(total) if total > 0 else 0.0)
        else:
            floor = NEGLIGIBLE * variances.mean() if variances.any() else 1.0
            scale = 1 / np.sqrt(np.maximum(variances, floor))
        # A number that never varies says nothing of the faces that are met later either.
        scale = np.where(variances > 0, scale, 0.0)
        square_length = np.sum(variances * scale**2)
        factor = 1.0 if self.length is None or not square_length else self.length / np.sqrt(square_length)
        for weight, array in ((self.mean, vectors.mean(axis=0)), (self.scale, scale), (self.factor, factor)):
            weight.assign(np.asarray(array, np.float32))

    def call(self, vectors: Any) -> Any:
        """Return standardized vectors of shape (n, d)."""
        values = (vectors - self.mean) * self.scale
        if self.limit is not None:
            values = ops.clip(values, -self.limit, self.limit)
        return values * self.factor

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple[int | None, ...]:
        """Return the same shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes."""
        return {**super().get_config(), "pooled": self.pooled, "limit": self.limit, "length": self.length}


@keras.saving.register_keras_serializable("fecemo")
class LearnedPositions(layers.Layer):
    """Add a learned number to each place of tensors of shape (n, tokens, width), zero at first."""

    def build(self, input_shape: Sequence[int]) -> None:
        """Make the weights, of shape (tokens, width)."""
        self.positions = self.add_weight(shape=tuple(input_shape[1:]), initializer="zeros", name="positions")

    def call(self, tokens: Any) -> Any:
        """Return tokens of the same shape."""
        return tokens + ops.cast(self.positions, tokens.dtype)

    def compute_output_shape(self, input_shape: Sequence[int]) -> tuple[int | None, ...]:
        """Return the same shape."""
        return tuple(input_shape)


def adapt_inputs(model: Any, values: Callable[[str], np.ndarray]) -> None:
    """Adapt every layer that can be adapted and is directly at an input, such as `keras.layers.Normalization`.

    Parameters
    ----------
    model : keras.Model
    values : callable
        Returns the values, by the input's name, of all rows that are learnt from.
    """
    inputs = {id(tensor): name for name, tensor in model.input.items()}
    for layer in model.layers:
        if hasattr(layer, "adapt") and id(layer.input) in inputs:
            layer.adapt(values(inputs[id(layer.input)]))
