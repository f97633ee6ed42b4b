"""Vectors of faces that were computed once: kept by the digest of a face's pixels, a block a file.

A kill costs the block that was being computed. When photographs join, only their faces are computed.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fecemo.data.arrays import map_array
from fecemo.data.durable import atomic_file
from fecemo.errors import StoredStateError

DIGEST = "S64"
GATHER_ROWS = 8192
"""Rows that are in memory at a time."""


class VectorStore:
    """Vectors by the digests of faces.

    Parameters
    ----------
    folder : Path
        The caller holds the `output_lock` of the folder around it.
    mark : str
        What decides a vector beside a face. Blocks of another mark are somebody else's until `forget_others`.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self.folder, self._mark = folder, mark
        self._paths = sorted(folder.glob(f"{mark}_*.npy"))
        digests = [self._block(path)["sha256"] for path in self._paths]
        self._index(digests)

    def _index(self, digests: list[np.ndarray]) -> None:
        self._lengths = [len(block) for block in digests]
        known = np.concatenate([np.zeros(0, DIGEST), *digests])
        self._order = np.argsort(known, kind="stable")
        self._sorted = known[self._order]

    def _block(self, path: Path) -> np.ndarray:
        try:
            return map_array(path)
        except (ValueError, EOFError) as error:
            raise StoredStateError(f"{path} is damaged ({error}); delete it and run the same command again") from error

    def missing(self, digests: np.ndarray) -> np.ndarray:
        """Return the positions of faces that have no vector, of equal faces the first: ascending, int64."""
        first = np.sort(np.unique(digests, return_index=True)[1])
        return first[self._places(digests[first]) < 0]

    def _places(self, digests: np.ndarray) -> np.ndarray:
        at = np.searchsorted(self._sorted, digests)
        inside = np.minimum(at, max(0, len(self._sorted) - 1))
        if not len(self._sorted):
            return np.full(len(digests), -1)
        return np.where(self._sorted[inside] == digests, self._order[inside], -1)

    def add(self, digests: np.ndarray, vectors: np.ndarray) -> None:
        """Store the (n, d) vectors of faces as one more block. Raises `ResourceError` if the disk is full."""
        block = np.empty(len(digests), [("sha256", DIGEST), ("vector", "<f4", vectors.shape[1:])])
        block["sha256"], block["vector"] = digests, vectors
        path = self.folder / f"{self._mark}_{len(self._paths):08d}.npy"
        with atomic_file(path) as file:
            np.save(file, block, allow_pickle=False)
        self._paths.append(path)

    def reload(self) -> "VectorStore":
        """Return the store with what was added."""
        return VectorStore(self.folder, self._mark)

    def gather(self, digests: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the vectors of faces in their order, up to `GATHER_ROWS` at a time: (m, d), float32.

        Raises `KeyError` if a face has none.
        """
        blocks = [self._block(path)["vector"] for path in self._paths]
        ends = np.cumsum(self._lengths)
        for start in range(0, len(digests), GATHER_ROWS):
            places = self._places(digests[start : start + GATHER_ROWS])
            if (places < 0).any():
                raise KeyError(digests[start : start + GATHER_ROWS][places < 0][0].decode())
            of_block = np.searchsorted(ends, places, side="right")
            values = np.empty((len(places), *blocks[0].shape[1:]), np.float32)
            for number in np.unique(of_block).tolist():
                rows = of_block == number
                values[rows] = blocks[number][places[rows] - (ends[number] - self._lengths[number])]
            yield values

    def forget_others(self) -> None:
        """Delete the blocks of other marks."""
        for path in self.folder.glob("*_*.npy"):
            if not path.name.startswith(f"{self._mark}_"):
                path.unlink()
