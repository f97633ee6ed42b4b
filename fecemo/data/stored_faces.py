"""The faces of a data set as one array: a file of its own, or those of the data sets that it was joined of."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fecemo.data.arrays import map_array
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import read_receipt
from fecemo.data.variants import FACE_SIDE
from fecemo.errors import StoredStateError

FACES_NAME = "faces.npy"
SHARDS_NAME = "shards.json"
"""Stands in the place of ``faces.npy`` in a joined data set, and names the data sets that hold its faces."""
PLACES_NAME = "places.npy"
"""Of a joined data set: for each row, the number of the shard and the row there; int64 of shape (n, 2)."""
FACE_SHAPE = (FACE_SIDE, FACE_SIDE, 3)
_FORMAT = "fecemo.shards/1"


class Faces(Protocol):
    """What a data set's faces are read by: a memory map, or `ShardedFaces`. Of shape (n, 200, 200, 3), uint8."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length and shape of a face."""

    @property
    def dtype(self) -> Any:
        """Always uint8."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...

    def __array__(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Shard:
    """One of the datasets that a joined one is made of: its folder, relative to the joined one, and its digest then."""

    folder: str
    digest: str


class ShardedFaces:
    """The faces of several data sets, read as one array without copying the data sets.

    Parameters
    ----------
    parts : sequence of ndarray of shape (m, 200, 200, 3), uint8
        Memory maps.
    places : ndarray of shape (n, 2), int64
        For each face, which part holds it and in which row.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, parts: Sequence[np.ndarray], places: np.ndarray) -> None:
        self._parts = parts
        self._places = places

    @property
    def shape(self) -> tuple[int, ...]:
        """Length and shape of a face."""
        return (len(self._places), *FACE_SHAPE)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Return one face as a view, or a copy of the faces that a slice, a mask or an array of rows names."""
        places = self._places[rows]
        if isinstance(rows, int | np.integer):
            return self._parts[places[0]][places[1]]
        faces = np.empty((len(places), *FACE_SHAPE), np.uint8)
        for face, (part, row) in zip(faces, places.tolist(), strict=True):
            face[:] = self._parts[part][row]
        return faces

    def take(self, indices: Any, axis: int = 0, out: None = None, mode: str = "raise") -> np.ndarray:
        """Return a copy of the faces in these rows: what `numpy.take` calls."""
        if axis != 0 or out is not None or mode != "raise":
            raise TypeError("faces are taken by their rows alone: axis 0, without out or mode")
        return self[np.asarray(indices)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("faces of several data sets are no array without a copy")
        return self[:].astype(dtype or np.uint8, copy=False)


def open_faces(folder: Path) -> Faces:
    """Return the faces of a data set.

    Raises
    ------
    FileNotFoundError, ValueError, EOFError
        If a file is missing or damaged.
    StoredStateError
        If a shard is missing, unfinished or not the one that was joined.
    """
    if not (folder / SHARDS_NAME).exists():
        return map_array(folder / FACES_NAME)
    document = json.loads((folder / SHARDS_NAME).read_text(encoding="utf-8"))
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f"{SHARDS_NAME} is not of the format {_FORMAT}")
    places = map_array(folder / PLACES_NAME)
    parts = [_part(folder, Shard(**shard)) for shard in document["shards"]]
    if places.shape != (len(places), 2) or places.dtype != np.int64:
        raise ValueError(f"{PLACES_NAME} holds {places.dtype} of shape {places.shape}, expected int64 of shape (n, 2)")
    lengths = np.array([len(part) for part in parts])
    if (places < 0).any() or (places[:, 0] >= len(parts)).any() or (places[:, 1] >= lengths[places[:, 0]]).any():
        raise ValueError(f"{PLACES_NAME} names rows that the shards do not have")
    return ShardedFaces(parts, places)


def write_shards(folder: Path, shards: Sequence[Shard]) -> None:
    """Write ``shards.json``."""
    document = {"format": _FORMAT, "shards": [asdict(shard) for shard in shards]}
    atomic_write(folder / SHARDS_NAME, json.dumps(document, indent=1) + "\n")


def _part(joined: Path, shard: Shard) -> np.ndarray:
    folder = joined / shard.folder
    receipt = read_receipt(folder)
    if receipt is None or receipt.digest != shard.digest:
        fault = "is missing or unfinished" if receipt is None else "holds other faces than when it was joined"
        raise StoredStateError(f"{joined} is joined of several data sets, and one of them, {folder}, {fault}; bring "
                               "it back, or run its fetch and then the join again")
    return map_array(folder / FACES_NAME)
