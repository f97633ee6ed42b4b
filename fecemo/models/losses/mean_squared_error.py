"""Squared differences, of pixels or of other numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean over a face's numbers of (s (t − p))², t the target and p the output; pixels are in [0, 1]."""

    scale: float = 1.0  #: s, the unit: 255 counts pixels in gray levels.

    name: str = field(default="mean_squared_error", init=False)
    target_kind = "numbers"

    def __post_init__(self) -> None:
        if not 0 < self.scale < np.inf:
            raise ValueError(f"scale must be above 0, not {self.scale}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean over all numbers of a face; see `Loss.per_example`."""
        from keras import ops

        return mean_of_example(ops.square(self.scale * (ops.cast(output, "float32") - target)))

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if the output has another shape than the target."""
        return refuse_other_shape(output_shape, target)


def mean_of_example(values: Any) -> Any:
    """Return the mean over all but the first axis: tensor of shape (m,), of (m, ...)."""
    from keras import ops

    return ops.mean(values, axis=tuple(range(1, len(values.shape))))


def refuse_other_shape(output_shape: tuple[int, ...], target: np.ndarray | None) -> dict[str, np.ndarray]:
    """Raise `ValueError` if an output has another shape than its target; return an empty state otherwise."""
    if target is not None and tuple(target.shape[1:]) != tuple(output_shape):
        raise ValueError(f"the output has the shape {tuple(output_shape)} a face, and the target "
                         f"{tuple(target.shape[1:])}")
    return {}


LOSS = MeanSquaredError
