"""Faces cut into tiles that change places, with the order of the tiles as a target."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.data.ranges import ranged
from fecemo.errors import InputError
from fecemo.lazy_keras import keras, ops
from fecemo.training.augmentation import Augmentation

TARGET = "jigsaw"


@dataclass(frozen=True)
class Jigsaw(Augmentation):
    """Cut each face into squares and put them together in a random order (Noroozi and Favaro 2016; HMTL, section 3).

    All orders of the tiles are equally likely. The target ``"jigsaw"``, of shape (n, pieces²) int32, says which tile
    each place shows, both counted row by row from the upper left: π(p) at p.
    """

    pieces: int = ranged(3, min=2)  #: Tiles along a side; they divide the side of the face.
    #: Input of the model that gets the shuffled faces. By default the one that holds the faces, so that an emotion is
    #: told from shuffled faces too; another input, which the model then has for them, leaves the faces whole.
    into: str = "image"
    name: str = field(default="jigsaw", init=False)

    @property
    def targets(self) -> tuple[str, ...]:  # type: ignore[override]
        """Tuple of str: The order, and the shuffled faces where they do not take the place of the whole ones."""
        return (TARGET,) if self.into == "image" else (TARGET, self.into)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces, shuffled or whole, and what is emitted; see `Augmentation.apply`."""
        draws = keras.random.uniform((faces.shape[0], self.pieces**2), dtype="float32", seed=seed_generator)
        order = ops.cast(ops.argsort(draws, axis=-1), "int32")
        shuffled = shuffle(faces, order)
        if self.into == "image":
            return shuffled, {TARGET: order}
        return faces, {TARGET: order, self.into: shuffled}


def shuffle(faces: Any, order: Any) -> Any:
    """Put the tile ``order[:, p]`` of each face at its place p.

    Parameters
    ----------
    faces : tensor of shape (n, side, side, channels)
    order : tensor of shape (n, pieces²), int32

    Raises
    ------
    InputError
        If the tiles do not divide the side.
    """
    n, side, _, channels = faces.shape
    pieces = round(order.shape[1] ** 0.5)
    if side % pieces:
        raise InputError(f"the augmentation jigsaw: {pieces} pieces do not divide the {side} pixels of a face's side; "
                         "choose others, or another face_side")
    tile = side // pieces
    apart = ops.transpose(ops.reshape(faces, (n, pieces, tile, pieces, tile, channels)), (0, 1, 3, 2, 4, 5))
    tiles = ops.reshape(apart, (n, pieces**2, tile * tile * channels))
    tiles = ops.take_along_axis(tiles, ops.expand_dims(order, -1), axis=1)
    apart = ops.reshape(tiles, (n, pieces, pieces, tile, tile, channels))
    return ops.reshape(ops.transpose(apart, (0, 1, 3, 2, 4, 5)), (n, side, side, channels))


AUGMENTATION = Jigsaw
