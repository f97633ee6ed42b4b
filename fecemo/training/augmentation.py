"""Altered views of faces, made on the device: chance decides how, a seed decides chance."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

AUGMENTATIONS = "fecemo.training.augmentations"
"""Each module there holds one `AUGMENTATION`."""


@dataclass(frozen=True)
class Augmentation:
    """One way of altering faces; the fields are what a recipe may set.

    Parameters
    ----------
    name : str
        Key in recipes; no setting.
    """

    name: str = field(default="", init=False)

    def apply(self, faces: Any, chance: Any) -> Any:
        """Return altered faces, each in its own way.

        Parameters
        ----------
        faces : tensor of shape (n, side, side, channels), float32
            Pixels in [0, 255].
        chance : keras.random.SeedGenerator

        Returns
        -------
        tensor of shape (n, side, side, channels), float32
            Pixels in [0, 255].
        """
        raise NotImplementedError


def evenly(faces: Any, chance: Any, low: float, high: float) -> Any:
    """Draw a number between ``low`` and ``high`` for each face: tensor of shape (n, 1, 1, 1), float32."""
    import keras

    return keras.random.uniform((faces.shape[0], 1, 1, 1), low, high, dtype="float32", seed=chance)


def mixed(faces: Any, along_rows: Any, along_columns: Any) -> Any:
    """Make each pixel a weighted sum of the pixels of its face, first down the rows and then along them.

    Parameters
    ----------
    faces : tensor of shape (n, side, side, channels), float32
    along_rows, along_columns : tensor of shape (n, side, side), float32
        Weights: of shape (face, new, old).
    """
    from keras import ops

    n, side, _, channels = faces.shape
    down = ops.matmul(along_rows, ops.reshape(faces, (n, side, side * channels)))
    turned = ops.transpose(ops.reshape(down, (n, side, side, channels)), (0, 2, 1, 3))
    along = ops.matmul(along_columns, ops.reshape(turned, (n, side, side * channels)))
    return ops.transpose(ops.reshape(along, (n, side, side, channels)), (0, 2, 1, 3))


def within(what: str, low: float, value: float, high: float) -> None:
    """Raise `ValueError` if a setting is not in [low, high]."""
    if not low <= value <= high:
        raise ValueError(f"{what} must be {low:g} to {high:g}, not {value}")


def places(side: int) -> np.ndarray:
    """Return the middles of the pixels of a row: ndarray of shape (side,), float32, 0.5 to side − 0.5."""
    return np.arange(side, dtype=np.float32) + 0.5
