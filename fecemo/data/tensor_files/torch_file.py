"""PyTorch's files, new (ZIP) and old, and pickled dictionaries of NumPy arrays.

They are read without PyTorch, and nothing that they say is run.
"""

import math
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from fecemo.data.tensor_files import MAX_BYTES, NotTensorsError, TensorFile
from fecemo.data.tensor_files.pickled_values import STORED, Called, read_values

MAGIC = 0x1950A86A20F9469CFC6C
"""First value of PyTorch's old files."""
NUMBERS = {"Float": "<f4", "Double": "<f8", "Half": "<f2", "Long": "<i8", "Int": "<i4", "Short": "<i2", "Char": "i1",
           "Byte": "u1", "Bool": "?"}
CODES = frozenset(("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"))

Storage = Callable[[str, np.dtype[Any]], np.ndarray]
"""Gives the numbers that are stored under a key."""


def _read(path: Path) -> dict[str, np.ndarray]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return _read_archive(archive)
    with path.open("rb") as file:
        value = read_values(file)
        if value != MAGIC:
            return _named_arrays(value, _nowhere)
        for _ in ("protocol", "system"):
            read_values(file)
        value = read_values(file)
        return _named_arrays(value, _behind(file, dict(_kinds(value, set()))))


def _read_archive(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
        raise NotTensorsError(f"it unpacks to more than {MAX_BYTES:,} bytes")
    root = next((name.removesuffix("data.pkl") for name in archive.namelist() if name.endswith("data.pkl")), None)
    if root is None:
        raise NotTensorsError("it is an archive without data.pkl, and not PyTorch's")
    if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") != b"little":
        raise NotTensorsError("its numbers are stored big end first")
    with archive.open(f"{root}data.pkl") as file:
        value = read_values(file)
    return _named_arrays(value, lambda key, dtype: np.frombuffer(archive.read(f"{root}data/{key}"), dtype))


def _behind(file: IO[bytes], kinds: dict[str, np.dtype[Any]]) -> Storage:
    """Return the storages of an old file, which are behind the pickles in the order of a list of their keys."""
    keys = [str(key) for key in read_values(file)]
    places: dict[str, tuple[int, int]] = {}
    for key in keys:
        size = int.from_bytes(file.read(8), "little") * kinds[key].itemsize
        places[key] = (file.tell(), size)
        file.seek(size, 1)

    def read(key: str, dtype: np.dtype[Any]) -> np.ndarray:
        start, size = places[key]
        file.seek(start)
        return np.frombuffer(file.read(size), dtype)

    return read


def _kinds(value: Any, visited: set[int]) -> Iterator[tuple[str, np.dtype[Any]]]:
    """Yield the key of every storage that a value refers to, and what its numbers are."""
    if id(value) in visited:
        return
    if isinstance(value, Called):
        if value.name == STORED:
            yield _key_and_kind(value)
        yield from _kinds(value.arguments, visited)
    elif isinstance(value, dict | tuple | list):
        visited.add(id(value))
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _kinds(inner, visited)


def _key_and_kind(stored: Called) -> tuple[str, np.dtype[Any]]:
    _, kind, key, *_ = stored.arguments
    return str(key), np.dtype(NUMBERS[kind.name.removeprefix("torch.").removesuffix("Storage")])


def _nowhere(key: str, dtype: np.dtype[Any]) -> np.ndarray:
    raise NotTensorsError(f"the numbers {key!r} are missing")


def _named_arrays(value: Any, storage: Storage) -> dict[str, np.ndarray]:
    """Return the arrays of nested dictionaries, each by its innermost key, which names the layer.

    Where an innermost key occurs twice, as in a file of weights and of their moving averages, all keys on the way tell
    the arrays apart, with ``/`` between them.
    """
    arrays = dict(_arrays_in(value, (), storage, set()))
    if not arrays:
        raise NotTensorsError("there is no tensor in it")
    innermost = {keys[-1:] for keys in arrays}
    return {"/".join(keys if len(innermost) < len(arrays) else keys[-1:]): array for keys, array in arrays.items()}


def _arrays_in(value: Any, keys: tuple[str, ...], storage: Storage,
               visited: set[int]) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """Yield the arrays of nested dictionaries with the keys on the way; a dictionary that occurs twice gives them once.

    A dictionary may hold itself: no end would come of following it.
    """
    if isinstance(value, dict) and id(value) not in visited:
        visited.add(id(value))
        for key, inner in value.items():
            yield from _arrays_in(inner, (*keys, str(key)), storage, visited)
    elif isinstance(value, Called):
        yield keys, _array(value, storage)


def _array(value: Any, storage: Storage) -> np.ndarray:
    if not isinstance(value, Called) or value.name not in _REBUILT:
        raise NotTensorsError(f"it holds {getattr(value, 'name', type(value).__name__)} where a tensor is due")
    return _REBUILT[value.name](value, storage)


def _torch_tensor(value: Called, storage: Storage) -> np.ndarray:
    stored, offset, size, strides = value.arguments[:4]
    if not isinstance(stored, Called) or stored.name != STORED:
        raise NotTensorsError("a tensor refers to no numbers")
    key, dtype = _key_and_kind(stored)
    numbers = storage(key, dtype)
    last = offset + sum((length - 1) * stride for length, stride in zip(size, strides, strict=True))
    if min((offset, *size, *strides)) < 0 or math.prod(size) > len(numbers) or (
            math.prod(size) and last >= len(numbers)):
        raise NotTensorsError(f"a tensor of shape {size} reaches beyond its {len(numbers)} numbers")
    steps = [stride * dtype.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(numbers[offset:], size, steps, writeable=False).copy()


def _numpy_array(value: Called, storage: Storage) -> np.ndarray:
    _, shape, dtype, fortran, raw = value.state
    return np.frombuffer(_raw(raw), _dtype(dtype)).reshape(shape, order="F" if fortran else "C").copy()


def _numpy_buffer(value: Called, storage: Storage) -> np.ndarray:
    raw, dtype, shape, order = value.arguments
    return np.frombuffer(_raw(raw), _dtype(dtype)).reshape(shape, order="F" if order == "F" else "C").copy()


def _dtype(value: Any) -> np.dtype[Any]:
    if not isinstance(value, Called) or value.name != "numpy.dtype" or value.arguments[0] not in CODES:
        raise NotTensorsError("an array holds something else than numbers")
    dtype = np.dtype(value.arguments[0])
    return dtype.newbyteorder(">") if value.state and value.state[1] == ">" else dtype


def _raw(value: Any) -> bytes:
    if isinstance(value, Called) and value.name == "_codecs.encode":
        value = value.arguments[0]
    if isinstance(value, Called) and value.name == "__builtin__.bytes" and not value.arguments:
        return b""
    if isinstance(value, str):
        return value.encode("latin-1")
    if not isinstance(value, bytes | bytearray):
        raise NotTensorsError("an array holds something else than numbers")
    return bytes(value)


_REBUILT: dict[str, Callable[[Called, Storage], np.ndarray]] = {
    "torch._utils._rebuild_tensor_v2": _torch_tensor,
    "torch._utils._rebuild_parameter": lambda value, storage: _array(value.arguments[0], storage),
    **{f"numpy.{core}.multiarray._reconstruct": _numpy_array for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _numpy_buffer for core in ("core", "_core")},
}

TENSOR_FILE = TensorFile("torch", (".pkl", ".pth", ".pt", ".pth.tar"), _read)
