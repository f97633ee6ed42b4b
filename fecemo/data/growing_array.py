"""An array that is written a few rows at a time, in which a kill costs no row that was counted."""

import os
from pathlib import Path

import numpy as np

from fecemo.data.durable import atomic_file, atomic_write, explained


class GrowingArray:
    """Rows of a ``.npy`` file from the first on; an interrupted run goes on after the last row that was counted.

    The file is whole when `rows` is the number of rows asked for. Until then nobody may read it: whoever writes it
    puts a receipt beside it afterwards, as every stage does.

    Parameters
    ----------
    path : Path
        The file. The caller holds the `output_lock` of its folder.
    shape : tuple of int
        Of the whole array.
    mark : str
        What decides its rows. Rows that were written under another mark are given up.

    Attributes
    ----------
    rows : int
        Rows that are on the disk.
    count_file : Path
        Remembers them; the caller removes it when the receipt stands.

    Raises
    ------
    ResourceError
        If the folder cannot be written.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path, shape: tuple[int, ...], mark: str) -> None:
        self._path, self._shape = path, shape
        self.count_file = path.with_name(f"{path.stem}_{mark}.count")
        for other in path.parent.glob(f"{path.stem}_*.count"):
            if other != self.count_file:  # before the file is written over: a count must never speak for other rows
                other.unlink()
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
            found = np.lib.format.read_array_header_2_0(file)
            if found != (self._shape, False, self.dtype):
                raise ValueError(f"{self._path} holds {found}")
            return file.tell()

    def append(self, values: np.ndarray) -> None:
        """Write the next rows, and count them when they are on the disk.

        Parameters
        ----------
        values : ndarray of shape (n, *shape[1:]), uint8

        Raises
        ------
        ResourceError
            If the disk is full; rows that were counted stay whole.
        """
        with explained(self._path), self._path.open("r+b") as file:
            file.seek(self._start() + self.rows * self._row_bytes)
            file.write(np.ascontiguousarray(values).data)
            file.flush()
            os.fsync(file.fileno())
        self.rows += len(values)
        atomic_write(self.count_file, f"{self.rows}\n")
