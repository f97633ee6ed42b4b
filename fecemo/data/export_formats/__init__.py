"""Export formats: ways to lay encoded faces out on a disk for other tools. A module here holds an `EXPORT_FORMAT`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.errors import StoredStateError
from fecemo.registry import Registry


@dataclass(frozen=True)
class ExportedFaces:
    """The faces of a dataset that are exported."""

    rows: np.ndarray  #: Of shape (n,), int64. Rows of the dataset, ascending.
    dataset: Dataset  #: What they are of.
    suffix: str  #: ``".png"`` or ``".jpg"``.
    per_file: int  #: Most faces in a file of many.
    #: ``encoded(rows)`` yields the image file of each of these rows, bytes, a few at a time; it counts progress.
    encoded: Callable[[np.ndarray], Iterator[bytes]]
    passed: Callable[[int], object]  #: ``passed(n)`` counts faces that an interrupted run had written.

    def faces(self, rows: np.ndarray) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield `Dataset.record` and image of these rows."""
        for row, image in zip(rows.tolist(), self.encoded(rows), strict=True):
            yield self.dataset.record(row), image

    def files(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield ``test-00003-of-00012`` and the rows that belong there: no split is mixed with another."""
        splits = self.dataset.splits[self.rows]
        for split in np.unique(splits).tolist():
            rows = self.rows[splits == split]
            count = -(-len(rows) // self.per_file)
            for number in range(count):
                yield (f"{file_part(split or 'faces')}-{number:05d}-of-{count:05d}",
                       rows[number * self.per_file : (number + 1) * self.per_file])


@dataclass(frozen=True)
class ExportFormat:
    """A way to lay faces out."""

    name: str  #: Key on the command line, such as ``"webdataset"``.
    about: str  #: One line for people.
    #: ``write(folder, faces)`` writes `ExportedFaces` and returns the names of files that, between them, hold the bytes
    #: or the digest of every face. If interrupted, a rerun with the same faces ends with the same files.
    write: Callable[[Path, ExportedFaces], list[str]]
    needs: tuple[str, ...] = ()  #: Packages, beyond what is always installed, without which it cannot write.


export_formats = Registry[ExportFormat]("fecemo.data.export_formats", "EXPORT_FORMAT", "export format")


def file_part(text: str) -> str:
    """Return an id, label or split that may be part of a file's name.

    Raises `StoredStateError` if it could lead out of the folder: a dataset may come from anybody.
    """
    if re.fullmatch(r"\w[\w -]{0,99}", text) is None:
        raise StoredStateError(f"{text[:99]!r} in the dataset's index cannot be part of a file's name: expected "
                               "letters, digits, underscores, blanks and dashes; import the faces again")
    return text
