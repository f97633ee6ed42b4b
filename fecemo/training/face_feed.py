"""Faces from a pack to the device, as the pixels that enter a network."""

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from keras import ops

from fecemo.data.stored_faces import Faces
from fecemo.training.device_memory import fits_on_device
from fecemo.training.device_view import DeviceView
from fecemo.training.devices import Placement
from fecemo.training.face_sources import FacesOnDevice, FacesOnDisk, FaceSource, ReducedFaces
from fecemo.training.order import padded_batches

RESIDENT_BYTES = 2 << 30
"""Reduced faces that take no more than this are reduced once and kept in the host's memory."""

FLOAT_BYTES = 4

Made = TypeVar("Made")


def kept_bytes(n_faces: int, view: DeviceView, limit: int = RESIDENT_BYTES) -> int:
    """Return how many bytes a feed keeps where the faces are computed on.

    Those of all faces whole where they are put on the device, else those of all reduced faces if they are within the
    limit, otherwise 0.
    """
    if limit and fits_on_device(whole_bytes(n_faces, view)):
        return whole_bytes(n_faces, view)
    size = FLOAT_BYTES * n_faces * view.side**2 * view.variant.channels
    return size if view.reduces and size <= limit else 0


def whole_bytes(n_faces: int, view: DeviceView) -> int:
    """Return the bytes of the stored faces that a view is of."""
    return n_faces * math.prod(view.variant.face_shape)


class FaceFeed:
    """Batches of some rows of a pack, seen through a view.

    On an accelerator whole faces are put on the device once, where they fit, and each batch is gathered and viewed
    there (``FECEMO_FACES_ON=disk`` or ``device`` says otherwise). Elsewhere they stream from the disk at every epoch;
    but reduced faces are small, and reducing them costs more than reading: they are kept in memory where they fit.
    Each way gives the same pixels to the last bit. The next batch is made ready while the device works on this one.

    Parameters
    ----------
    faces : array-like of shape (n, *view.variant.face_shape), uint8
        Left on the disk.
    rows : ndarray of shape (m,), int64
        Rows that are used.
    view : DeviceView
    resident_bytes : int
        What may be kept in memory; 0 keeps nothing, nor puts anything on the device, for faces that go through once.

    Raises
    ------
    IndexError
        If a row is not in the pack.
    """

    def __init__(self, faces: Faces, rows: np.ndarray, view: DeviceView, *,
                 resident_bytes: int = RESIDENT_BYTES) -> None:
        self.rows = np.asarray(rows)
        self.view = view
        if len(self.rows) and not 0 <= self.rows.min() <= self.rows.max() < len(faces):
            raise IndexError(f"rows {self.rows.min()} to {self.rows.max()} are asked for, of {len(faces)} faces")
        self._placement = Placement()
        self._source = self._choose(faces, resident_bytes)

    def _choose(self, faces: Faces, resident_bytes: int) -> FaceSource:
        if resident_bytes and fits_on_device(whole_bytes(len(self), self.view)):
            return FacesOnDevice(faces, self.rows, self.view, self._placement)
        stored = FacesOnDisk(faces, self.rows, self.view, self._placement)
        if kept_bytes(len(self), self.view, resident_bytes):
            return ReducedFaces(stored, len(self), self.view, self._placement)
        return stored

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def devices(self) -> int:
        """int: Devices that share a batch out; every batch of a plan must be a multiple of them."""
        return self._placement.devices

    def pixels(self, positions: np.ndarray) -> np.ndarray:
        """Return the faces at these positions among the rows, of shape (len(positions), side, side, channels)."""
        (whole, n), = padded_batches(positions, len(positions), self.devices)
        return np.asarray(ops.convert_to_numpy(self._made(whole)))[:n]

    def batches(self, plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[Any, np.ndarray, int]]:
        """Yield ``(pixels, positions, n)`` for each ``(positions, n)`` of a plan, one made ready ahead."""
        return one_ahead(self._made, plan)

    def stored_batches(self, plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """Yield batches as they leave the host: uint8, float32 where reduced faces are kept, or positions alone."""
        return one_ahead(self._source.read, plan)

    def _made(self, positions: np.ndarray) -> Any:
        return self._source.finish(self._source.read(positions))


def one_ahead(make: Callable[[np.ndarray], Made],
              plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[Made, np.ndarray, int]]:
    """Yield ``(make(positions), positions, n)`` for each ``(positions, n)`` of a plan, one made ahead by a thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="face feed") as reader:
        ahead = None
        for positions, n in plan:
            making = reader.submit(make, positions)
            if ahead is not None:
                yield ahead[0].result(), *ahead[1:]
            ahead = (making, positions, n)
        if ahead is not None:
            yield ahead[0].result(), *ahead[1:]
