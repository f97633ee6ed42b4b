"""Cross-entropy that is not paid less for guessing common emotions (Menon et al. 2021, equation 10)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import need_targets
from fecemo.models.losses.cross_entropy import CrossEntropy

EPSILON = 1e-7
"""Probabilities count as no less than this."""


@dataclass(frozen=True)
class LogitAdjusted(CrossEntropy):
    """Cross-entropy of q_j ∝ p̂_j π_j^τ, π_j being how common emotion j is among the faces that are learnt from.

    The network then gives p̂ as if all emotions were equally common, without a rare face counting a hundred times.

    Parameters
    ----------
    tau : float
        τ; 0 is plain cross-entropy, 1 aims at balanced accuracy.
    smoothing : float
        Share of the truth that is spread over all emotions as common as they are, in [0, 1) (Szegedy et al. 2016,
        section 7). Were it spread evenly, a rare emotion would be given more than its share of every face, and dividing
        by how common it is would make that most of p̂.
    """

    tau: float = 1.0

    name: str = field(default="logit_adjusted", init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.tau < np.inf:
            raise ValueError(f"tau must be at least 0, not {self.tau}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
        from keras import ops

        scores = ops.log(ops.clip(ops.cast(output, "float32"), EPSILON, 1.0)) + self.tau * state["log_priors"]
        logs = scores - ops.logsumexp(scores, axis=-1, keepdims=True)
        known = ops.one_hot(target, output.shape[-1], dtype="float32")
        truth = (1 - self.smoothing) * known + self.smoothing * ops.exp(state["log_priors"])
        return -ops.sum(truth * logs, axis=-1)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``log_priors`` of shape (n classes,), which never change; a class of no face counts as of one."""
        counts = np.maximum(1.0, np.bincount(need_targets(target, self), minlength=output_shape[-1]))
        return {"log_priors": np.log(counts / counts.sum()).astype(np.float32)}


LOSS = LogitAdjusted
