"""Weighted-cluster loss ("weighted-cluster loss", section 3.3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.class_weights import weights_and_mean
from fecemo.models.loss import need_targets
from fecemo.models.losses.centre import Centre, pulls_of_classes


@dataclass(frozen=True)
class WeightedCluster(Centre):
    """½ W_y ‖x − c_y‖² / (D_y + α) / W̄, D_j = Σ_{l≠j} ‖c_l − c_j‖² (equation 4); a term beside a weighted softmax.

    W_y = N_min / N_y over the faces that are learnt from (equation 6), and W̄ is its mean over them, by which both terms
    are divided alike; see `weights_and_mean`. In the study's sum the index of the excluded centre is that of the face;
    the centre of the face's class is meant, whose distance to itself is 0 in any case.

    **Features.** Centres do not learn by the gradient, so that but for W̄ the loss has the slope W_y (x − c_y) /
    (D_y + α) at x (equation 7), and descent along it takes a face to its centre. The total that the study prints
    subtracts the term (equation 5), which would take it away; it is added here, as the study's own equation in
    Algorithm 1 does.

    **Centres.** They follow the printed sum, W_y without W̄. At c_j, with the distances between centres taken as
    constant, it has the slope −Σ_i W_{y_i} δ(y_i = j) (x_i − c_j) / (D_j + α), the printed Δc_j (equation 8) with its
    sign turned. Descent is then c_j ← c_j + γ Δc_j, and moves a centre to its faces; c_j − γ Δc_j (equation 9) would
    flee from them. One more departure: with n faces of the class in a batch, the step covers the share
    f = γ n W_j / (D_j + α) of the way to their mean, and where centres are close f passes 1; beyond 2 the centre
    would end farther away than it was, batch after batch, without bound. f is held to 1. Centres begin at zero; those
    of absent classes stay.

    Nothing pushes centres apart but the faces that pull them: the softmax beside this term parts the faces, and
    dividing by D_j + α makes the pull on the faces of a centre weaker the farther it is from the others.
    """

    rate: float = 1.0  #: γ, in (0, 1].
    alpha: float = 1.0  #: α, which keeps the divisor above 0.

    name: str = field(default="weighted_cluster", init=False)
    default_weight = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.alpha < np.inf:
            raise ValueError(f"alpha must be above 0, not {self.alpha}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the weighted and divided distance of each face to its centre; see `Loss.per_example`."""
        from keras import ops

        factors = state["class_weights"] / state["mean_weight"] / self._divisors(state["centres"])
        return ops.take(factors, target, axis=0) * super().per_example(output, target, weights, state)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``centres`` of shape (n_classes, d), ``class_weights`` and ``mean_weight``; see `Loss.init_state`."""
        state = super().init_state(output_shape, target, n_classes)
        return {**state, **weights_and_mean(need_targets(target, self), len(state["centres"]))}

    def update_state(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the centres after a batch; see `Loss.update_state`."""
        from keras import ops

        counts, pulls = pulls_of_classes(output, target, weights, state["centres"])
        steps = ops.expand_dims(self.rate * state["class_weights"] / self._divisors(state["centres"]), 1)
        return {"centres": state["centres"] + ops.minimum(steps, 1.0 / ops.maximum(counts, 1.0)) * pulls}

    def _divisors(self, centres: Any) -> Any:
        """Return D_j + α of every class: tensor of shape (n_classes,)."""
        from keras import ops

        apart = ops.expand_dims(centres, 0) - ops.expand_dims(centres, 1)
        return ops.sum(ops.square(apart), axis=(1, 2)) + self.alpha


LOSS = WeightedCluster
