"""Where the stored faces of a loader lie: on the disk, reduced in memory, or whole on the device.

A store is read by one thread, ahead of the step, and has two halves: ``read`` gives what the host hands over for a
batch, and ``finish`` the pixels that become of it on the device. All stores give the same pixels to the last bit.
"""

import math
import weakref
from typing import Any, Protocol

import numpy as np
from keras import ops

from fecemo.data.stored_faces import Faces
from fecemo.training.device_view import DeviceView
from fecemo.training.devices import Placement
from fecemo.training.memory import fits_on_device

RESIDENT_BYTES = 2 << 30
"""Reduced faces that take no more than this are reduced once and kept in the host's memory."""

CHUNK = 64
"""Faces viewed at a time, where all of them are reduced once."""

FLOAT_BYTES = 4


class PixelStore(Protocol):
    """Pixels of some rows of stored faces, by their positions among those rows."""

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return what leaves the host for the faces at these positions, int64 of shape (n,)."""

    def finish(self, batch: np.ndarray) -> Any:
        """Return the pixels of what was read: tensor of shape (n, side, side, channels), float32 in [0, 255]."""


def open_pixels(faces: Faces, rows: np.ndarray, view: DeviceView, placement: Placement,
                resident_bytes: int = RESIDENT_BYTES) -> PixelStore:
    """Return the quickest store that memory has room for.

    On an accelerator whole faces are put on the device once, where they fit, and each batch is gathered and viewed
    there (``FECEMO_FACES_ON=disk`` or ``device`` says otherwise). Elsewhere they stream from the disk at every epoch;
    but reduced faces are small, and reducing them costs more than reading: they are kept in memory where they fit.

    Parameters
    ----------
    faces : array-like of shape (n, *view.variant.face_shape), uint8
    rows : ndarray of shape (m,), int64
    resident_bytes : int
        Memory that reduced faces may take; 0 keeps nothing, nor puts anything on the device, for faces that go
        through once.
    """
    if resident_bytes and fits_on_device(stored_bytes(len(rows), view)):
        return DevicePixels(faces, rows, view, placement)
    disk = DiskPixels(faces, rows, view, placement)
    return ReducedPixels(disk, len(rows), view, placement) if kept_bytes(len(rows), view, resident_bytes) else disk


def kept_bytes(n_faces: int, view: DeviceView, limit: int = RESIDENT_BYTES) -> int:
    """Return how many bytes a store keeps where the faces are computed on.

    Those of all faces whole where they are put on the device, else those of all reduced faces if they are within the
    limit, otherwise 0.
    """
    if limit and fits_on_device(stored_bytes(n_faces, view)):
        return stored_bytes(n_faces, view)
    size = FLOAT_BYTES * n_faces * view.side**2 * view.variant.channels
    return size if view.reduces and size <= limit else 0


def stored_bytes(n_faces: int, view: DeviceView) -> int:
    """Return the bytes of the stored faces that a view is of."""
    return n_faces * math.prod(view.variant.face_shape)


class DiskPixels:
    """Whole faces, copied out of the memory map for each batch and viewed on the device.

    Parameters
    ----------
    faces : array-like of shape (n, 200, 200, c), uint8
    rows : ndarray of shape (m,), int64
    """

    def __init__(self, faces: Faces, rows: np.ndarray, view: DeviceView, placement: Placement) -> None:
        # Whole arrays by a plain NumPy view: each access to a memmap object makes another one.
        self._faces = np.asarray(faces) if isinstance(faces, np.ndarray) else faces
        self._rows = rows
        self._program = view.program
        self._placement = placement
        self._buffers = BufferPool(faces.shape[1:])

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return the stored faces, uint8; NumPy lets other threads run meanwhile."""
        rows = self._rows[positions]
        if not isinstance(self._faces, np.ndarray):
            return self._faces[rows]
        # Measured: asking the disk for the rows ahead, plain reads and several readers are no quicker than this.
        return np.take(self._faces, rows, axis=0, out=self._buffers.lend(len(rows)), mode="clip")

    def finish(self, batch: np.ndarray) -> Any:
        """Return the view, computed on the device."""
        return self._program(self._placement.share_out(batch))


class ReducedPixels:
    """Faces that are reduced once and kept in the host's memory, where they are small."""

    def __init__(self, disk: DiskPixels, n_faces: int, view: DeviceView, placement: Placement) -> None:
        self._pixels = np.empty((n_faces, view.side, view.side, view.variant.channels), np.float32)
        self._placement = placement
        size = CHUNK * placement.devices
        for start in range(0, n_faces, size):
            # The last chunk is filled up, so that the view is compiled for one size.
            positions = np.minimum(np.arange(start, start + size), n_faces - 1)
            chunk = ops.convert_to_numpy(disk.finish(disk.read(positions)))
            self._pixels[start : start + size] = chunk[: n_faces - start]

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return the reduced pixels, float32."""
        return np.take(self._pixels, positions, axis=0)

    def finish(self, batch: np.ndarray) -> Any:
        """Return them as a tensor."""
        return self._placement.share_out(batch)


class DevicePixels:
    """Whole faces that are put on the device once, where gathering and viewing a batch is one compiled program.

    Parameters
    ----------
    faces : array-like of shape (n, 200, 200, c), uint8
    rows : ndarray of shape (m,), int64
    """

    def __init__(self, faces: Faces, rows: np.ndarray, view: DeviceView, placement: Placement) -> None:
        self._faces = placement.put_whole(np.asarray(faces[rows]))
        self._program = view.program_of_positions
        self._placement = placement

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return the positions: all that leaves the host, int32."""
        return positions.astype(np.int32)

    def finish(self, batch: np.ndarray) -> Any:
        """Return the view of the faces there."""
        return self._program(self._faces, self._placement.share_out(batch))


class BufferPool:
    """Uninitialized arrays of one shape, whose memory comes back by itself.

    New memory costs more than the copy into it: the system clears each page when it is first touched. An array goes
    back when it and every view of it are gone, so that a tensor that shares its memory keeps it for as long as it
    lives, on any backend.

    Parameters
    ----------
    item_shape : tuple of int
        Shape of one face.
    """

    def __init__(self, item_shape: tuple[int, ...]) -> None:
        self._item_shape = item_shape
        self._free: list[bytearray] = []

    def lend(self, n: int) -> np.ndarray:
        """Return an array of shape (n, *item_shape), uint8, with anything in it."""
        size = n * math.prod(self._item_shape)
        memory = self._free.pop() if self._free else bytearray(size)
        if len(memory) < size:
            memory = bytearray(size)
        # Over a bytearray, so that views of the array refer to the array itself and not to what it was made of.
        array = np.ndarray((n, *self._item_shape), np.uint8, memory)
        weakref.finalize(array, self._free.append, memory).atexit = False
        return array
