"""The learning curve: a row an epoch, written while a network trains."""

import csv
import io
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from fecemo.data.durable import atomic_write
from fecemo.data.receipts import digest_json


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch gave."""

    phase: str
    epoch: int  #: From 1.
    loss: float  #: Mean over the epoch's faces, each at the weights of its own step.
    accuracy: float | None  #: Likewise, of the examples that were right; None where the loss is no judge of that.
    seconds: float  #: Wall clock of the learning.
    faces_per_second: float  #: Examples, where these are of several faces.
    #: `valid_loss`, `valid_accuracy`: On the examples that are held out, at the end of the epoch; None where there are
    #: none.
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    #: Loss and accuracy of each term: ``loss.OUTPUT.LOSS`` and ``accuracy.OUTPUT.LOSS``; those of the examples that are
    #: held out begin with ``valid_``. Each is the mean over the examples whose target is known.
    terms: dict[str, float] = field(default_factory=dict)


def write_history(path: Path, records: list[EpochRecord]) -> None:
    """Write ``history.csv``, whole and by rename; the terms of all phases are its last columns."""
    text = io.StringIO()
    known = [part.name for part in fields(EpochRecord) if part.name != "terms"]
    terms = list(dict.fromkeys(name for record in records for name in record.terms))
    writer = csv.DictWriter(text, [*known, *terms], lineterminator="\n", restval="")
    writer.writeheader()
    for record in records:
        document = asdict(record)
        document |= document.pop("terms")
        writer.writerow({name: "" if value is None else value for name, value in document.items()})
    atomic_write(path, text.getvalue())


def digest_history(records: list[EpochRecord]) -> str:
    """Return a digest of what was learnt, without the times: equal for an equal run."""
    return digest_json([[record.phase, record.epoch, record.loss, record.accuracy,
                         *(value for value in (record.valid_loss, record.valid_accuracy) if value is not None),
                         record.terms]
                        for record in records])
