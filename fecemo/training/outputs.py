"""Write what a model makes of faces to disk as it comes, without holding it in memory."""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import keras
import numpy as np

from fecemo.data.durable import atomic_file
from fecemo.progress import progress
from fecemo.training.loader import Loader
from fecemo.training.order import padded_batches


def outputs(model: keras.Model, loader: Loader, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the outputs for every row of a loader, in order: by name, arrays of shape (n, *output), float32."""
    for batch, _, n in loader.batches(padded_batches(np.arange(len(loader)), batch_size, loader.devices)):
        yield {name: np.asarray(values)[:n].astype(np.float32, copy=False)
               for name, values in model.predict_on_batch(batch).items()}


def write_outputs(paths: Mapping[str, Path], model: keras.Model, loader: Loader, batch_size: int,
                  title: str) -> dict[str, int]:
    """Write outputs for every row of a loader to ``.npy`` files of shape (len(loader), d), float32.

    Parameters
    ----------
    paths : mapping of str to Path
        By output of the model; it has no others.
    title : str
        Of the progress line.

    Returns
    -------
    dict of str to int
        d of each output, the length of one face's flattened output.

    Raises
    ------
    ResourceError
        If the disk is full; what was at the paths is untouched.
    """
    lengths = {name: math.prod(model.output[name].shape[1:]) for name in paths}
    with ExitStack() as opened, progress(len(loader), title, "face") as bar:
        files = {name: opened.enter_context(atomic_file(path)) for name, path in paths.items()}
        for name, file in files.items():
            np.lib.format.write_array_header_2_0(file, {
                "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False,
                "shape": (len(loader), lengths[name])})
        for values in outputs(model, loader, batch_size):
            for name, file in files.items():
                file.write(np.ascontiguousarray(values[name]).data)
            bar.update(len(next(iter(values.values()))))
    return lengths
