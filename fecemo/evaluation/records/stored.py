"""Records as JSON files: each kind has one name, one format, and one stage that writes it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

from fecemo.data.documents import build, read_json
from fecemo.data.durable import atomic_write
from fecemo.errors import InputError, StoredStateError

T = TypeVar("T")


@dataclass(frozen=True)
class RecordFile(Generic[T]):
    """A file that holds one record, and its format beside it."""

    name: str  #: Such as ``"score.json"``.
    format: str  #: Such as ``"fecemo.score/5"``: another number whenever what ``kind`` holds, or means, changes.
    kind: type[T]  #: Frozen dataclass of the record.
    stage: str  #: Writes it.

    def write(self, folder: Path, record: T) -> str:
        """Write a record, and return the file's name. Raises `ResourceError` where the disk refuses."""
        document = {"format": self.format, **asdict(record)}  # type: ignore[call-overload]
        atomic_write(folder / self.name, json.dumps(document, indent=1, allow_nan=False) + "\n")
        return self.name

    def read(self, folder: Path) -> T:
        """Return the record.

        Raises `StoredStateError` if the file is missing, damaged or of another format; it names the stage that is to
        run again.
        """
        path = folder / self.name
        try:
            document = read_json(path)
            if (stored := document.pop("format", None)) != self.format:
                raise InputError(f"{path} has the format {stored!r}, expected {self.format!r}")
            return build(self.kind, document, str(path))
        except InputError as error:
            raise StoredStateError(f"{error}; run the {self.stage} stage again") from error
