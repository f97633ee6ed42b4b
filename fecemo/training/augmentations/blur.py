"""Faces out of focus."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.augmentation import Augmentation, evenly, mixed, places, within


@dataclass(frozen=True)
class Blur(Augmentation):
    """Spread each pixel by a Gaussian of chance width; at the rim the weights that are left add up to 1.

    Parameters
    ----------
    most : float
        Largest standard deviation, as a share of the face's side, in (0, 1].
    """

    most: float = 0.02
    name: str = field(default="blur", init=False)

    def __post_init__(self) -> None:
        within("most", 1e-4, self.most, 1)

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return the blurred faces; see `Augmentation.apply`."""
        from keras import ops

        side = faces.shape[1]
        # A thousandth of a pixel more, because a width of nothing would divide by it.
        width = evenly(faces, chance, 0, self.most)[..., 0] * side + 1e-3
        apart = ops.square(places(side)[:, None] - places(side)[None, :])
        weights = ops.softmax(-apart / (2 * ops.square(width)), axis=-1)
        return mixed(faces, weights, weights)


AUGMENTATION = Blur
