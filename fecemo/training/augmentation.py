"""Randomly altered views of faces, made on the device; a seed decides them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from fecemo.data.ranges import Ranged
from fecemo.lazy_keras import keras, ops
from fecemo.registry import Registry


@dataclass(frozen=True)
class Augmentation(Ranged):
    """A way of altering faces; its fields are what a recipe may set.

    Every face is altered in its own way, and by the seed of the step alone, so that a resumed run alters it as an
    unbroken one does. Keras's preprocessing layers hold seeds of their own, and some draw once a batch (its blur) or
    cannot be compiled (its rotation); these are a few lines of `keras.ops` each.

    Attributes
    ----------
    targets : tuple of str
        What `apply` emits beside the faces, for a loss to learn: how a face was altered, such as the permutation of a
        jigsaw.
    group_size : int
        Views of a face that it tells apart; a loss must then compare as many.
    in_validation : bool
        Whether faces that are validated on are altered too: those of which a target is emitted are.
    """

    name: str = field(default="", init=False)  #: Key in recipes; no setting.

    targets: ClassVar[tuple[str, ...]] = ()
    group_size: ClassVar[int] = 1

    @property
    def in_validation(self) -> bool:
        """bool: See above."""
        return bool(self.targets)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return altered faces, each in its own way.

        Parameters
        ----------
        faces : tensor of shape (n, side, side, channels), float32
            Pixels in [0, 255].
        seed_generator : keras.random.SeedGenerator

        Returns
        -------
        tensor of shape (n, side, side, channels), float32, or (tensor, dict of str to tensor of shape (n, ...))
            Pixels in [0, 255]; with them the values of `targets`, where there are any.
        """
        raise NotImplementedError


augmentations = Registry[type[Augmentation]]("fecemo.training.augmentations", "AUGMENTATION", "augmentation")


def augment(faces: Any, augmentations: Sequence[Augmentation], seed_generator: Any) -> tuple[Any, dict[str, Any]]:
    """Return faces altered by augmentations in their order, and all the targets that these emit.

    Parameters
    ----------
    faces : tensor of shape (n, side, side, channels), float32
    seed_generator : keras.random.SeedGenerator

    Raises
    ------
    ValueError
        If an augmentation emits other targets than it declares.
    """
    targets: dict[str, Any] = {}
    for augmentation in augmentations:
        altered = augmentation.apply(faces, seed_generator)
        faces, emitted = altered if isinstance(altered, tuple) else (altered, {})
        if set(emitted) != set(augmentation.targets):
            raise ValueError(f"the augmentation {augmentation.name!r} declares the targets "
                             f"{sorted(augmentation.targets)} and emits {sorted(emitted)}")
        targets |= emitted
    return faces, targets


def uniform(faces: Any, seed_generator: Any, low: float, high: float) -> Any:
    """Draw a number between ``low`` and ``high`` for each face: tensor of shape (n, 1, 1, 1), float32."""
    return keras.random.uniform((faces.shape[0], 1, 1, 1), low, high, dtype="float32", seed=seed_generator)


def resample(faces: Any, row_weights: Any, column_weights: Any) -> Any:
    """Make each pixel a weighted sum of the pixels of its face, first down the rows and then along them.

    Parameters
    ----------
    faces : tensor of shape (n, side, side, channels), float32
    row_weights, column_weights : tensor of shape (n, side, side), float32
        Of shape (face, new, old).
    """
    n, side, _, channels = faces.shape
    down = ops.matmul(row_weights, ops.reshape(faces, (n, side, side * channels)))
    transposed = ops.transpose(ops.reshape(down, (n, side, side, channels)), (0, 2, 1, 3))
    along = ops.matmul(column_weights, ops.reshape(transposed, (n, side, side * channels)))
    return ops.transpose(ops.reshape(along, (n, side, side, channels)), (0, 2, 1, 3))


def pixel_centres(side: int) -> np.ndarray:
    """Return the centres of the pixels of a row: ndarray of shape (side,), float32, 0.5 to side − 0.5."""
    return np.arange(side, dtype=np.float32) + 0.5
