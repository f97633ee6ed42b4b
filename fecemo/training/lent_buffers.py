"""Memory for batches that is used again as soon as nobody looks at it any more."""

import math
import weakref

import numpy as np


class LentBuffers:
    """Uninitialized arrays of one shape, whose memory comes back by itself.

    New memory costs more than the copy into it: the system clears each page when it is first touched. An array goes
    back when it and every view of it are gone, so that a tensor that shares its memory keeps it for as long as it
    lives, on any backend.

    Parameters
    ----------
    face_shape : tuple of int
        Shape of one face.
    """

    def __init__(self, face_shape: tuple[int, ...]) -> None:
        self._face_shape = face_shape
        self._free: list[bytearray] = []

    def lend(self, n: int) -> np.ndarray:
        """Return an array of shape (n, *face_shape), uint8, with anything in it."""
        size = n * math.prod(self._face_shape)
        memory = self._free.pop() if self._free else bytearray(size)
        if len(memory) < size:
            memory = bytearray(size)
        # Over a bytearray, so that views of the array refer to the array itself and not to what it was made of.
        lent = np.ndarray((n, *self._face_shape), np.uint8, memory)
        weakref.finalize(lent, self._free.append, memory).atexit = False
        return lent
