"""Losses over three faces of which one is the odd one out (Vemulapalli and Agarwala 2019, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import ops
from fecemo.models.loss import Loss


@dataclass(frozen=True)
class TripletLoss(Loss):
    """max(0, ‖e₁ − e₂‖² − ‖e₁ − e₃‖² + δ) + max(0, ‖e₁ − e₂‖² − ‖e₂ − e₃‖² + δ), where face 3 is the odd one out.

    Embeddings are taken as they are: the network that gives them makes them of unit length, or does not.
    """

    #: δ for triplets whose faces show one, two and three kinds of expression.
    margins: tuple[float, float, float] = (0.1, 0.2, 0.2)

    name: str = field(default="triplet", init=False)
    target_kind = "triplet"
    group_size = 3
    has_accuracy = True

    def __post_init__(self) -> None:
        if min(self.margins) < 0:
            raise ValueError(f"margins must be at least 0, not {self.margins}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the loss of each triplet; see `Loss.per_example`."""
        alike, first_odd, second_odd = squared_distances(output)
        margins = ops.take(ops.convert_to_tensor(self.margins, "float32"), target, axis=0)
        return ops.relu(alike - first_odd + margins) + ops.relu(alike - second_odd + margins)

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the pair is closer than either is to the odd one; see `Loss.is_correct`."""
        return odd_one_is_farthest(output)


def odd_one_is_farthest(output: Any) -> Any:
    """Return whether e₁ and e₂ are closer to each other than to e₃: tensor of shape (m,), of (m, 3, d)."""
    alike, first_odd, second_odd = squared_distances(output)
    return alike < ops.minimum(first_odd, second_odd)


def squared_distances(output: Any) -> tuple[Any, Any, Any]:
    """Return ‖e₁ − e₂‖², ‖e₁ − e₃‖² and ‖e₂ − e₃‖² of embeddings of shape (m, 3, d)."""
    first, second, odd = (ops.cast(output[:, place], "float32") for place in range(3))
    pairs = ((first, second), (first, odd), (second, odd))
    between = [ops.sum(ops.square(left - right), axis=-1) for left, right in pairs]
    return between[0], between[1], between[2]


@dataclass(frozen=True)
class TripletSoftmax(Loss):
    """−log p₁₂ with p_ij ∝ exp(−s ‖e_i − e_j‖²) over the three pairs, where face 3 is the odd one out.

    The likelihood of the raters' answer. It has a slope wherever the embeddings are, and asks for no margin; see
    `TripletLoss` for what it replaces.
    """

    scale: float = ranged(4.0, above=0)  #: s; squared distances between embeddings of unit length are 0 to 4.

    name: str = field(default="triplet_softmax", init=False)
    target_kind = "triplet"
    group_size = 3
    has_accuracy = True

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the loss of each triplet; see `Loss.per_example`."""
        scores = -self.scale * ops.stack(squared_distances(output), axis=-1)
        return ops.logsumexp(scores, axis=-1) - scores[:, 0]

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the pair is closer than either is to the odd one; see `Loss.is_correct`."""
        return odd_one_is_farthest(output)


LOSS = (TripletLoss, TripletSoftmax)
