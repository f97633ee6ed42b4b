"""Files of tensors that others have written, read as plain arrays by name. A module here holds a `TENSOR_FILE`."""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.errors import InputError
from fecemo.registry import Registry

MAX_BYTES = 4 << 30
"""Larger files, or such that unpack to more, are refused; the networks here have a hundredth of it."""


DAMAGE = (ValueError, TypeError, AttributeError, LookupError, OSError, EOFError, RuntimeError, MemoryError,
          zipfile.BadZipFile, zlib.error)
"""What reading a file raises that does not hold what its kind of file holds."""


class NotTensorsError(ValueError):
    """A file holds something else than tensors."""


@dataclass(frozen=True)
class TensorFile:
    """A kind of file."""

    name: str
    suffixes: tuple[str, ...]  #: Of its files.
    #: ``read(path) -> dict`` of ndarray by name. It raises `NotTensorsError` for anything but tensors of numbers.
    read: Callable[[Path], dict[str, np.ndarray]]


tensor_files = Registry[TensorFile]("fecemo.data.tensor_files", "TENSOR_FILE", "kind of file of weights")


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays in a file by name; its suffix says which kind it is.

    Raises `InputError` if the file is missing, of no known kind, damaged, or holds anything but tensors.
    """
    kinds = tensor_files().values()
    kind = next((kind for kind in kinds if path.name.endswith(kind.suffixes)), None)
    if kind is None:
        known = ", ".join(suffix for kind in kinds for suffix in kind.suffixes)
        raise InputError(f"{path}: weights are read from files that end in {known}")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} has {path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read")
    try:
        return kind.read(path)
    except DAMAGE as error:
        raise InputError(f"{path} cannot be read as tensors: {str(error) or type(error).__name__}") from error
