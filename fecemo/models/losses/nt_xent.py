"""Contrast of two views of a face with all other faces of the batch (SimCLR; Chen et al. 2020, section 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fecemo.models.loss import Loss

EXCLUDED = -1e9
"""In the place of a similarity: its exponential is 0."""


@dataclass(frozen=True)
class NTXent(Loss):
    """Mean over a face's two views i, with other view j, of −log exp(s_ij / τ) / Σ_{k≠i} exp(s_ik / τ).

    s is the cosine of two embeddings, and k runs over both views of all faces of the batch.
    """

    temperature: float = 0.5  #: τ.

    name: str = field(default="nt_xent", init=False)
    target_kind = "views"
    group_size = 2
    has_accuracy = True

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature must be above 0, not {self.temperature}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean of both views of each face; see `Loss.per_example`."""
        from keras import ops

        scores = _cosines(output) / self.temperature
        negatives = ops.logsumexp(_of_others(scores, weights), axis=1)
        return ops.mean(ops.reshape(negatives - _of_other_view(scores), (-1, 2)), axis=1)

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the nearest neighbour of a face's first view is its second; see `Loss.is_correct`."""
        from keras import ops

        cosines = _cosines(output)
        nearest = ops.max(_of_others(cosines, weights), axis=1)
        return ops.reshape(_of_other_view(cosines) >= nearest, (-1, 2))[:, 0]


def _cosines(output: Any) -> Any:
    """Return the cosines between all views: tensor of shape (2m, 2m), of embeddings of shape (m, 2, d)."""
    from keras import ops

    vectors = ops.normalize(ops.cast(ops.reshape(output, (-1, output.shape[-1])), "float32"), axis=-1)
    return ops.matmul(vectors, ops.transpose(vectors))


def _of_others(scores: Any, weights: Any) -> Any:
    """Return the scores without those of a view with itself, and with faces that only fill up the batch."""
    from keras import ops

    left_out = ops.maximum(ops.eye(scores.shape[0]), 1.0 - ops.expand_dims(ops.repeat(weights, 2), 0))
    return ops.where(left_out > 0, EXCLUDED, scores)


def _of_other_view(scores: Any) -> Any:
    """Return each view's score with the other view of its face, which is beside it: tensor of shape (2m,)."""
    from keras import ops

    views = scores.shape[0]
    partner = ops.reshape(ops.flip(ops.reshape(ops.arange(views), (-1, 2)), axis=1), (-1, 1))
    return ops.squeeze(ops.take_along_axis(scores, partner, axis=1), axis=1)


LOSS = NTXent
