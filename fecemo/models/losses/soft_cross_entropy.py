"""Cross-entropy of a distribution: the votes of several raters as the target, in the place of the winner alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss, need_targets
from fecemo.models.losses.logit_adjusted import EPSILON
from fecemo.models.losses.mean_squared_error import refuse_other_shape


@dataclass(frozen=True)
class SoftCrossEntropy(Loss):
    """−Σ_j q_j log p̂_j with q_j = t_j / Σ t, t the votes for each emotion (Barsoum et al. 2016, equation 7).

    The target are the columns of the votes side by side, in the order of the classes. A face without a vote costs
    nothing.
    """

    #: ε, in [0, 1): q ← (1 − ε) q + ε / k, for k emotions; where τ is above 0, ε π_j in the place of ε / k.
    smoothing: float = 0.0
    #: τ: p̂_j ← p̂_j π_j^τ / Σ_i p̂_i π_i^τ, π_j the mean share of the votes that emotion j has among the faces that
    #: are learnt from (Menon et al. 2021, equation 10, for votes). 0 is the loss as published, 1 aims at balanced
    #: accuracy.
    tau: float = 0.0

    name: str = field(default="soft_cross_entropy", init=False)
    target_kind = "numbers"
    has_accuracy = True

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must be at least 0 and below 1, not {self.smoothing}")
        if not 0 <= self.tau < np.inf:
            raise ValueError(f"tau must be at least 0, not {self.tau}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
        from keras import ops

        votes = ops.sum(target, axis=-1, keepdims=True)
        spread = ops.exp(state["log_priors"]) if self.tau else 1.0 / output.shape[-1]
        shares = (1 - self.smoothing) * target / ops.maximum(votes, EPSILON) + self.smoothing * spread
        scores = ops.log(ops.clip(ops.cast(output, "float32"), EPSILON, 1.0))
        if self.tau:
            scores = scores + self.tau * state["log_priors"]
        entropies = -ops.sum(shares * (scores - ops.logsumexp(scores, axis=-1, keepdims=True)), axis=-1)
        return ops.where(votes[:, 0] > 0, entropies, ops.zeros_like(entropies))

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``log_priors`` of shape (n classes,), which never change, where τ is above 0.

        An emotion without a vote counts as if it had a single one. Raises `ValueError` if the output has another shape
        than the target, votes are below 0, or none are known though τ needs them.
        """
        if target is not None and (target < 0).any():
            raise ValueError(f"votes must be at least 0, and one is {target.min():g}")
        refuse_other_shape(output_shape, target)
        if not self.tau:
            return {}
        votes = need_targets(target, self).astype(np.float64)
        shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), EPSILON)
        counts = np.maximum(shares.sum(axis=0), 1 / max(1.0, votes.sum(axis=1).max(initial=0.0)))
        return {"log_priors": np.log(counts / counts.sum()).astype(np.float32)}

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the likeliest emotion has the most votes; see `Loss.is_correct`."""
        from keras import ops

        return ops.equal(ops.argmax(output, axis=-1), ops.argmax(target, axis=-1))


LOSS = SoftCrossEntropy
