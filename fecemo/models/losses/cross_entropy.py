"""Cross-entropy of classes, which the second study calls softmax loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """−log p̂ of the true emotion."""

    name: str = field(default="cross_entropy", init=False)
    target_kind = "classes"
    has_accuracy = True

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.per_example`."""
        from keras import losses, ops

        return losses.categorical_crossentropy(ops.one_hot(target, output.shape[-1], dtype="float32"), output)

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if a class is none of the output's."""
        if target is not None and len(target) and target.max() >= output_shape[-1]:
            raise ValueError(f"the output has {output_shape[-1]} classes, and the target has the class {target.max()}")
        return {}

    def is_correct(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the likeliest emotion is the true one; see `Loss.is_correct`."""
        from keras import ops

        return ops.equal(ops.cast(ops.argmax(output, axis=-1), "int32"), ops.cast(target, "int32"))


LOSS = CrossEntropy
