"""Heads held askew."""

import math
from dataclasses import dataclass, field
from typing import Any

from fecemo.training.augmentation import Augmentation, evenly, within


@dataclass(frozen=True)
class Turn(Augmentation):
    """Rotate each face about its middle, by linear interpolation; the rim goes on into the corners that come free.

    Parameters
    ----------
    most : float
        Largest angle to either side, in degrees, in [0, 180].
    """

    most: float = 10.0
    name: str = field(default="turn", init=False)

    def __post_init__(self) -> None:
        within("most", 0, self.most, 180)

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return the rotated faces; see `Augmentation.apply`."""
        from keras import ops

        most = math.radians(self.most)
        angle = evenly(faces, chance, -most, most)[:, 0, 0, 0]
        cosine, sine = ops.cos(angle), ops.sin(angle)
        # Where the pixel at (column, row) comes from, both counted from the middle of the face.
        middle = (faces.shape[1] - 1) / 2
        nothing = ops.zeros_like(angle)
        from_places = ops.stack([cosine, -sine, middle * (1 - cosine + sine),
                                 sine, cosine, middle * (1 - cosine - sine), nothing, nothing], axis=1)
        return ops.image.affine_transform(faces, from_places, interpolation="bilinear", fill_mode="nearest",
                                          data_format="channels_last")


AUGMENTATION = Turn
