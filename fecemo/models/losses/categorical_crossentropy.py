"""Cross-entropy of emotions, which the second study calls softmax loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fecemo.models.loss import Loss


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """−log p̂ of the true emotion."""

    name: str = field(default="categorical_crossentropy", init=False)
    looks_at = "probabilities"
    learns_from = "label"
    judges = True

    def losses(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the cross-entropy of each face; see `Loss.losses`."""
        from keras import losses, ops

        return losses.categorical_crossentropy(ops.one_hot(target, output.shape[-1], dtype="float32"), output)

    def right(self, output: Any, target: Any, weights: Any) -> Any:
        """Return whether the likeliest emotion is the true one; see `Loss.right`."""
        from keras import ops

        return ops.equal(ops.cast(ops.argmax(output, axis=-1), "int32"), ops.cast(target, "int32"))


LOSS = CategoricalCrossentropy
