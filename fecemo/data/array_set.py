"""Arrays that a trained model made of faces: embeddings or class probabilities, with the rows they belong to."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_array
from fecemo.errors import StoredStateError


@dataclass(frozen=True)
class FaceArray:
    """One vector a face, for some rows of a pack.

    Parameters
    ----------
    rows : ndarray of shape (n,), int64
        Rows of the data set, ascending.
    values : ndarray of shape (n, d), float32
        Embeddings or class probabilities; a read-only memory map when read from disk.
    """

    rows: np.ndarray
    values: np.ndarray


def array_files(name: str) -> list[str]:
    """Return the names of the two files that hold the face array ``name``."""
    return [f"{name}.npy", f"{name}_rows.npy"]


def read_face_array(folder: Path, name: str) -> FaceArray:
    """Read ``folder/name.npy`` as a memory map, with ``folder/name_rows.npy``.

    Raises
    ------
    StoredStateError
        If a file is missing or damaged, or the two disagree.
    """
    values, rows = read_array(folder, name, "embed"), np.asarray(read_array(folder, f"{name}_rows", "embed"))
    if len(rows) != len(values):
        raise StoredStateError(f"{folder}: {name}.npy holds {len(values)} vectors for {len(rows)} rows; "
                               "run the embed stage again")
    return FaceArray(rows, values)


def draw_faces(faces: FaceArray, count: int | None, rng: np.random.Generator) -> FaceArray:
    """Return ``count`` faces drawn evenly, in their old order; all of them where ``count`` is None or not fewer."""
    if count is None or count >= len(faces.rows):
        return faces
    chosen = np.sort(rng.choice(len(faces.rows), count, replace=False))
    return FaceArray(faces.rows[chosen], faces.values[chosen])
