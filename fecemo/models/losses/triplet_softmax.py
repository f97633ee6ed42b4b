"""Triplet loss as the choice of the most similar pair of three faces, by softmax."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fecemo.models.loss import Loss
from fecemo.models.losses.triplet import odd_one_is_farthest, squared_distances


@dataclass(frozen=True)
class TripletSoftmax(Loss):
    """−log p₁₂ with p_ij ∝ exp(−s ‖e_i − e_j‖²) over the three pairs, where face 3 is the odd one out.

    The likelihood of the raters' answer. It has a slope wherever the embeddings are, and asks for no margin; see
    `TripletLoss` for what it replaces.
    """

    scale: float = 4.0  #: s; squared distances between embeddings of unit length are 0 to 4.

    name: str = field(default="triplet_softmax", init=False)
    target_kind = "triplet"
    group_size = 3
    has_accuracy = True

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"scale must be above 0, not {self.scale}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the loss of each triplet; see `Loss.per_example`."""
        from keras import ops

        scores = -self.scale * ops.stack(squared_distances(output), axis=-1)
        return ops.logsumexp(scores, axis=-1) - scores[:, 0]

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the pair is closer than either is to the odd one; see `Loss.is_correct`."""
        return odd_one_is_farthest(output)


LOSS = TripletSoftmax
