"""Memory where the backend computes: what a training will need, what is free, and what to say when it runs out."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from fecemo.errors import InputError, ResourceError, nearest
from fecemo.machine import available_memory, gibibytes
from fecemo.training.backend import backend_module, backend_name, device

FLOAT_BYTES = 4
NUMBER_BYTES = {"float32": 4, "mixed_bfloat16": 2}
"""Of what layers compute, by precision; weights are float32 always."""

TOGETHER = ("torch",)
"""Backends whose optimizers, in Keras, go through all weights in one sweep for each operation."""

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


@dataclass(frozen=True)
class MemoryNeed:
    """An estimate of the bytes one phase takes, from below: what is certain to be held at once."""

    parameters: int  #: Weights of all networks.
    trainable: int  #: Those that learn in the phase.
    activations: int  #: Numbers that the layers give for one face.
    slots: int  #: Numbers the optimizer keeps for each weight that learns.
    at_once: int = 0  #: Weights that are updated together; see `updated_at_once`.
    kept: float = 0.0  #: Bytes of faces kept in memory.
    number_bytes: int = FLOAT_BYTES  #: Of an activation.

    def bytes(self, batch_size: int) -> float:
        """Return the bytes.

        Weights; a gradient and the slots for each that learns; two more copies of those that are updated together, or
        stored; and activations twice.
        """
        weights = self.parameters + self.trainable * (1 + self.slots) + 2 * self.at_once
        return FLOAT_BYTES * weights + self.number_bytes * 2.0 * batch_size * self.activations + self.kept


def updated_at_once(layers: Iterable[int]) -> int:
    """Return how many weights are updated together: those of the largest layer, or with PyTorch those of all.

    Parameters
    ----------
    layers : iterable of int
        Weights of each layer that learns.
    """
    return sum(layers) if backend_name() in TOGETHER else max(layers, default=0)


def refuse_too_large(need: MemoryNeed, batch_size: int, available: float | None, where: str) -> None:
    """Stop before the machine does.

    Parameters
    ----------
    available : float or None
        Bytes; None where that is not known, and then nothing is refused.
    where : str
        What the message begins with.

    Raises
    ------
    ResourceError
        If the need is above what is available; the message suggests what would fit.
    """
    if available is None or need.bytes(batch_size) <= available:
        return
    smaller = batch_size // 2
    while smaller and need.bytes(smaller) > available:
        smaller //= 2
    advice = (f"set batch_size to {smaller}" if smaller else
              "no batch fits: set a smaller face_side or smaller sizes under model, or take a larger machine")
    raise ResourceError(f"{where} needs about {gibibytes(need.bytes(batch_size))} of memory at batch_size {batch_size} "
                        f"({need.trainable:,} weights that learn), and {gibibytes(available)} are free: {advice}")


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

    Raises `InputError` if the environment variable ``FECEMO_FACES_ON`` is neither ``device`` nor ``disk``.
    """
    place = os.environ.get(FACES_VARIABLE)
    if place:
        if place not in FACES_PLACES:
            raise InputError(f"{FACES_VARIABLE} is {place!r}: {nearest(place, FACES_PLACES)}")
        return place == "device"
    free, passed_through = free_device_memory(), available_memory()
    return free is not None and size <= DEVICE_SHARE * free and (passed_through is None or size <= passed_through)


@contextmanager
def out_of_memory_explained(where: str, batch_size: int, accumulate: int = 1) -> Iterator[None]:
    """Turn a backend's error of too little memory into one that a user can act on.

    Parameters
    ----------
    where : str
        What the message begins with.
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
    message = str(error).lower()
    return (any(kind.__name__ in OUT_OF_MEMORY_CLASSES for kind in type(error).__mro__)
            or any(phrase in message for phrase in OUT_OF_MEMORY_PHRASES))


def _free_of_tensorflow(tensorflow: Any) -> float | None:
    # TensorFlow takes nearly all of a device for itself, and only this list says how much it took.
    listed = import_module("tensorflow.python.client.device_lib").list_local_devices()
    limits = [device.memory_limit for device in listed if device.device_type == "GPU"]
    if not limits:
        return None
    return float(limits[0] - tensorflow.config.experimental.get_memory_info("GPU:0")["current"])


def _free_of_jax(jax: Any) -> float | None:
    stats = jax.local_devices()[0].memory_stats() or {}
    return float(stats["bytes_limit"] - stats["bytes_in_use"]) if "bytes_limit" in stats else None


def _free_of_torch(torch: Any) -> float | None:
    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    return float(free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated())


_FREE: dict[str, Callable[[Any], float | None]] = {
    "tensorflow": _free_of_tensorflow, "jax": _free_of_jax, "torch": _free_of_torch}
