"""Cross-entropy of classes, which the second study calls softmax loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """−log p̂ of the true emotion; the sum over them, where a target of shape (m, k) tells k classes at once."""

    #: ε, in [0, 1): (1 − ε) (−log p̂_y) + ε times the mean of −log p̂ over all emotions (Szegedy et al. 2016, section
    #: 7).
    smoothing: float = 0.0

    name: str = field(default="cross_entropy", init=False)
    target_kind = "classes"
    has_accuracy = True

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must be at least 0 and below 1, not {self.smoothing}")

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
        from keras import losses, ops

        entropies = losses.categorical_crossentropy(ops.one_hot(target, output.shape[-1], dtype="float32"), output,
                                                    label_smoothing=self.smoothing)
        return ops.sum(entropies, axis=1) if len(entropies.shape) > 1 else entropies

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if a class is none of the output's."""
        if target is not None and len(target) and target.max() >= output_shape[-1]:
            raise ValueError(f"the output has {output_shape[-1]} classes, and the target has the class {target.max()}")
        return {}

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the likeliest emotion is the true one, or all of several are; see `Loss.is_correct`."""
        from keras import ops

        equal = ops.equal(ops.cast(ops.argmax(output, axis=-1), "int32"), ops.cast(target, "int32"))
        return ops.all(equal, axis=1) if len(equal.shape) > 1 else equal


LOSS = CrossEntropy
