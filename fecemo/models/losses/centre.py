"""Centre loss (Wen et al. 2016; "weighted-cluster loss", section 3.3.2)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss


@dataclass(frozen=True)
class Centre(Loss):
    """½ ‖x − c_y‖², x a face's features and c_y the centre of its emotion (equation 2); a term beside a softmax.

    Centres begin at zero. After each batch

        c_j ← c_j − γ Δc_j,    Δc_j = Σ_i δ(y_i = j) (c_j − x_i) / (1 + Σ_i δ(y_i = j))

    (Wen et al., equation 4). Δc_j is the mean slope of the loss at c_j with one more face in the count, so that one
    step covers n / (1 + n) of the way to the mean of the n faces of the class at γ = 1: it never passes the mean, and
    stays where it is if no face of the class is in the batch.
    """

    rate: float = 0.5  #: γ, in (0, 1].

    name: str = field(default="centre", init=False)
    target_kind = "classes"
    default_weight = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must be above 0 and at most 1, not {self.rate}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return half the squared distance of each face to its centre; see `Loss.per_example`."""
        from keras import ops

        return 0.5 * ops.sum(ops.square(flat(output) - ops.take(state["centres"], target, axis=0)), axis=1)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``centres`` of shape (n_classes, d); see `Loss.init_state`."""
        known = 0 if target is None or not len(target) else int(target.max()) + 1
        return {"centres": np.zeros((max(n_classes, known), math.prod(output_shape)), np.float32)}

    def update_state(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the centres after a batch; see `Loss.update_state`."""
        counts, pulls = pulls_of_classes(output, target, weights, state["centres"])
        return {"centres": state["centres"] + self.rate * pulls / (1.0 + counts)}


def flat(output: Any) -> Any:
    """Return features as vectors: tensor of shape (m, d), float32."""
    from keras import ops

    return ops.cast(ops.reshape(output, (-1, math.prod(output.shape[1:]))), "float32")


def pulls_of_classes(output: Any, target: Any, weights: Any, centres: Any) -> tuple[Any, Any]:
    """Return how many faces of a batch each class has, and Σ_i δ(y_i = j) (x_i − c_j) of their features.

    Returns
    -------
    counts : tensor of shape (n_classes, 1), float32
    pulls : tensor of shape (n_classes, d), float32
    """
    from keras import ops

    members = ops.transpose(ops.one_hot(target, centres.shape[0], dtype="float32") * ops.expand_dims(weights, 1))
    counts = ops.sum(members, axis=1, keepdims=True)
    return counts, ops.matmul(members, flat(output)) - counts * centres


LOSS = Centre
