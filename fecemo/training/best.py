"""The best epoch of a phase, by its validation loss: when to stop, and the weights to keep.

Which epoch is best, and whether it is time to stop, follows from the learning curve alone, so that a resumed run
decides as an unbroken one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fecemo.errors import StoredStateError
from fecemo.training.checkpoint import Progress, find_checkpoint, write_checkpoint
from fecemo.training.history import EpochRecord

BEST_PATTERN = "best_*.npz"


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
