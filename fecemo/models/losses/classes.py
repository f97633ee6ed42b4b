"""Losses of class probabilities, by labels or by the votes of several raters; the second study says softmax loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import keras, ops
from fecemo.models.loss import Loss, need_targets
from fecemo.models.losses.numbers import refuse_other_shape

EPSILON = 1e-7
"""Probabilities count as no less than this."""


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """−log p̂ of the true emotion; the sum over them, where a target of shape (m, k) tells k classes at once."""

    #: ε, in [0, 1): (1 − ε) (−log p̂_y) + ε times the mean of −log p̂ over all emotions (Szegedy et al. 2016, section
    #: 7).
    smoothing: float = ranged(0.0, min=0, below=1)

    name: str = field(default="cross_entropy", init=False)
    target_kind = "classes"
    has_accuracy = True

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
        known = ops.one_hot(target, output.shape[-1], dtype="float32")
        entropies = keras.losses.categorical_crossentropy(known, output, label_smoothing=self.smoothing)
        return ops.sum(entropies, axis=1) if len(entropies.shape) > 1 else entropies

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if a class is none of the output's."""
        if target is not None and len(target) and target.max() >= output_shape[-1]:
            raise ValueError(f"the output has {output_shape[-1]} classes, and the target has the class {target.max()}")
        return {}

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the likeliest emotion is the true one, or all of several are; see `Loss.is_correct`."""
        equal = ops.equal(ops.cast(ops.argmax(output, axis=-1), "int32"), ops.cast(target, "int32"))
        return ops.all(equal, axis=1) if len(equal.shape) > 1 else equal


@dataclass(frozen=True)
class LogitAdjusted(CrossEntropy):
    """Cross-entropy of q_j ∝ p̂_j π_j^τ, π_j being how common emotion j is among the faces that are learnt from.

    The network then gives p̂ as if all emotions were equally common, without a rare face counting a hundred times (Menon
    et al. 2021, equation 10).
    """

    tau: float = ranged(1.0, min=0)  #: τ; 0 is plain cross-entropy, 1 aims at balanced accuracy.
    #: Share of the truth that is spread over all emotions as common as they are, in [0, 1) (Szegedy et al. 2016,
    #: section 7). Were it spread evenly, a rare emotion would be given more than its share of every face, and dividing
    #: by how common it is would make that most of p̂.
    smoothing: float = ranged(0.0, min=0, below=1)

    name: str = field(default="logit_adjusted", init=False)

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
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


@dataclass(frozen=True)
class SoftCrossEntropy(Loss):
    """−Σ_j q_j log p̂_j with q_j = t_j / Σ t, t the votes for each emotion (Barsoum et al. 2016, equation 7).

    The target are the columns of the votes side by side, in the order of the classes. A face without a vote costs
    nothing.
    """

    #: ε, in [0, 1): q ← (1 − ε) q + ε / k, for k emotions; where τ is above 0, ε π_j in the place of ε / k.
    smoothing: float = ranged(0.0, min=0, below=1)
    #: τ: p̂_j ← p̂_j π_j^τ / Σ_i p̂_i π_i^τ, π_j the mean share of the votes that emotion j has among the faces that
    #: are learnt from (Menon et al. 2021, equation 10, for votes). 0 is the loss as published, 1 aims at balanced
    #: accuracy.
    tau: float = ranged(0.0, min=0)

    name: str = field(default="soft_cross_entropy", init=False)
    target_kind = "numbers"
    has_accuracy = True

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
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
        return ops.equal(ops.argmax(output, axis=-1), ops.argmax(target, axis=-1))


LOSS = (CrossEntropy, LogitAdjusted, SoftCrossEntropy)
