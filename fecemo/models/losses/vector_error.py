"""Squared differences of numbers that were measured on a face, such as distances between landmarks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss, need_targets


@dataclass(frozen=True)
class VectorError(Loss):
    """Mean over a face's d numbers of (v − (t − μ) / σ)², v the network's and t the measured ones.

    μ and σ are mean and standard deviation of each number over the faces that are learnt from, so that numbers of any
    unit count alike; one that never varies is left out of the mean.
    """

    #: (t − μ) / σ counts as no farther from 0 than this: a number that is 0 on nearly every face has a tiny σ, and the
    #: few faces where it is not would outweigh all else.
    farthest: float = 4.0

    name: str = field(default="vector_error", init=False)
    target_kind = "numbers"

    def __post_init__(self) -> None:
        if not self.farthest > 0:
            raise ValueError(f"farthest must be above 0, not {self.farthest}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean of each face; see `Loss.per_example`."""
        from keras import ops

        wanted = ops.clip((target - state["means"]) * state["scales"], -self.farthest, self.farthest)
        return ops.sum(ops.square(ops.cast(output, "float32") - wanted) * state["counts"], axis=-1)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``means``, ``scales`` (1 / σ) and ``counts``, of shape (d,), which never change.

        Raises `ValueError` if the output has another shape than the target.
        """
        vectors = np.asarray(need_targets(target, self), np.float64)
        if vectors.shape[1:] != tuple(output_shape):
            raise ValueError(f"the output has the shape {tuple(output_shape)} a face, "
                             f"and the target {vectors.shape[1:]}")
        deviations = vectors.std(axis=0)
        varies = deviations > 0
        scales = np.where(varies, 1.0 / np.where(varies, deviations, 1.0), 0.0)
        state = {"means": vectors.mean(axis=0), "scales": scales, "counts": varies / max(1, varies.sum())}
        return {name: values.astype(np.float32) for name, values in state.items()}


LOSS = VectorError
