"""How a record is stored: a JSON object of its fields, beside the name of its format."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from fecemo.data.documents import build, read_json
from fecemo.data.durable import atomic_write
from fecemo.errors import InputError, StoredStateError

T = TypeVar("T")


def write_stored(path: Path, format: str, record: Any) -> None:
    """Write a dataclass. Raises `ResourceError` where the disk refuses."""
    atomic_write(path, json.dumps({"format": format, **asdict(record)}, indent=1, allow_nan=False) + "\n")


def read_stored(path: Path, format: str, kind: type[T], stage: str) -> T:
    """Read what `write_stored` wrote.

    Raises
    ------
    StoredStateError
        If the file is missing, damaged or of another format; it names the stage that is to run again.
    """
    try:
        document = read_json(path)
        if (found := document.pop("format", None)) != format:
            raise InputError(f"{path} has the format {found!r}, expected {format!r}")
        return build(kind, document, str(path))
    except InputError as error:
        raise StoredStateError(f"{error}; run the {stage} stage again") from error
