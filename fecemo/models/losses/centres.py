"""Losses of the distance to the centre of a class, and losses in which rare classes count more."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import ops
from fecemo.models.loss import Loss, need_targets
from fecemo.models.losses.classes import CrossEntropy


def class_weights(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return W_y = N_min / N_y ("weighted-cluster loss", equation 6).

    Parameters
    ----------
    labels : ndarray of shape (m,), int
        Of all faces that are learnt from.

    Returns
    -------
    ndarray of shape (n_classes,), float32
        In (0, 1], 1 for the rarest emotion that occurs; 0 for those that do not.
    """
    counts = np.bincount(labels, minlength=n_classes).astype(np.float64)
    occurs = counts > 0
    weights = np.zeros(n_classes, np.float32)
    weights[occurs] = counts[occurs].min() / counts[occurs]
    return weights


def weights_and_mean(labels: np.ndarray, n_classes: int) -> dict[str, np.ndarray]:
    """Return what a weighted loss remembers: W_y, and W̄, its mean over all faces, by which the loss is divided.

    The study adds up W_y ℓ over the m faces of a batch, and names rates that are common for a mean. W̄ = k N_min / N,
    with k emotions among N faces, is small: .09 for the study's faces. The mean of W_y ℓ would hardly teach at those
    rates; with the sum, an unweighted softmax would learn m times as fast as is common, and a weighted one m W̄ times,
    2.75 at m = 30. The mean of W_y ℓ / W̄ has the direction of the printed sum, and a face of average weight teaches as
    it does without weights: rows of a table then differ by what their losses look for, not by how fast they learn.

    W̄ is that of all faces. A batch divided by its own weights, as is common too, counts no more for holding a rare
    face, so that the rare would count for less than W_y says, and what a face counts for would depend on its company.

    Parameters
    ----------
    labels : ndarray of shape (m,), int
        Of all faces that are learnt from; at least one.

    Returns
    -------
    dict of str to ndarray, float32
        ``class_weights`` of shape (n_classes,) and ``mean_weight`` of shape (), in (0, 1].
    """
    weights = class_weights(labels, n_classes)
    return {"class_weights": weights, "mean_weight": weights[labels].mean(dtype=np.float64).astype(np.float32)}


@dataclass(frozen=True)
class WeightedSoftmax(CrossEntropy):
    """−W_y log p̂ / W̄ of the true emotion y; W_y = N_min / N_y over the faces that are learnt from (equations 1, 6).

    The study adds up −W_y log p̂ over a batch; here as in every loss the mean is taken, so that the learning rate does
    not depend on the size of a batch, and W̄, the mean of W_y over all faces, keeps it from depending on how rare the
    rarest emotion is; see `weights_and_mean`.
    """

    name: str = field(default="weighted_softmax", init=False)

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the weighted cross-entropy of each face; see `Loss.per_example`."""
        factors = state["class_weights"] / state["mean_weight"]
        return ops.take(factors, target, axis=0) * super().per_example(output, target, weights, state)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``class_weights`` and ``mean_weight``, which never change; see `weights_and_mean`."""
        return weights_and_mean(need_targets(target, self), output_shape[-1])


@dataclass(frozen=True)
class Centre(Loss):
    """½ ‖x − c_y‖², x a face's features and c_y the centre of its emotion (equation 2); a term beside a softmax.

    Wen et al. 2016; "weighted-cluster loss", section 3.3.2. Centres begin at zero. After each batch

        c_j ← c_j − γ Δc_j,    Δc_j = Σ_i δ(y_i = j) (c_j − x_i) / (1 + Σ_i δ(y_i = j))

    (Wen et al., equation 4). Δc_j is the mean slope of the loss at c_j with one more face in the count, so that one
    step covers n / (1 + n) of the way to the mean of the n faces of the class at γ = 1: it never passes the mean, and
    stays where it is if no face of the class is in the batch.
    """

    rate: float = ranged(0.5, above=0, max=1)  #: γ, in (0, 1].

    name: str = field(default="centre", init=False)
    target_kind = "classes"
    default_weight = 0.5

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return half the squared distance of each face to its centre; see `Loss.per_example`."""
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
    return ops.cast(ops.reshape(output, (-1, math.prod(output.shape[1:]))), "float32")


def pulls_of_classes(output: Any, target: Any, weights: Any, centres: Any) -> tuple[Any, Any]:
    """Return how many faces of a batch each class has, and Σ_i δ(y_i = j) (x_i − c_j) of their features.

    Returns
    -------
    counts : tensor of shape (n_classes, 1), float32
    pulls : tensor of shape (n_classes, d), float32
    """
    members = ops.transpose(ops.one_hot(target, centres.shape[0], dtype="float32") * ops.expand_dims(weights, 1))
    counts = ops.sum(members, axis=1, keepdims=True)
    return counts, ops.matmul(members, flat(output)) - counts * centres


@dataclass(frozen=True)
class WeightedCluster(Centre):
    """½ W_y ‖x − c_y‖² / (D_y + α) / W̄, D_j = Σ_{l≠j} ‖c_l − c_j‖² (equation 4); a term beside a weighted softmax.

    W_y = N_min / N_y over the faces that are learnt from (equation 6), and W̄ is its mean over them, by which both terms
    are divided alike; see `weights_and_mean`. In the study's sum the index of the excluded centre is that of the face;
    the centre of the face's class is meant, whose distance to itself is 0 in any case ("weighted-cluster loss", section
    3.3.3).

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

    rate: float = ranged(1.0, above=0, max=1)  #: γ, in (0, 1].
    alpha: float = ranged(1.0, above=0)  #: α, which keeps the divisor above 0.

    name: str = field(default="weighted_cluster", init=False)
    default_weight = 1.0

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the weighted and divided distance of each face to its centre; see `Loss.per_example`."""
        factors = state["class_weights"] / state["mean_weight"] / self._divisors(state["centres"])
        return ops.take(factors, target, axis=0) * super().per_example(output, target, weights, state)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return ``centres`` of shape (n_classes, d), ``class_weights`` and ``mean_weight``; see `Loss.init_state`."""
        state = super().init_state(output_shape, target, n_classes)
        return {**state, **weights_and_mean(need_targets(target, self), len(state["centres"]))}

    def update_state(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the centres after a batch; see `Loss.update_state`."""
        counts, pulls = pulls_of_classes(output, target, weights, state["centres"])
        steps = ops.expand_dims(self.rate * state["class_weights"] / self._divisors(state["centres"]), 1)
        return {"centres": state["centres"] + ops.minimum(steps, 1.0 / ops.maximum(counts, 1.0)) * pulls}

    def _divisors(self, centres: Any) -> Any:
        """Return D_j + α of every class: tensor of shape (n_classes,)."""
        apart = ops.expand_dims(centres, 0) - ops.expand_dims(centres, 1)
        return ops.sum(ops.square(apart), axis=(1, 2)) + self.alpha


LOSS = (WeightedSoftmax, Centre, WeightedCluster)
