"""On how many devices a training runs, and how a batch comes to lie on them."""

import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from fecemo.errors import InputError, ResourceError
from fecemo.training.backend import backend_module

DISTRIBUTING = ("jax",)
"""Backends on which Keras shares a batch out among devices."""

_ACCELERATORS: dict[str, Callable[[Any], int]] = {
    "jax": lambda jax: 0 if jax.default_backend() == "cpu" else jax.local_device_count(),
    "tensorflow": lambda tensorflow: len(tensorflow.config.list_logical_devices("GPU")),
    "torch": lambda torch: torch.cuda.device_count(),
}


def use_devices(wanted: int | None) -> int:
    """Share every batch out among devices from here on, each with the weights whole (data parallel).

    Networks that are built afterwards live on all of them. The mean over a batch is the same on any number of
    devices but for the order in which floats are added.

    Parameters
    ----------
    wanted : int or None
        Devices; None takes all accelerators that the backend sees, or else the CPU as one.

    Returns
    -------
    int
        How many are used.

    Raises
    ------
    InputError
        If several are asked for and Keras cannot share out on this backend.
    ResourceError
        If the backend sees fewer.
    """
    backend, module = backend_module()
    accelerators = _ACCELERATORS[backend](module)
    if backend not in DISTRIBUTING:
        if wanted is not None and wanted > 1:
            raise InputError(f"devices: {wanted} are asked for, and with the backend {backend!r} Keras trains on one; "
                             f"set KERAS_BACKEND to {' or '.join(DISTRIBUTING)}, or devices to 1")
        if accelerators > 1 and wanted is None:
            print(f"{accelerators} accelerators are visible; with the backend {backend!r} Keras trains on one of them, "
                  f"with {' or '.join(DISTRIBUTING)} on all", file=sys.stderr)
        return 1
    count = wanted or max(accelerators, 1)
    names = keras.distribution.list_devices()
    if count > len(names):
        raise ResourceError(f"devices: {count} are asked for, and the backend {backend!r} sees {len(names)}: "
                            f"{', '.join(names)}")
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=names[:count], auto_shard_dataset=False) if count > 1 else None)
    return count


class Placement:
    """Where batches go: the default device, or shares of them to each device in use when this was made.

    Keras keeps what is in use for each thread by itself; a thread that reads ahead is told by this.
    """

    def __init__(self) -> None:
        self._distribution = keras.distribution.distribution()

    @property
    def devices(self) -> int:
        """int: Devices in use; a batch must be a multiple of them."""
        return 1 if self._distribution is None else self._distribution.num_model_replicas

    def share_out(self, batch: np.ndarray) -> Any:
        """Return a batch as a tensor, each device with its share of the rows."""
        if self._distribution is None:
            return ops.convert_to_tensor(batch)
        return keras.distribution.distribute_tensor(batch, self._distribution.get_data_layout(batch.shape))

    def put_whole(self, array: np.ndarray) -> Any:
        """Return an array as a tensor that every device has whole."""
        if self._distribution is None:
            return ops.convert_to_tensor(array)
        layout = keras.distribution.TensorLayout([None] * array.ndim, self._distribution.device_mesh)
        return keras.distribution.distribute_tensor(array, layout)
