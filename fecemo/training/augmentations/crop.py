"""A part of each face, enlarged to the whole."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.augmentation import Augmentation, evenly, mixed, places, within


@dataclass(frozen=True)
class Crop(Augmentation):
    """Cut a square of chance size and place out of each face and enlarge it, by linear interpolation.

    Parameters
    ----------
    least : float
        Smallest side of the square, as a share of the face's side, in (0, 1].
    """

    least: float = 0.8
    name: str = field(default="crop", init=False)

    def __post_init__(self) -> None:
        within("least", 0.01, self.least, 1)

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return the enlarged parts; see `Augmentation.apply`."""
        from keras import ops

        side = faces.shape[1]
        size = evenly(faces, chance, self.least, 1)[..., 0]
        weights = []
        for _ in range(2):
            start = evenly(faces, chance, 0, 1)[..., 0] * (1 - size) * side
            # What stands at the middle of each new pixel; the rim of a face goes on beyond its outermost middles.
            wanted = ops.clip(start + size * places(side)[:, None], 0.5, side - 0.5)
            weights.append(ops.relu(1 - ops.abs(wanted - places(side))))
        return mixed(faces, *weights)


AUGMENTATION = Crop
