"""Cross-entropy of pixels ("Categorizing Facial Expressions", section 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fecemo.models.loss import Loss


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """Mean over pixels of −t log p − (1 − t) log (1 − p), t the face's pixels in [0, 1] and p the network's.

    What the network gives outside of [0, 1] is clipped, as Keras does, and teaches nothing.
    """

    name: str = field(default="binary_crossentropy", init=False)
    looks_at = "pixels"
    learns_from = "face"

    def losses(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean over height, width and channels; see `Loss.losses`."""
        from keras import losses, ops

        from fecemo.models.pixels import WHITE

        return ops.mean(losses.binary_crossentropy(target / WHITE, output), axis=(1, 2))


LOSS = BinaryCrossentropy
