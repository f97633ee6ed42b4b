"""The state of a training, on disk as plain arrays: a killed run resumes after its last whole epoch.

A checkpoint is a ZIP file of ``.npy`` members, which ``numpy.load`` reads, and one JSON member. It takes the place of
the one before by rename.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fecemo.data.durable import atomic_file
from fecemo.errors import StoredStateError
from fecemo.training.history import EpochRecord

STATE_NAME = "state.json"
DAMAGE = (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, NotImplementedError)
"""What reading a checkpoint raises that does not hold what was written."""


@dataclass
class Progress:
    """How far a training has come."""

    phase: int = 0  #: Index of the phase that is running.
    epoch: int = 0  #: Epochs of it that are finished.
    records: list[EpochRecord] = field(default_factory=list)  #: Of all finished epochs, earlier phases first.
    seconds: float = 0.0  #: Wall clock of the work so far.


def write_checkpoint(path: Path, digest: str, progress: Progress, variables: Sequence[Any]) -> None:
    """Store the state of a training.

    Parameters
    ----------
    digest : str
        Of everything that shapes the training: settings, inputs, backend.
    variables : sequence of keras.Variable
        The model's first, then the optimizer of the running phase.

    Raises
    ------
    ResourceError
        If the disk is full; the checkpoint before stays.
    """
    state = {"digest": digest, "progress": asdict(progress), "variables": [variable.path for variable in variables]}
    with atomic_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(STATE_NAME, json.dumps(state))
        for number, variable in enumerate(variables):
            # One variable at a time: a copy of all of them would not fit beside the networks.
            with archive.open(_member(number), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, keras.ops.convert_to_numpy(variable.value), allow_pickle=False)


class Checkpoint:
    """A stored state, opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            state = json.loads(archive.read(STATE_NAME))
        self.digest: str = state["digest"]
        self.variables: list[str] = state["variables"]
        records = [EpochRecord(**record) for record in state["progress"].pop("records")]
        self.progress = Progress(**state["progress"], records=records)

    def restore(self, variables: Sequence[Any], first: int = 0) -> None:
        """Put stored arrays back into variables, from the ``first`` stored one on.

        Raises `StoredStateError` if an array is damaged, or has another shape than its variable.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                for number, variable in enumerate(variables, first):
                    with archive.open(_member(number)) as member:
                        variable.assign(np.lib.format.read_array(member, allow_pickle=False))
        except DAMAGE as error:
            raise StoredStateError(f"{self.path} is damaged ({error}): remove it and run the same command again; the "
                                   "training then begins anew") from error


def find_checkpoint(path: Path, digest: str) -> tuple[Checkpoint | None, str]:
    """Return the checkpoint from which to resume, or None and why there is none (``""`` where none was stored)."""
    try:
        checkpoint = Checkpoint(path)
    except FileNotFoundError:
        return None, ""
    except DAMAGE as error:
        return None, f"{path} cannot be read ({error})"
    if checkpoint.digest != digest:
        return None, f"{path} belongs to other settings, inputs or another backend"
    return checkpoint, ""


def _member(number: int) -> str:
    return f"{number:04d}.npy"
