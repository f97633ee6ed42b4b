"""Where a feed's faces lie: on the disk, reduced in memory, or whole on the device; all give the same pixels.

A source is read by one thread, ahead of the step, and has two halves: ``read`` gives what the host hands over for a
batch, and ``finish`` what becomes of it on the device.
"""

from typing import Any, Protocol

import numpy as np
from keras import ops

from fecemo.data.stored_faces import Faces
from fecemo.training.device_view import DeviceView
from fecemo.training.devices import Placement
from fecemo.training.lent_buffers import LentBuffers

CHUNK = 64
"""Faces viewed at a time, where all of them are reduced once."""


class FaceSource(Protocol):
    """Pixels of some rows of a pack by their positions among those rows."""

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return what leaves the host for faces at these positions, int64 of shape (n,)."""

    def finish(self, read: np.ndarray) -> Any:
        """Return the pixels of shape (n, side, side, channels), float32 in [0, 255]."""


class FacesOnDisk:
    """Whole faces, copied out of the memory map for each batch and viewed on the device.

    Parameters
    ----------
    faces : array-like of shape (n, 200, 200, c), uint8
    rows : ndarray of shape (m,), int64
    view : DeviceView
    placement : Placement
    """

    def __init__(self, faces: Faces, rows: np.ndarray, view: DeviceView, placement: Placement) -> None:
        # Whole arrays by a plain NumPy view: each access to a memmap object makes another one.
        self._faces = np.asarray(faces) if isinstance(faces, np.ndarray) else faces
        self._rows = rows
        self._program = view.program
        self._placement = placement
        self._buffers = LentBuffers(faces.shape[1:])

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return the stored faces, uint8; NumPy lets other threads run meanwhile."""
        rows = self._rows[positions]
        if not isinstance(self._faces, np.ndarray):
            return self._faces[rows]
        # Measured: asking the disk for the rows ahead, plain reads and several readers are no quicker than this.
        return np.take(self._faces, rows, axis=0, out=self._buffers.lend(len(rows)), mode="clip")

    def finish(self, read: np.ndarray) -> Any:
        """Return the view, computed on the device."""
        return self._program(self._placement.share_out(read))


class ReducedFaces:
    """Faces that are reduced once and kept in the host's memory, where they are small.

    Parameters
    ----------
    stored : FacesOnDisk
    n_faces : int
    view : DeviceView
    placement : Placement
    """

    def __init__(self, stored: FacesOnDisk, n_faces: int, view: DeviceView, placement: Placement) -> None:
        self._kept = np.empty((n_faces, view.side, view.side, view.variant.channels), np.float32)
        self._placement = placement
        size = CHUNK * placement.devices
        for start in range(0, n_faces, size):
            # The last chunk is filled up, so that the view is compiled for one size.
            positions = np.minimum(np.arange(start, start + size), n_faces - 1)
            seen = ops.convert_to_numpy(stored.finish(stored.read(positions)))
            self._kept[start : start + size] = seen[: n_faces - start]

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return the reduced pixels, float32."""
        return np.take(self._kept, positions, axis=0)

    def finish(self, read: np.ndarray) -> Any:
        """Return them as a tensor."""
        return self._placement.share_out(read)


class FacesOnDevice:
    """Whole faces that are put on the device once, where gathering and viewing a batch is one compiled program.

    Parameters
    ----------
    faces : array-like of shape (n, 200, 200, c), uint8
    rows : ndarray of shape (m,), int64
    view : DeviceView
    placement : Placement
    """

    def __init__(self, faces: Faces, rows: np.ndarray, view: DeviceView, placement: Placement) -> None:
        self._faces = placement.put_whole(np.asarray(faces[rows]))
        self._program = view.program_of_positions
        self._placement = placement

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return the positions: all that leaves the host, int32."""
        return positions.astype(np.int32)

    def finish(self, read: np.ndarray) -> Any:
        """Return the view of the faces there."""
        return self._program(self._faces, self._placement.share_out(read))
