"""Cross-entropy of a distribution: the votes of several raters as the target, in the place of the winner alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss
from fecemo.models.losses.mean_squared_error import refuse_other_shape


@dataclass(frozen=True)
class SoftCrossEntropy(Loss):
    """−Σ_j q_j log p̂_j with q_j = t_j / Σ t, t the votes for each emotion (Barsoum et al. 2016, equation 7).

    The target are the columns of the votes side by side, in the order of the classes. A face without a vote costs
    nothing.

    Parameters
    ----------
    smoothing : float
        ε, in [0, 1): q ← (1 − ε) q + ε / k, for k emotions.
    """

    smoothing: float = 0.0

    name: str = field(default="soft_cross_entropy", init=False)
    target_kind = "numbers"
    has_accuracy = True

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must be at least 0 and below 1, not {self.smoothing}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
        from keras import losses, ops

        votes = ops.sum(target, axis=-1, keepdims=True)
        shares = target / ops.maximum(votes, 1e-7)
        entropies = losses.categorical_crossentropy(shares, output, label_smoothing=self.smoothing)
        return ops.where(votes[:, 0] > 0, entropies, ops.zeros_like(entropies))

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if the output has another shape than the target, or votes are below 0."""
        if target is not None and (target < 0).any():
            raise ValueError(f"votes must be at least 0, and one is {target.min():g}")
        return refuse_other_shape(output_shape, target)

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the likeliest emotion has the most votes; see `Loss.is_correct`."""
        from keras import ops

        return ops.equal(ops.argmax(output, axis=-1), ops.argmax(target, axis=-1))


LOSS = SoftCrossEntropy
