"""Faces from a memory-mapped pack to the device, as the pixels that enter a network."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from keras import ops

from fecemo.training.device_view import DeviceView

RESIDENT_BYTES = 2 << 30
"""Reduced faces that take no more than this are reduced once and kept."""

FLOAT_BYTES = 4
CHUNK = 64
"""Faces viewed at a time."""


def kept_bytes(n_faces: int, view: DeviceView, limit: int = RESIDENT_BYTES) -> int:
    """Return how many bytes a feed keeps: those of all its reduced faces if they are within the limit, otherwise 0."""
    size = FLOAT_BYTES * n_faces * view.side**2 * view.variant.channels
    return size if view.reduces and size <= limit else 0


class FaceFeed:
    """Batches of some rows of a pack, seen through a view.

    Whole faces stream from the disk at every epoch: the next batch is read while the device works on this one.
    Reduced faces are small, and reducing them costs more than reading: they are kept where they fit.

    Parameters
    ----------
    faces : ndarray of shape (n, 200, 200, 3), uint8
        A pack's memory map.
    rows : ndarray of shape (m,), int64
        Rows that are used.
    view : DeviceView
    resident_bytes : int
        What may be kept in memory.
    """

    def __init__(self, faces: np.ndarray, rows: np.ndarray, view: DeviceView, *,
                 resident_bytes: int = RESIDENT_BYTES) -> None:
        self.rows = np.asarray(rows)
        self.view = view
        self._faces = faces
        self._kept: np.ndarray | None = None
        if kept_bytes(len(self.rows), view, resident_bytes):
            kept = np.empty((len(self.rows), view.side, view.side, view.variant.channels), np.float32)
            for start in range(0, len(self.rows), CHUNK):
                chunk = self._read(np.arange(start, min(start + CHUNK, len(self.rows))))
                kept[start : start + CHUNK] = ops.convert_to_numpy(view(chunk))
            self._kept = kept

    def __len__(self) -> int:
        return len(self.rows)

    def pixels(self, positions: np.ndarray) -> Any:
        """Return the faces at these positions among the rows, of shape (len(positions), side, side, channels)."""
        return self._finish(self._read(positions))

    def batches(self, plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[Any, np.ndarray, int]]:
        """Yield ``(pixels, positions, n)`` for each ``(positions, n)`` of a plan, reading one ahead."""
        for read, positions, n in self.stored_batches(plan):
            yield self._finish(read), positions, n

    def stored_batches(self, plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """Yield batches as they are read, before the view: uint8, or float32 where reduced faces are kept."""
        with ThreadPoolExecutor(1, thread_name_prefix="face feed") as reader:
            ahead = None
            for positions, n in plan:
                reading = reader.submit(self._read, positions)
                if ahead is not None:
                    yield ahead[0].result(), *ahead[1:]
                ahead = (reading, positions, n)
            if ahead is not None:
                yield ahead[0].result(), *ahead[1:]

    def _read(self, positions: np.ndarray) -> np.ndarray:
        """Copy faces out of the memory map, or out of what is kept; numpy lets other threads run meanwhile."""
        if self._kept is not None:
            return np.take(self._kept, positions, axis=0)
        # Measured: asking the disk for the rows ahead, plain reads and several readers are no quicker than this.
        return np.take(self._faces, self.rows[positions], axis=0)

    def _finish(self, read: np.ndarray) -> Any:
        return read if self._kept is not None else self.view(read)
