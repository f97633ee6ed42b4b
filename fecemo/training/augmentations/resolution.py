"""Faces of fewer pixels: as they come from small pictures, or from far away."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.augmentation import Augmentation, check_range, pixel_centres, resample, uniform


@dataclass(frozen=True)
class Resolution(Augmentation):
    """Shrink each face to a random number of pixels, by area averages, and enlarge it again, by linear interpolation.

    What a network learns on faces of one size then depends less on detail that smaller faces of other collections lack.
    """

    #: Fewest pixels along a side, as a share of the face's, in (0, 1]; at least 1. All whole numbers of pixels from
    #: there to the face's own are equally likely.
    min_side: float = 0.4
    name: str = field(default="resolution", init=False)

    def __post_init__(self) -> None:
        check_range("min_side", 0.01, self.min_side, 1)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces with less detail; see `Augmentation.apply`."""
        from keras import ops

        side = faces.shape[1]
        least = max(1, round(self.min_side * side))
        few = ops.minimum(ops.floor(uniform(faces, seed_generator, least, side + 1)), float(side))[..., 0]
        fine = ops.convert_to_tensor(pixel_centres(side))
        numbers = fine - 0.5
        # Edges of pixel i of the few, among those of the face: what they have in common with pixel j is its weight.
        low, high = numbers[:, None] * side / few, (numbers[:, None] + 1) * side / few
        down = ops.relu(ops.minimum(high, numbers + 1) - ops.maximum(low, numbers)) * few / side
        places = ops.clip(fine[:, None] * few / side, 0.5, few - 0.5)
        weights = ops.matmul(ops.relu(1 - ops.abs(places - fine)), down)
        return resample(faces, weights, weights)


AUGMENTATION = Resolution
