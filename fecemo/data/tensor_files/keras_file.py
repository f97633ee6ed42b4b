"""Keras's files of weights: HDF5 alone, of any age, or within a ``.keras`` archive."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.tensor_files import MAX_BYTES, NotTensorsError, TensorFile

WEIGHTS_MEMBER = "model.weights.h5"
NUMBERED = {1: ("kernel",), 2: ("kernel", "bias"), 4: ("gamma", "beta", "moving_mean", "moving_variance")}
"""What the numbered variables of a layer are, by how many it has."""


def _read(path: Path) -> dict[str, np.ndarray]:
    import h5py

    if not zipfile.is_zipfile(path):
        with h5py.File(path, "r") as file:
            return _arrays_in(file)
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(WEIGHTS_MEMBER).file_size > MAX_BYTES:
            raise NotTensorsError(f"{WEIGHTS_MEMBER} unpacks to more than {MAX_BYTES:,} bytes")
        with h5py.File(io.BytesIO(archive.read(WEIGHTS_MEMBER)), "r") as file:
            return _arrays_in(file)


def _arrays_in(file: Any) -> dict[str, np.ndarray]:
    """Return the data sets as ``<layer>/<variable>``; newer files number variables and tell the layer's name aside."""
    import h5py

    arrays: dict[str, np.ndarray] = {}

    def visit(path: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu":
            return
        if item.external or item.is_virtual:
            raise NotTensorsError(f"{path} refers to other files")
        if item.nbytes + sum(array.nbytes for array in arrays.values()) > MAX_BYTES:
            raise NotTensorsError(f"it unpacks to more than {MAX_BYTES:,} bytes")
        parts = path.split("/")
        if len(parts) > 2 and parts[-2] == "vars":
            layer = str(item.parent.attrs.get("name", parts[-3]))
            count = len(item.parent)
            variable = NUMBERED[count][int(parts[-1])] if count in NUMBERED else parts[-1]
        elif len(parts) > 1:
            layer, variable = parts[-2], parts[-1].removesuffix(":0")
        else:
            return
        if f"{layer}/{variable}" in arrays:
            raise NotTensorsError(f"{layer}/{variable} occurs there twice")
        arrays[f"{layer}/{variable}"] = np.asarray(item)

    file.visititems(visit)
    return arrays


TENSOR_FILE = TensorFile("keras", (".h5", ".keras"), _read)
