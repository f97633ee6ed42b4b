"""Vectors that enter networks in the place of pixels: measurements of faces, or their embeddings by another row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.array_set import read_face_array
from fecemo.models.measured_groups import chosen_groups
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import Cell
from fecemo.study.faces.run_faces import RunFaces

NOWHERE = -1


@dataclass(frozen=True)
class FaceVectors:
    """A vector for faces of a pack, read by their rows there.

    Parameters
    ----------
    values : ndarray of shape (m, d), float32
        May be a memory map.
    places : ndarray of shape (n,), int64
        For each face of the pack, where its vector stands; `NOWHERE` where it has none.
    trusted : ndarray of shape (n,), bool
        Whether a face's vector may be learnt from. False where it has none.
    """

    values: np.ndarray
    places: np.ndarray
    trusted: np.ndarray

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Tuple of int: Faces of the pack, and length of a vector."""
        return len(self.places), self.values.shape[1]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Any, /) -> np.ndarray:
        """Return the vectors of faces, of shape (len(rows), d), float32. Raises `IndexError` if one has none."""
        places = self.places[rows]
        if np.any(places == NOWHERE):
            raise IndexError(f"{np.count_nonzero(places == NOWHERE)} of {np.size(places)} faces have no vector")
        return np.asarray(self.values[places])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[np.arange(len(self))].astype(dtype or np.float32, copy=False)


def read_vectors(cell: Cell, artifacts: Artifacts, faces: dict[str, RunFaces],
                 kind: str = "outputs") -> dict[str, FaceVectors]:
    """Return the vectors of a cell's faces by pack; empty where the networks of the cell take pixels.

    Parameters
    ----------
    cell : Cell
    artifacts : Artifacts
    faces : dict of str to RunFaces
    kind : {"outputs", "triplet_test"}
        The artefact of another row that holds its embeddings of these faces, where the cell is made from them.

    Raises
    ------
    StoredStateError
        If that artefact is missing or stale.
    """
    if cell.embeddings_from is None:
        return _measured(cell, faces)
    where = (cell.embeddings_from, cell.variant.name)
    artifacts.require(kind, *where)
    return _embedded(artifacts.folder(kind, *where), faces)


def _measured(cell: Cell, faces: dict[str, RunFaces]) -> dict[str, FaceVectors]:
    if cell.approach.takes != "measurements":
        return {}
    return {name: FaceVectors(its.measured.of(chosen_groups(cell.model)), np.arange(len(its.pack)), its.measured.sure)
            for name, its in faces.items()}


def _embedded(folder: Path, faces: dict[str, RunFaces]) -> dict[str, FaceVectors]:
    vectors = {}
    for name, its in faces.items():
        stored = read_face_array(folder, name)
        places = np.full(len(its.pack), NOWHERE)
        places[stored.rows] = np.arange(len(stored.rows))
        vectors[name] = FaceVectors(stored.values, places, places != NOWHERE)
    return vectors
