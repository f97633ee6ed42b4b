"""Left and right exchanged."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.augmentation import Augmentation, evenly, within


@dataclass(frozen=True)
class Flip(Augmentation):
    """Mirror some of the faces.

    Parameters
    ----------
    probability : float
        In [0, 1].
    """

    probability: float = 0.5
    name: str = field(default="flip", init=False)

    def __post_init__(self) -> None:
        within("probability", 0, self.probability, 1)

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return the faces, some of them mirrored; see `Augmentation.apply`."""
        from keras import ops

        return ops.where(evenly(faces, chance, 0, 1) < self.probability, ops.flip(faces, axis=2), faces)


AUGMENTATION = Flip
