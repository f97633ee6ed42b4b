"""Memory of the device that computes: how much is free there, and whether an error says that it ran out."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from fecemo.errors import InputError, ResourceError, nearest
from fecemo.training.backend import backend_module, device
from fecemo.training.memory import available_memory

DEVICE_SHARE = 0.25
"""Of what is free on an accelerator, faces may take this share; the rest is for the network and its batches."""

FACES_VARIABLE = "FECEMO_FACES_ON"
FACES_PLACES = ("device", "disk")
"""What `FACES_VARIABLE` may say; without it the sizes decide."""

OUT_OF_MEMORY_CLASSES = ("ResourceExhaustedError", "OutOfMemoryError", "MemoryError")
"""Of TensorFlow, PyTorch's accelerators, and Python and NumPy."""
OUT_OF_MEMORY_PHRASES = ("resource_exhausted", "out of memory", "out_of_memory", "can't allocate memory",
                         "status_alloc_failed")
"""In errors of other classes: JAX's, CUDA's libraries', and PyTorch's on a CPU."""


def free_device_memory() -> float | None:
    """Return the bytes that an accelerator has free for this process; None on a CPU, or where it does not say."""
    if device() == "cpu":
        return None
    backend, module = backend_module()
    return _FREE[backend](module)


def free_memory() -> float | None:
    """Return the bytes that are free where the backend computes, or None where that is not known."""
    return available_memory() if device() == "cpu" else free_device_memory()


def fits_on_device(size: int) -> bool:
    """Tell whether faces of so many bytes are kept on the device: on a CPU never, unless the environment says so.

    Raises
    ------
    InputError
        If the environment variable ``FECEMO_FACES_ON`` is neither ``device`` nor ``disk``.
    """
    said = os.environ.get(FACES_VARIABLE)
    if said:
        if said not in FACES_PLACES:
            raise InputError(f"{FACES_VARIABLE} is {said!r}: {nearest(said, FACES_PLACES)}")
        return said == "device"
    free, passed_through = free_device_memory(), available_memory()
    return free is not None and size <= DEVICE_SHARE * free and (passed_through is None or size <= passed_through)


@contextmanager
def out_of_memory_explained(where: str, batch_size: int, accumulate: int = 1) -> Iterator[None]:
    """Turn a backend's error of too little memory into one that a user can act on.

    Parameters
    ----------
    where : str
        What the message begins with.
    batch_size : int
    accumulate : int
        Batches of an update of the weights.

    Raises
    ------
    ResourceError
        If the block ran out of memory, on whatever device; the message suggests a smaller batch.
    """
    try:
        yield
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        advice = (f"set batch_size to {batch_size // 2}; with accumulate: {2 * accumulate} the updates of the weights "
                  f"stay those of {accumulate * batch_size} faces" if batch_size > 1 else
                  "set a smaller face_side or smaller sizes under model, or take a larger device")
        raise ResourceError(f"{where} ran out of memory on {device()} at batch_size {batch_size}: {advice}") from error


def ran_out_of_memory(error: Exception) -> bool:
    """Tell whether an error of any backend says that memory ran out: by its class's name or its words."""
    said = str(error).lower()
    return (any(kind.__name__ in OUT_OF_MEMORY_CLASSES for kind in type(error).__mro__)
            or any(phrase in said for phrase in OUT_OF_MEMORY_PHRASES))


def _free_of_tensorflow(tensorflow: Any) -> float | None:
    # TensorFlow takes nearly all of a device for itself, and only this list says how much it took.
    listed = import_module("tensorflow.python.client.device_lib").list_local_devices()
    limits = [found.memory_limit for found in listed if found.device_type == "GPU"]
    if not limits:
        return None
    return float(limits[0] - tensorflow.config.experimental.get_memory_info("GPU:0")["current"])


def _free_of_jax(jax: Any) -> float | None:
    said = jax.local_devices()[0].memory_stats() or {}
    return float(said["bytes_limit"] - said["bytes_in_use"]) if "bytes_limit" in said else None


def _free_of_torch(torch: Any) -> float | None:
    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    return float(free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated())


_FREE: dict[str, Callable[[Any], float | None]] = {
    "tensorflow": _free_of_tensorflow, "jax": _free_of_jax, "torch": _free_of_torch}
