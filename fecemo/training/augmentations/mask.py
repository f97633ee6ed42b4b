"""Squares of a face hidden, as masked autoencoders ask (He et al. 2022, section 3)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.training.augmentation import Augmentation, within

GRAY = 127.5


@dataclass(frozen=True)
class Mask(Augmentation):
    """Hide the same number of squares of a grid in every face under gray.

    Parameters
    ----------
    squares : int
        Along a side of the grid.
    share : float
        Of the squares that are hidden, in [0, 1], rounded to whole squares.
    """

    squares: int = 8
    share: float = 0.5
    name: str = field(default="mask", init=False)

    def __post_init__(self) -> None:
        within("share", 0, self.share, 1)
        if self.squares < 1:
            raise ValueError(f"squares must be at least 1, not {self.squares}")

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return the faces with their squares hidden; see `Augmentation.apply`."""
        import keras
        from keras import ops

        n, side = faces.shape[:2]
        lots = keras.random.uniform((n, self.squares**2), dtype="float32", seed=chance)
        # A square is hidden whose lot comes among the first of its face.
        rank = ops.argsort(ops.argsort(lots, axis=-1), axis=-1)
        hidden = ops.reshape(rank < round(self.share * self.squares**2), (n, self.squares, self.squares))
        square_of = np.arange(side) * self.squares // side
        hidden = ops.take(ops.take(hidden, square_of, axis=1), square_of, axis=2)
        return ops.where(ops.expand_dims(hidden, -1), GRAY, faces)


AUGMENTATION = Mask
