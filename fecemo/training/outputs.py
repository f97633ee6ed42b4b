"""Write what a network makes of faces to disk as it comes, without holding it in memory."""

import math
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from fecemo.data.durable import atomic_file
from fecemo.progress import progress
from fecemo.training.order import padded_batches
from fecemo.training.vector_feed import Feed


def outputs(network: keras.Model, feed: Feed, batch_size: int) -> Iterator[np.ndarray]:
    """Yield the network's outputs for every face of a feed, in order, in arrays of shape (n, *output), float32."""
    for pixels, _, n in feed.batches(padded_batches(np.arange(len(feed)), batch_size, feed.devices)):
        yield np.asarray(network.predict_on_batch(pixels))[:n].astype(np.float32, copy=False)


def write_outputs(path: Path, network: keras.Model, feed: Feed, batch_size: int, title: str) -> int:
    """Write a network's outputs for every face of a feed to a ``.npy`` file of shape (len(feed), d), float32.

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
              "shape": (len(feed), length)}
    with atomic_file(path) as file, progress(len(feed), title, "face") as bar:
        np.lib.format.write_array_header_2_0(file, header)
        for values in outputs(network, feed, batch_size):
            file.write(np.ascontiguousarray(values).data)
            bar.update(len(values))
    return length
