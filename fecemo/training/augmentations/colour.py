"""Light and colour changed."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.augmentation import Augmentation, evenly, within


@dataclass(frozen=True)
class Colour(Augmentation):
    """Multiply brightness, contrast and saturation of each face by chance factors of 1 − strength to 1 + strength.

    Contrast spreads pixels from the mean of the face, saturation from the mean of a pixel's channels.

    Parameters
    ----------
    brightness, contrast, saturation : float
        Strengths, in [0, 1].
    """

    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    name: str = field(default="colour", init=False)

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            within(name, 0, getattr(self, name), 1)

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return the changed faces, cut to [0, 255]; see `Augmentation.apply`."""
        from keras import ops

        faces = faces * evenly(faces, chance, 1 - self.brightness, 1 + self.brightness)
        for strength, axes in ((self.contrast, (1, 2, 3)), (self.saturation, (3,))):
            middle = ops.mean(faces, axis=axes, keepdims=True)
            faces = middle + (faces - middle) * evenly(faces, chance, 1 - strength, 1 + strength)
        return ops.clip(faces, 0.0, 255.0)


AUGMENTATION = Colour
