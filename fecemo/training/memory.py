"""What a training will need, before it starts, against what the machine has."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fecemo.errors import ResourceError
from fecemo.training.backend import backend_name

FLOAT_BYTES = 4
NUMBER_BYTES = {"float32": 4, "mixed_bfloat16": 2}
"""Of what layers compute, by precision; weights are float32 always."""

TOGETHER = ("torch",)
"""Backends whose optimizers, in Keras, go through all weights in one sweep for each operation."""


@dataclass(frozen=True)
class MemoryNeed:
    """An estimate of the bytes one phase takes, from below: what is certain to be held at once.

    Parameters
    ----------
    parameters : int
        Weights of all networks.
    trainable : int
        Those that learn in the phase.
    activations : int
        Numbers that the layers give for one face.
    slots : int
        Numbers the optimizer keeps for each weight that learns.
    at_once : int
        Weights that are updated together; see `updated_at_once`.
    kept : float
        Bytes of faces kept in memory.
    number_bytes : int
        Of an activation.
    """

    parameters: int
    trainable: int
    activations: int
    slots: int
    at_once: int = 0
    kept: float = 0.0
    number_bytes: int = FLOAT_BYTES

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
    need : MemoryNeed
    batch_size : int
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


def available_memory() -> float | None:
    """Return the bytes that this process may still take, or None where the system does not say."""
    found = [_free_in_machine(Path("/proc/meminfo")), _free_in_group(Path("/sys/fs/cgroup"))]
    return min((size for size in found if size is not None), default=None)


def gibibytes(size: float) -> str:
    """Return a size for a message, such as ``"7.8 GiB"``."""
    return f"{size / 2**30:.1f} GiB"


def _free_in_machine(path: Path) -> float | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def _free_in_group(folder: Path) -> float | None:
    """Return what a container's limit leaves. Pages of files count as used there, though they would make room."""
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        counts = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return None
    return None if limit == "max" else float(int(limit) - used + int(counts.get("inactive_file", 0)))
