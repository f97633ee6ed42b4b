"""Losses that compare two altered views of a face."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import ops
from fecemo.models.loss import Loss
from fecemo.models.losses.classes import EPSILON

EXCLUDED = -1e9
"""In the place of a similarity: its exponential is 0."""
MOMENTUM = 0.99
"""Of the running share of each emotion among the answers that are learnt from."""


@dataclass(frozen=True)
class NTXent(Loss):
    """Mean over a face's two views i, with other view j, of −log exp(s_ij / τ) / Σ_{k≠i} exp(s_ik / τ).

    s is the cosine of two embeddings, and k runs over both views of all faces of the batch (SimCLR; Chen et al. 2020,
    section 2.1).
    """

    temperature: float = ranged(0.5, above=0)  #: τ.

    name: str = field(default="nt_xent", init=False)
    target_kind = "views"
    group_size = 2
    has_accuracy = True

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean of both views of each face; see `Loss.per_example`."""
        scores = _cosines(output) / self.temperature
        negatives = ops.logsumexp(_of_others(scores, weights), axis=1)
        return ops.mean(ops.reshape(negatives - _of_other_view(scores), (-1, 2)), axis=1)

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the nearest neighbour of a face's first view is its second; see `Loss.is_correct`."""
        cosines = _cosines(output)
        nearest = ops.max(_of_others(cosines, weights), axis=1)
        return ops.reshape(_of_other_view(cosines) >= nearest, (-1, 2))[:, 0]


def _cosines(output: Any) -> Any:
    """Return the cosines between all views: tensor of shape (2m, 2m), of embeddings of shape (m, 2, d)."""
    vectors = ops.normalize(ops.cast(ops.reshape(output, (-1, output.shape[-1])), "float32"), axis=-1)
    return ops.matmul(vectors, ops.transpose(vectors))


def _of_others(scores: Any, weights: Any) -> Any:
    """Return the scores without those of a view with itself, and with faces that only fill up the batch."""
    left_out = ops.maximum(ops.eye(scores.shape[0]), 1.0 - ops.expand_dims(ops.repeat(weights, 2), 0))
    return ops.where(left_out > 0, EXCLUDED, scores)


def _of_other_view(scores: Any) -> Any:
    """Return each view's score with the other view of its face, which is beside it: tensor of shape (2m,)."""
    views = scores.shape[0]
    partner = ops.reshape(ops.flip(ops.reshape(ops.arange(views), (-1, 2)), axis=1), (-1, 1))
    return ops.squeeze(ops.take_along_axis(scores, partner, axis=1), axis=1)


@dataclass(frozen=True)
class Consistency(Loss):
    """1(max_j p_j ≥ threshold) · (−log q_ŷ), ŷ = argmax_j p_j (FixMatch; Sohn et al. 2020, equation 4).

    p is the answer for the first view of a face, through which no gradient flows, q that for its second, which
    ``second_view`` alters further. No label is needed; as published, labelled faces take part too. Faces of which the
    network is not sure count as 0 in the mean.
    """

    threshold: float = ranged(0.95, min=0, below=1)  #: In [0, 1).
    #: τ: q_j ∝ q_j π_j^τ, π_j the running share of emotion j among the answers ŷ that are learnt from (Menon et al.
    #: 2021, equation 10, for labels that a network gives itself: our reading). 0 is the loss as published. Beside
    #: ``logit_adjusted``, after which answers are as if emotions were equally common, 1 keeps them so.
    tau: float = ranged(0.0, min=0)

    name: str = field(default="consistency", init=False)
    target_kind = "views"
    group_size = 2
    has_accuracy = True

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face, 0 where the network is not sure; see `Loss.per_example`."""
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
        if not self.tau:
            return {}
        counts = ops.sum(self._answers(output) * ops.expand_dims(weights, -1), axis=0)
        total = ops.sum(counts)
        of_batch = ops.where(total > 0, counts / ops.maximum(total, 1.0), state["shares"])
        return {"shares": MOMENTUM * state["shares"] + (1 - MOMENTUM) * of_batch}

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether both views have one answer; see `Loss.is_correct`."""
        answers = ops.argmax(output, axis=-1)
        return ops.equal(answers[:, 0], answers[:, 1])

    def _answers(self, output: Any) -> Any:
        """Return the answer for the first view as 0 and 1, all 0 below the threshold: tensor of shape (m, classes)."""
        first = ops.stop_gradient(ops.cast(output[:, 0], "float32"))
        sure = ops.cast(ops.max(first, axis=-1, keepdims=True) >= self.threshold, "float32")
        return sure * ops.one_hot(ops.argmax(first, axis=-1), first.shape[-1], dtype="float32")


LOSS = (NTXent, Consistency)
