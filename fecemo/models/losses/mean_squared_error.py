"""Squared differences of pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fecemo.models.loss import Loss


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean over pixels of (t − p)², t the face's pixels in [0, 1] and p the network's."""

    name: str = field(default="mean_squared_error", init=False)
    looks_at = "pixels"
    learns_from = "face"

    def losses(self, output: Any, target: Any, weights: Any, state: Mapping[str, Any]) -> Any:
        """Return the mean over height, width and channels; see `Loss.losses`."""
        from keras import losses, ops

        from fecemo.models.pixels import WHITE

        return ops.mean(losses.mean_squared_error(target / WHITE, output), axis=(1, 2))


LOSS = MeanSquaredError
