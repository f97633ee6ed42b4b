"""Plain arrays beside a receipt: written whole, read without pickle."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fecemo.data.durable import atomic_file
from fecemo.data.receipts import open_output
from fecemo.errors import StoredStateError


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
    """Write each array as ``<name>.npy``.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    ResourceError
        If the disk is full or the folder cannot be written.
    """
    for name, array in arrays.items():
        with atomic_file(folder / f"{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    return [f"{name}.npy" for name in arrays]


def read_array(folder: Path, name: str, stage: str, *, length: int | None = None) -> np.ndarray:
    """Read ``folder/<name>.npy`` as a read-only memory map, held against the folder's receipt.

    Parameters
    ----------
    folder : Path
    name : str
    stage : str
        The stage that writes it, for the message.
    length : int, optional
        Rows that it must have.

    Raises
    ------
    StoredStateError
        If it is missing, damaged or has another length.
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
