"""The files of a dataset: what each holds, and how it is written and read.

``faces.npy`` and ``faces.csv`` say what each face is, ``annotations.csv`` what people said of it, ``dataset.json``
which classes there are, in their order, and of which type each annotation is, and ``rejects.csv`` which faces could not
be stored, and why.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from fecemo.data.durable import atomic_file, atomic_write, csv_file, explained
from fecemo.data.stored_faces import FACE_SHAPE, FACES_NAME
from fecemo.errors import StoredStateError, nearest
from fecemo.progress import progress

INDEX_NAME = "faces.csv"
ANNOTATIONS_NAME = "annotations.csv"
"""Row and annotations of every face; only where there are annotations."""
DESCRIPTION_NAME = "dataset.json"
REJECTS_NAME = "rejects.csv"
FORMAT = "fecemo.dataset/1"

ENTRY_COLUMNS = ("id", "address", "left", "right", "top", "bottom")
INDEX_COLUMNS = ("row", *ENTRY_COLUMNS, "sha256")
REJECT_COLUMNS = (*ENTRY_COLUMNS, "reason", "detail")
"""Of ``rejects.csv``; a column for each annotation follows."""

ColumnType = Literal["label", "split", "text", "number"]
"""``label``: a class's name; ``split``: train, valid or test; ``text``: any other words, kept as they are;
``number``: float32, NaN where it is not known."""


@dataclass(frozen=True)
class FaceEntry:
    """One face of a dataset, as the plan of a writer asks for it."""

    id: str  #: Digest of address and box: two faces of one photograph are two faces.
    address: str  #: Where the photograph came from; of an imported image its path relative to the imported folder.
    #: `left`, `right`, `top`, `bottom`: The face's box as fractions of the photograph's width and height.
    left: float = 0.0
    right: float = 1.0
    top: float = 0.0
    bottom: float = 1.0
    #: What is known of it, by column; ``""`` or no key where nothing is.
    annotations: Mapping[str, str] = field(default_factory=dict)


Rejected = tuple[FaceEntry, str, str]
"""A face that is not stored, a short fixed reason, and a detail."""


@dataclass(frozen=True)
class Description:
    """What ``dataset.json`` says."""

    #: Names of the classes, in the order of their codes; empty where nothing is labelled.
    classes: tuple[str, ...] = ()
    #: Type of each annotation, in the order of ``annotations.csv``.
    columns: Mapping[str, ColumnType] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes) or not all(self.classes):
            raise ValueError(f"the classes {list(self.classes)} are not different names")
        for name, kind in self.columns.items():
            if kind not in get_args(ColumnType):
                raise ValueError(f"the column {name!r} is of the type {kind!r}, "
                                 f"{nearest(str(kind), get_args(ColumnType))}")

    def as_json(self) -> str:
        """Return the document's text."""
        document = {"format": FORMAT, "classes": list(self.classes), "columns": dict(self.columns)}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_description(folder: Path) -> Description:
    """Return the classes and columns of a dataset without opening its faces.

    Raises `StoredStateError` if the file is missing or damaged.
    """
    path = folder / DESCRIPTION_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT:
            raise ValueError(f"expected the format {FORMAT}")
        return Description(tuple(document["classes"]), document["columns"])
    except FileNotFoundError as error:
        raise StoredStateError(f"{path} is missing: {folder} holds no dataset; run its fetch or import") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoredStateError(f"{path} is damaged: {error}; run the fetch or import that made it again") from error


def digest_face(face: np.ndarray) -> str:
    """Return the sha256 of one face's bytes."""
    return hashlib.sha256(np.ascontiguousarray(face).data).hexdigest()


def read_table(path: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the cells of each column. Raises `ValueError` where the rows are not numbered from 0 on."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        heading = next(reader, [])
        if heading != list(columns):
            raise ValueError(f"{path.name} has the columns {heading}, expected {list(columns)}")
        cells: list[list[str]] = [[] for _ in columns]
        for number, line in enumerate(reader):
            if len(line) != len(columns) or line[0] != str(number):
                raise ValueError(f"{path.name}, row {number} after the heading: expected {len(columns)} cells and the "
                                 f"number {number}, found {','.join(line)[:80]!r}")
            for column, cell in zip(cells, line, strict=True):
                column.append(cell)
    return dict(zip(columns, cells, strict=True))


def write_faces(folder: Path, n_faces: int, faces: Iterable[tuple[bytes, str]]) -> str:
    """Write ``faces.npy`` from the bytes and digest of each face; return the sha256 of the digests, a line each."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (n_faces, *FACE_SHAPE)}
    digest = hashlib.sha256()
    with atomic_file(folder / FACES_NAME) as file, progress(n_faces, "dataset: write", "face") as bar:
        np.lib.format.write_array_header_1_0(file, header)
        for face, sha256 in faces:
            file.write(face)
            digest.update(f"{sha256}\n".encode())
            bar.update()
    return digest.hexdigest()


def write_tables(folder: Path, description: Description, stored: Callable[[], Iterable[tuple[FaceEntry, str]]],
                 rejected: Iterable[Rejected]) -> list[str]:
    """Write all tables of a dataset, and return the files' names.

    ``stored()`` gives every stored face and the digest of its bytes, in order; ``rejected`` every other face, the
    reason and a detail.
    """
    names = tuple(description.columns)
    _write_csv(folder / INDEX_NAME, INDEX_COLUMNS,
               ((row, *_values(entry), sha256) for row, (entry, sha256) in enumerate(stored())))
    with explained(folder):
        (folder / ANNOTATIONS_NAME).unlink(missing_ok=True)
    if names:
        _write_csv(folder / ANNOTATIONS_NAME, ("row", *names), (
            (row, *_annotations(entry, names)) for row, (entry, _) in enumerate(stored())))
    write_rejects(folder, names, rejected)
    atomic_write(folder / DESCRIPTION_NAME, description.as_json())
    return [INDEX_NAME, *([ANNOTATIONS_NAME] if names else []), REJECTS_NAME, DESCRIPTION_NAME]


def write_rejects(folder: Path, names: Sequence[str], rejected: Iterable[Rejected]) -> None:
    """Write ``rejects.csv``, with a column for each annotation."""
    _write_csv(folder / REJECTS_NAME, (*REJECT_COLUMNS, *names), (
        (*_values(entry), reason, detail, *_annotations(entry, names)) for entry, reason, detail in rejected))


def _values(entry: FaceEntry) -> list[Any]:
    return [getattr(entry, column) for column in ENTRY_COLUMNS]


def _annotations(entry: FaceEntry, names: Sequence[str]) -> list[str]:
    return [entry.annotations.get(name, "") for name in names]


def _write_csv(path: Path, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    with csv_file(path, columns) as writer:
        writer.writerows(rows)
