"""Cross-entropy of pixels ("Categorizing Facial Expressions", section 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.models.loss import Loss
from fecemo.models.losses.mean_squared_error import mean_of_example, refuse_other_shape


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """Mean over a face's numbers of −t log p − (1 − t) log (1 − p), t the target in [0, 1] and p the output.

    What the model gives outside of [0, 1] is clipped, as Keras does, and teaches nothing.
    """

    name: str = field(default="binary_crossentropy", init=False)
    target_kind = "numbers"

    def per_example(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean over height, width and channels; see `Loss.per_example`."""
        from keras import losses

        return mean_of_example(losses.binary_crossentropy(target, output))

    def init_state(self, output_shape: tuple[int, ...], target: np.ndarray | None,
                   n_classes: int) -> dict[str, np.ndarray]:
        """Return nothing. Raises `ValueError` if the output has another shape than the target."""
        return refuse_other_shape(output_shape, target)


LOSS = BinaryCrossentropy
