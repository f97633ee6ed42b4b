"""Losses of numbers: pixels, measurements of a face, and what people rated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import keras, ops
from fecemo.models.loss import Loss, need_targets

EPSILON = 1e-8
"""Added to the divisor: a batch in which nothing varies has no slope."""


@dataclass(frozen=True)
class NumbersLoss(Loss):
    """A loss of numbers of the same shape as the target's."""

    target_kind = "numbers"

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if the output has another shape than the target."""
        return refuse_other_shape(output_shape, target)


@dataclass(frozen=True)
class MeanSquaredError(NumbersLoss):
    """Mean over a face's numbers of (s (t − p))², t the target and p the output; pixels are in [0, 1]."""

    scale: float = ranged(1.0, above=0)  #: s, the unit: 255 counts pixels in gray levels.

    name: str = field(default="mean_squared_error", init=False)

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean over all numbers of a face; see `Loss.per_example`."""
        return mean_of_example(ops.square(self.scale * (ops.cast(output, "float32") - target)))


def mean_of_example(values: Any) -> Any:
    """Return the mean over all but the first axis: tensor of shape (m,), of (m, ...)."""
    return ops.mean(values, axis=tuple(range(1, len(values.shape))))


def refuse_other_shape(output_shape: tuple[int, ...], target: np.ndarray | None) -> dict[str, np.ndarray]:
    """Raise `ValueError` if an output has another shape than its target; return an empty state otherwise."""
    if target is not None and tuple(target.shape[1:]) != tuple(output_shape):
        raise ValueError(f"the output has the shape {tuple(output_shape)} a face, and the target "
                         f"{tuple(target.shape[1:])}")
    return {}


@dataclass(frozen=True)
class BinaryCrossentropy(NumbersLoss):
    """Mean over a face's numbers of −t log p − (1 − t) log (1 − p), t the target in [0, 1] and p the output.

    What the model gives outside of [0, 1] is clipped, as Keras does, and teaches nothing ("Categorizing Facial
    Expressions", section 4.2).
    """

    name: str = field(default="binary_crossentropy", init=False)

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean over height, width and channels; see `Loss.per_example`."""
        return mean_of_example(keras.losses.binary_crossentropy(target, output))


@dataclass(frozen=True)
class VectorError(NumbersLoss):
    """Mean over a face's d numbers of (v − (t − μ) / σ)², v the network's and t the measured ones.

    μ and σ are mean and standard deviation of each number over the faces that are learnt from, so that numbers of any
    unit count alike; one that never varies is left out of the mean.
    """

    #: (t − μ) / σ counts as no farther from 0 than this: a number that is 0 on nearly every face has a tiny σ, and the
    #: few faces where it is not would outweigh all else.
    farthest: float = ranged(4.0, above=0)

    name: str = field(default="vector_error", init=False)

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean of each face; see `Loss.per_example`."""
        wanted = ops.clip((target - state["means"]) * state["scales"], -self.farthest, self.farthest)
        return ops.sum(ops.square(ops.cast(output, "float32") - wanted) * state["counts"], axis=-1)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``means``, ``scales`` (1 / σ) and ``counts``, of shape (d,), which never change.

        Raises `ValueError` if the output has another shape than the target.
        """
        vectors = np.asarray(need_targets(target, self), np.float64)
        super().init_state(output_shape, vectors, n_classes)
        deviations = vectors.std(axis=0)
        varies = deviations > 0
        scales = np.where(varies, 1.0 / np.where(varies, deviations, 1.0), 0.0)
        state = {"means": vectors.mean(axis=0), "scales": scales, "counts": varies / max(1, varies.sum())}
        return {name: values.astype(np.float32) for name, values in state.items()}


@dataclass(frozen=True)
class Concordance(NumbersLoss):
    """1 − ρ_c, the mean over a face's numbers of 1 − 2 s_pt / (s_p² + s_t² + (p̄ − t̄)²).

    Means, variances and the covariance s_pt of output p and target t are those of the batch: it has to be large, and
    every example of it has the same loss. ρ_c is 1 where p equals t, 0 where they have nothing in common (Lin 1989).
    """

    name: str = field(default="concordance", init=False)

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the batch's loss for each example; see `Loss.per_example`."""
        shape = (output.shape[0], -1)
        output, target = (ops.reshape(ops.cast(values, "float32"), shape) for values in (output, target))
        shares = ops.expand_dims(weights / ops.maximum(ops.sum(weights), 1.0), 1)
        means = [ops.sum(shares * values, axis=0, keepdims=True) for values in (output, target)]
        apart = [values - mean for values, mean in zip((output, target), means, strict=True)]
        variances = [ops.sum(shares * ops.square(values), axis=0) for values in apart]
        covariance = ops.sum(shares * apart[0] * apart[1], axis=0)
        divisor = variances[0] + variances[1] + ops.square(means[0] - means[1])[0] + EPSILON
        return ops.mean(1.0 - 2.0 * covariance / divisor) * ops.ones_like(weights)


LOSS = (MeanSquaredError, BinaryCrossentropy, VectorError, Concordance)
