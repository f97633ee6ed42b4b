"""Grain."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.augmentation import Augmentation, within


@dataclass(frozen=True)
class Noise(Augmentation):
    """Add Gaussian noise to every pixel and channel.

    Parameters
    ----------
    deviation : float
        Standard deviation, in levels of 0 to 255.
    """

    deviation: float = 25.0
    name: str = field(default="noise", init=False)

    def __post_init__(self) -> None:
        within("deviation", 0, self.deviation, 255)

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return the noisy faces, cut to [0, 255]; see `Augmentation.apply`."""
        import keras

        noise = keras.random.normal(faces.shape, stddev=self.deviation, dtype="float32", seed=chance)
        return keras.ops.clip(faces + noise, 0.0, 255.0)


AUGMENTATION = Noise
