"""Concordance of numbers with those that people gave, such as valence and arousal (Lin 1989)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss
from fecemo.models.losses.mean_squared_error import refuse_other_shape

EPSILON = 1e-8
"""Added to the divisor: a batch in which nothing varies has no slope."""


@dataclass(frozen=True)
class Concordance(Loss):
    """1 − ρ_c, the mean over a face's numbers of 1 − 2 s_pt / (s_p² + s_t² + (p̄ − t̄)²).

    Means, variances and the covariance s_pt of output p and target t are those of the batch: it has to be large, and
    every example of it has the same loss. ρ_c is 1 where p equals t, 0 where they have nothing in common.
    """

    name: str = field(default="concordance", init=False)
    target_kind = "numbers"

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the batch's loss for each example; see `Loss.per_example`."""
        from keras import ops

        shape = (output.shape[0], -1)
        output, target = (ops.reshape(ops.cast(values, "float32"), shape) for values in (output, target))
        shares = ops.expand_dims(weights / ops.maximum(ops.sum(weights), 1.0), 1)
        means = [ops.sum(shares * values, axis=0, keepdims=True) for values in (output, target)]
        apart = [values - mean for values, mean in zip((output, target), means, strict=True)]
        variances = [ops.sum(shares * ops.square(values), axis=0) for values in apart]
        covariance = ops.sum(shares * apart[0] * apart[1], axis=0)
        divisor = variances[0] + variances[1] + ops.square(means[0] - means[1])[0] + EPSILON
        return ops.mean(1.0 - 2.0 * covariance / divisor) * ops.ones_like(weights)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if the output has another shape than the target."""
        return refuse_other_shape(output_shape, target)


LOSS = Concordance
