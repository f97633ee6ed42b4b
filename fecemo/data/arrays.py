"""Plain arrays beside a receipt: written whole or a few rows at a time, read without pickle."""

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.durable import atomic_file, atomic_write, explained, sync
from fecemo.data.receipts import open_output
from fecemo.errors import StoredStateError

ROWS = "rows"
"""Beside the outputs of a data set's faces, which rows of it they are of: no output is called so."""


def map_array(path: Path) -> np.ndarray:
    """Return an array file mapped into memory, or read where the file system has no such maps, as some of FUSE.

    Raises what `numpy.load` raises.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")  # a pipe would be waited for without an end
    try:
        array = np.load(path, mmap_mode="r")
    except OSError:
        array = np.load(path)  # raises the same where it is not the map that fails
    if not isinstance(array, np.ndarray):
        raise ValueError("it holds several arrays, expected one")
    return array


def write_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Write each array as ``<name>.npy`` and return the files' names.

    Raises `ResourceError` if the disk is full or the folder cannot be written.
    """
    for name, array in arrays.items():
        with atomic_file(folder / f"{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    return [f"{name}.npy" for name in arrays]


def write_pieces(folder: Path, name: str, shape: tuple[int, ...], pieces: Iterable[np.ndarray]) -> str:
    """Write ``<name>.npy`` of float32 from its rows, a piece at a time, and return the file's name.

    The bytes are those of `write_arrays`; in memory is one piece. Raises `ValueError` if the pieces have not so many
    rows in all, and `ResourceError` as `write_arrays` does.
    """
    n_rows = 0
    with atomic_file(folder / f"{name}.npy") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, np.float32).reshape(-1, *shape[1:]).data)
            n_rows += len(piece)
        if n_rows != shape[0]:
            raise ValueError(f"{name} has {n_rows} rows, expected {shape[0]}")
    return f"{name}.npy"


def read_array(folder: Path, name: str, stage: str, *, length: int | None = None) -> np.ndarray:
    """Read ``folder/<name>.npy`` as a read-only memory map, compared with the folder's receipt.

    Raises `StoredStateError` if it is missing, damaged or has another length than the rows it must have. ``stage`` is
    the stage that writes it, for the message.
    """
    path = open_output(folder, f"{name}.npy", stage)
    try:
        array = map_array(path)
    except FileNotFoundError as error:
        raise StoredStateError(f"{path} is missing; run the {stage} stage again") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise StoredStateError(f"{path} cannot be read ({error}); run the {stage} stage again") from error
    if length is not None and len(array) != length:
        raise StoredStateError(f"{path} has {len(array)} rows, expected {length}; run the {stage} stage again")
    return array


@dataclass(frozen=True)
class FaceArray:
    """An output of a model for some rows of a data set, a vector a face: embeddings, class probabilities.

    ``rows`` is ndarray of shape (n,), int64, ascending; ``values`` of shape (n, d), float32, a read-only memory map
    when read from disk.
    """

    rows: np.ndarray
    values: np.ndarray


def output_file(dataset: str, output: str) -> str:
    """Return the path of an output of a data set's faces, relative to the folder of a cell's outputs."""
    return f"{dataset}/{output}.npy"


def store_outputs(folder: Path, dataset: str, outputs: Mapping[str, np.ndarray], rows: np.ndarray) -> list[str]:
    """Write outputs of a data set's faces by name, (n, d) float32, with their (n,) rows there; return the files."""
    return write_arrays(folder, {f"{dataset}/{name}": values for name, values in {**outputs, ROWS: rows}.items()})


def read_output(folder: Path, dataset: str, output: str) -> FaceArray:
    """Read an output of a data set's faces, as a memory map, with their rows.

    Raises `StoredStateError` if a file is missing or damaged, or the two disagree.
    """
    rows = read_rows(folder, dataset)
    return FaceArray(rows, read_array(folder, f"{dataset}/{output}", "embed", length=len(rows)))


def read_rows(folder: Path, dataset: str) -> np.ndarray:
    """Read the rows of the faces whose outputs are stored: (n,) int64. Raises `StoredStateError` as `read_output`."""
    return np.asarray(read_array(folder, f"{dataset}/{ROWS}", "embed"))


def draw_faces(faces: FaceArray, count: int | None, rng: np.random.Generator) -> FaceArray:
    """Return ``count`` faces drawn evenly, in their old order; all of them where ``count`` is None or not fewer."""
    if count is None or count >= len(faces.rows):
        return faces
    chosen = np.sort(rng.choice(len(faces.rows), count, replace=False))
    return FaceArray(faces.rows[chosen], faces.values[chosen])


class GrowingArray:
    """Rows of a ``.npy`` file of uint8, in order; if interrupted, a rerun resumes after the last row that was counted.

    The file is whole when `rows` is the number of rows asked for. Until then nobody may read it: whoever writes it puts
    a receipt beside it afterwards, as every stage does. Raises `ResourceError` if the folder cannot be written.

    Parameters
    ----------
    path : Path
        The file. The caller holds the `output_lock` of its folder.
    shape : tuple of int
        Of the whole array.
    mark : str
        What decides its rows. Rows that were written under another mark are dropped.

    Attributes
    ----------
    rows : int
        Rows that are on the disk.
    count_file : Path
        Remembers them; the caller removes it when the receipt is written.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path, shape: tuple[int, ...], mark: str) -> None:
        self._path, self._shape = path, shape
        self.count_file = path.with_name(f"{path.stem}_{mark}.count")
        for count_file in path.parent.glob(f"{path.stem}_*.count"):
            if count_file != self.count_file:  # before the file is overwritten: a count must never be of other rows
                count_file.unlink()
        self._row_bytes = int(np.prod(shape[1:])) * self.dtype.itemsize
        self.rows = self._counted()
        if not self.rows:
            self.count_file.unlink(missing_ok=True)
            with atomic_file(path) as file:
                np.lib.format.write_array_header_2_0(file, {"descr": np.lib.format.dtype_to_descr(self.dtype),
                                                            "fortran_order": False, "shape": shape})

    def _counted(self) -> int:
        """Return how many rows were counted, or 0 where the file does not hold them."""
        try:
            rows = int(self.count_file.read_text(encoding="utf-8"))
            held = (self._path.stat().st_size - self._start()) // self._row_bytes
        except (FileNotFoundError, ValueError):
            return 0
        return rows if 0 <= rows <= min(held, self._shape[0]) else 0

    def _start(self) -> int:
        """Return where the first row begins. Raises `ValueError` where the file is no array of this shape."""
        with self._path.open("rb") as file:
            np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_2_0(file)
            if header != (self._shape, False, self.dtype):
                raise ValueError(f"{self._path} holds {header}")
            return file.tell()

    def append(self, values: np.ndarray) -> None:
        """Write the next rows, uint8 of shape (n, *shape[1:]), and count them when they are on the disk.

        Raises `ResourceError` if the disk is full; rows that were counted stay whole.
        """
        with explained(self._path), self._path.open("r+b") as file:
            file.seek(self._start() + self.rows * self._row_bytes)
            file.write(np.ascontiguousarray(values).data)
            file.flush()
            sync(file.fileno())
        self.rows += len(values)
        atomic_write(self.count_file, f"{self.rows}\n")
