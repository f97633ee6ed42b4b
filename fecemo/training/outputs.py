"""Write what a network makes of faces to disk as it comes, without holding it in memory."""

import math
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from fecemo.data.durable import atomic_file
from fecemo.progress import progress
from fecemo.training.loader import Loader
from fecemo.training.order import padded_batches


def outputs(network: keras.Model, loader: Loader, batch_size: int) -> Iterator[np.ndarray]:
    """Yield the network's outputs for every row of a loader, in order, in arrays of shape (n, *output), float32."""
    for batch, _, n in loader.batches(padded_batches(np.arange(len(loader)), batch_size, loader.devices)):
        values, = batch.values()
        yield np.asarray(network.predict_on_batch(values))[:n].astype(np.float32, copy=False)


def write_outputs(path: Path, network: keras.Model, loader: Loader, batch_size: int, title: str) -> int:
    """Write a network's outputs for every row of a loader to a ``.npy`` file of shape (len(loader), d), float32.

    Returns
    -------
    int
        d, the length of one face's flattened output.

    Raises
    ------
    ResourceError
        If the disk is full; what stood at ``path`` is untouched.
    """
    length = math.prod(network.output_shape[1:])
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False,
              "shape": (len(loader), length)}
    with atomic_file(path) as file, progress(len(loader), title, "face") as bar:
        np.lib.format.write_array_header_2_0(file, header)
        for values in outputs(network, loader, batch_size):
            file.write(np.ascontiguousarray(values).data)
            bar.update(len(values))
    return length
