"""Random flip, crop and rotation: where the pixels of a face come from."""

import math
from dataclasses import dataclass, field
from typing import Any

from fecemo.data.ranges import ranged
from fecemo.lazy_keras import ops
from fecemo.training.augmentation import Augmentation, pixel_centres, resample, uniform


@dataclass(frozen=True)
class Flip(Augmentation):
    """Mirror some of the faces, left to right."""

    probability: float = ranged(0.5, min=0, max=1)  #: In [0, 1].
    name: str = field(default="flip", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces, some of them mirrored; see `Augmentation.apply`."""
        mirrored = uniform(faces, seed_generator, 0, 1) < self.probability
        return ops.where(mirrored, ops.flip(faces, axis=2), faces)


@dataclass(frozen=True)
class Crop(Augmentation):
    """Cut a square of random size and place out of each face and enlarge it, by linear interpolation."""

    #: Smallest side of the square, as a share of the face's side, in (0, 1].
    min_side: float = ranged(0.8, min=0.01, max=1)
    centred: bool = False  #: Whether the square keeps the face's centre, so that its size alone is random.
    name: str = field(default="crop", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the enlarged parts; see `Augmentation.apply`."""
        side = faces.shape[1]
        size = uniform(faces, seed_generator, self.min_side, 1)[..., 0]
        weights = []
        for _ in range(2):
            place = 0.5 if self.centred else uniform(faces, seed_generator, 0, 1)[..., 0]
            start = place * (1 - size) * side
            # Where the centre of each new pixel lies in the face; beyond the outermost centres the rim is continued.
            places = ops.clip(start + size * pixel_centres(side)[:, None], 0.5, side - 0.5)
            weights.append(ops.relu(1 - ops.abs(places - pixel_centres(side))))
        return resample(faces, *weights)


@dataclass(frozen=True)
class Rotation(Augmentation):
    """Rotate each face about its centre, by linear interpolation; the rim is continued into free corners."""

    max_degrees: float = ranged(10.0, min=0, max=180)  #: Largest angle to either side, in [0, 180].
    name: str = field(default="rotation", init=False)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the rotated faces; see `Augmentation.apply`."""
        largest = math.radians(self.max_degrees)
        angle = uniform(faces, seed_generator, -largest, largest)[:, 0, 0, 0]
        cosine, sine = ops.cos(angle), ops.sin(angle)
        # Where the pixel at (column, row) comes from, both counted from the centre of the face.
        centre = (faces.shape[1] - 1) / 2
        zero = ops.zeros_like(angle)
        transform = ops.stack([cosine, -sine, centre * (1 - cosine + sine),
                               sine, cosine, centre * (1 - cosine - sine), zero, zero], axis=1)
        return ops.image.affine_transform(faces, transform, interpolation="bilinear", fill_mode="nearest",
                                          data_format="channels_last")


AUGMENTATION = (Flip, Crop, Rotation)
