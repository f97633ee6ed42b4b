"""The learning curve: a row an epoch, written while a network trains."""

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fecemo.data.durable import atomic_write
from fecemo.data.receipts import digest_json


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch gave.

    Parameters
    ----------
    phase : str
    epoch : int
        From 1.
    loss : float
        Mean over the epoch's faces, each at the weights of its own step.
    accuracy : float or None
        Likewise, of the examples that were right; None where the loss is no judge of that.
    seconds : float
        Wall clock of the learning.
    faces_per_second : float
        Examples, where these are of several faces.
    valid_loss, valid_accuracy : float or None
        On the examples that are held out, at the end of the epoch; None where there are none.
    """

    phase: str
    epoch: int
    loss: float
    accuracy: float | None
    seconds: float
    faces_per_second: float
    valid_loss: float | None = None
    valid_accuracy: float | None = None


def write_history(path: Path, records: list[EpochRecord]) -> None:
    """Write ``history.csv``, whole and by rename."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in asdict(record).items()}
                     for record in records)
    atomic_write(path, text.getvalue())


def digest_history(records: list[EpochRecord]) -> str:
    """Return a digest of what was learnt, without the times: equal for an equal run."""
    return digest_json([[record.phase, record.epoch, record.loss, record.accuracy,
                         *(value for value in (record.valid_loss, record.valid_accuracy) if value is not None)]
                        for record in records])
