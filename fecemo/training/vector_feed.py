"""Vectors of faces to the device: what enters networks that take no pixels."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from fecemo.data.stored_faces import Faces
from fecemo.training.device_view import DeviceView
from fecemo.training.devices import Placement
from fecemo.training.face_feed import FaceFeed, one_ahead


class VectorFeed:
    """Batches of the vectors of some faces of a pack, as `FaceFeed` gives batches of pixels.

    Parameters
    ----------
    vectors : array-like of shape (n, d), float32
        One a face of the pack; rows are read as they are asked for.
    rows : ndarray of shape (m,), int64
        Rows that are used.

    Raises
    ------
    IndexError
        If a row is not in the pack.
    """

    def __init__(self, vectors: Faces, rows: np.ndarray) -> None:
        self.rows = np.asarray(rows)
        if len(self.rows) and not 0 <= self.rows.min() <= self.rows.max() < len(vectors):
            raise IndexError(f"rows {self.rows.min()} to {self.rows.max()} are asked for, of {len(vectors)} faces")
        self._vectors = vectors
        self._placement = Placement()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def devices(self) -> int:
        """int: Devices that share a batch out; every batch of a plan must be a multiple of them."""
        return self._placement.devices

    def batches(self, plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[Any, np.ndarray, int]]:
        """Yield ``(vectors, positions, n)`` for each ``(positions, n)`` of a plan, one made ready ahead."""
        return one_ahead(self._made, plan)

    def _made(self, positions: np.ndarray) -> Any:
        return self._placement.share_out(np.asarray(self._vectors[self.rows[positions]], np.float32))


Feed = FaceFeed | VectorFeed


def feed_of(faces: Faces, rows: np.ndarray, view: DeviceView | None) -> Feed:
    """Return the feed of some rows: of faces seen through a view or, where there is none, of vectors as they are."""
    return VectorFeed(faces, rows) if view is None else FaceFeed(faces, rows, view)
