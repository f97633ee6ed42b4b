"""The state of a training, on disk as plain arrays: a killed run resumes after its last whole epoch.

A checkpoint is a ZIP file of ``.npy`` members, which ``numpy.load`` reads, and one JSON member. It takes the place of
the one before by rename. Which epoch is best by its validation loss, and whether it is time to stop, follows from the
learning curve alone, so that a resumed run decides as an unbroken one.
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
BEST_PATTERN = "best_*.npz"


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


def best_epoch(records: Sequence[EpochRecord], phase: str) -> int:
    """Return the epoch, from 1, with a phase's least validation loss, the first of several; 0 before any."""
    of_phase = [record for record in records if record.phase == phase and record.valid_loss is not None]
    return min(of_phase, key=lambda record: record.valid_loss or 0.0).epoch if of_phase else 0


def out_of_patience(records: Sequence[EpochRecord], phase: str, patience: int | None) -> bool:
    """Tell whether a phase has gone on for ``patience`` epochs after its best one."""
    last = max((record.epoch for record in records if record.phase == phase), default=0)
    return patience is not None and last - best_epoch(records, phase) >= patience


def keep_best(folder: Path, digest: str, progress: Progress, phase: str, variables: Sequence[Any]) -> None:
    """Store the weights if the epoch that has just ended is the best so far.

    Those of the best epoch before stay until the checkpoint that knows of the new one is written: `drop_others`.
    """
    if best_epoch(progress.records, phase) == progress.epoch:
        write_checkpoint(_path(folder, progress.phase, progress.epoch), digest, progress, variables)


def drop_others(folder: Path, progress: Progress, phase: str) -> None:
    """Delete the weights of epochs that are no longer the best."""
    best = _path(folder, progress.phase, best_epoch(progress.records, phase))
    for path in folder.glob(BEST_PATTERN):
        if path != best:
            path.unlink(missing_ok=True)


def restore_best(folder: Path, digest: str, progress: Progress, phase: str, variables: Sequence[Any]) -> None:
    """Put the weights of a phase's best epoch back. Raises `StoredStateError` if they were lost."""
    path = _path(folder, progress.phase, best_epoch(progress.records, phase))
    checkpoint, why_not = find_checkpoint(path, digest)
    if checkpoint is None:
        raise StoredStateError(f"the weights of the best epoch are lost: {why_not or f'{path} is missing'}; delete "
                               f"the checkpoints in {folder} and run the train stage again")
    checkpoint.restore(variables)


def _path(folder: Path, phase: int, epoch: int) -> Path:
    return folder / BEST_PATTERN.replace("*", f"{phase}_{epoch}")
