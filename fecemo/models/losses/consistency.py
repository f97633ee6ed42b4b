"""What a network is sure of on a weakly altered face is to be its answer on a strongly altered one (FixMatch)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss
from fecemo.models.losses.logit_adjusted import EPSILON

MOMENTUM = 0.99
"""Of the running share of each emotion among the answers that are learnt from."""


@dataclass(frozen=True)
class Consistency(Loss):
    """1(max_j p_j ≥ threshold) · (−log q_ŷ), ŷ = argmax_j p_j (Sohn et al. 2020, equation 4).

    p is the answer for the first view of a face, through which no gradient flows, q that for its second, which
    ``second_view`` alters further. No label is needed; as published, labelled faces take part too. Faces of which the
    network is not sure count as 0 in the mean.
    """

    threshold: float = 0.95  #: In [0, 1).
    #: τ: q_j ∝ q_j π_j^τ, π_j the running share of emotion j among the answers ŷ that are learnt from (Menon et al.
    #: 2021, equation 10, for labels that a network gives itself: our reading). 0 is the loss as published. Beside
    #: ``logit_adjusted``, after which answers are as if emotions were equally common, 1 keeps them so.
    tau: float = 0.0

    name: str = field(default="consistency", init=False)
    target_kind = "views"
    group_size = 2
    has_accuracy = True

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise ValueError(f"threshold must be at least 0 and below 1, not {self.threshold}")
        if not 0 <= self.tau < np.inf:
            raise ValueError(f"tau must be at least 0, not {self.tau}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face, 0 where the network is not sure; see `Loss.per_example`."""
        from keras import ops

        scores = ops.log(ops.clip(ops.cast(output[:, 1], "float32"), EPSILON, 1.0))
        if self.tau:
            scores = scores + self.tau * ops.log(ops.maximum(state["shares"], EPSILON))
        return ops.sum(self._answers(output) * (ops.logsumexp(scores, axis=-1, keepdims=True) - scores), axis=-1)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``shares`` of shape (classes,), all alike, where τ is above 0."""
        length = output_shape[-1]
        return {"shares": np.full(length, 1 / length, np.float32)} if self.tau else {}

    def update_state(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the shares with those of a batch; where the network is sure of no face of it, as they are."""
        from keras import ops

        if not self.tau:
            return {}
        counts = ops.sum(self._answers(output) * ops.expand_dims(weights, -1), axis=0)
        total = ops.sum(counts)
        of_batch = ops.where(total > 0, counts / ops.maximum(total, 1.0), state["shares"])
        return {"shares": MOMENTUM * state["shares"] + (1 - MOMENTUM) * of_batch}

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether both views have one answer; see `Loss.is_correct`."""
        from keras import ops

        answers = ops.argmax(output, axis=-1)
        return ops.equal(answers[:, 0], answers[:, 1])

    def _answers(self, output: Any) -> Any:
        """Return the answer for the first view as 0 and 1, all 0 below the threshold: tensor of shape (m, classes)."""
        from keras import ops

        first = ops.stop_gradient(ops.cast(output[:, 0], "float32"))
        sure = ops.cast(ops.max(first, axis=-1, keepdims=True) >= self.threshold, "float32")
        return sure * ops.one_hot(ops.argmax(first, axis=-1), first.shape[-1], dtype="float32")


LOSS = Consistency
