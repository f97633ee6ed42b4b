"""A face pack as it is read: a memory-mapped array of faces and an index row a face."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from fecemo.data.receipts import Receipt, read_receipt
from fecemo.data.stored_faces import FACE_SHAPE, FACES_NAME, Faces, open_faces
from fecemo.errors import StoredStateError
from fecemo.progress import progress

INDEX_NAME = "faces.csv"
REJECTS_NAME = "rejects.csv"


@dataclass(frozen=True)
class FaceEntry:
    """What the index says of one face.

    Parameters
    ----------
    id : str
        Digest of URL and box: two faces of one photograph are two faces.
    url : str
        Where the photograph came from; for an imported image its path relative to the imported folder.
    left, right, top, bottom : float
        The face's box as fractions of the photograph's width and height.
    label : str
        Emotion, or ``""`` where none is known.
    split : str
        ``"train"``, ``"valid"`` or ``"test"``, or ``""`` for an unlabelled pack.
    """

    id: str
    url: str
    left: float = 0.0
    right: float = 1.0
    top: float = 0.0
    bottom: float = 1.0
    label: str = ""
    split: str = ""


ENTRY_COLUMNS = tuple(field.name for field in fields(FaceEntry))
INDEX_COLUMNS = ("row", *ENTRY_COLUMNS, "sha256")
REJECT_COLUMNS = (*ENTRY_COLUMNS, "reason", "detail")


class FacePack:
    """A finished face pack.

    Parameters
    ----------
    folder : Path
        Holds ``faces.npy``, ``faces.csv`` and ``receipt.json``. A pack that was joined of several holds
        ``shards.json`` and ``places.npy`` instead of faces.

    Attributes
    ----------
    faces : memmap of shape (n, 200, 200, 3), uint8
        RGB, read-only; `ShardedFaces` for a joined pack.
    entries : tuple of FaceEntry
        One a row of ``faces``.
    sha256 : tuple of str
        Digest of each row's bytes.
    receipt : Receipt

    Raises
    ------
    StoredStateError
        If the pack is missing, unfinished or its files disagree.
    """

    def __init__(self, folder: Path) -> None:
        receipt = read_receipt(folder)
        if receipt is None:
            raise StoredStateError(f"{folder} is not a finished face pack (no receipt.json); "
                                   "run its fetch or import again")
        try:
            self.faces: Faces = open_faces(folder)
            rows = list(_read_index(folder / INDEX_NAME))
        except FileNotFoundError as error:
            raise StoredStateError(f"{folder} is not a face pack: {error.filename} is missing") from error
        except (ValueError, TypeError, KeyError, EOFError) as error:
            raise StoredStateError(f"{folder} is damaged: {error}") from error
        if self.faces.shape != (len(rows), *FACE_SHAPE) or self.faces.dtype != np.uint8:
            raise StoredStateError(
                f"{folder} is damaged: {FACES_NAME} holds {self.faces.dtype} of shape {self.faces.shape}, "
                f"{INDEX_NAME} asks for uint8 of shape {(len(rows), *FACE_SHAPE)}"
            )
        self.folder = folder
        self.receipt: Receipt = receipt
        self.entries = tuple(entry for entry, _ in rows)
        self.sha256 = tuple(digest for _, digest in rows)

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def ids(self) -> np.ndarray:
        """The faces' ids: ndarray of shape (n,), str."""
        return np.array([entry.id for entry in self.entries], dtype=str)

    @cached_property
    def labels(self) -> np.ndarray:
        """Emotions, ``""`` where none is known: ndarray of shape (n,), str."""
        return np.array([entry.label for entry in self.entries], dtype=str)

    @cached_property
    def splits(self) -> np.ndarray:
        """Splits, ``""`` for an unlabelled pack: ndarray of shape (n,), str."""
        return np.array([entry.split for entry in self.entries], dtype=str)

    def rows_in(self, *splits: str) -> np.ndarray:
        """Return the rows of the named splits, in ascending order, as int64."""
        return np.flatnonzero(np.isin(self.splits, splits))

    def damaged_rows(self) -> list[int]:
        """Read every face and return the rows whose bytes are not those that were stored."""
        with progress(len(self), "pack: check", "face") as bar:
            damaged = []
            for row, digest in enumerate(self.sha256):
                if digest_face(self.faces[row]) != digest:
                    damaged.append(row)
                bar.update()
        return damaged


def digest_face(face: np.ndarray) -> str:
    """Return the sha256 of one face's bytes."""
    return hashlib.sha256(np.ascontiguousarray(face).data).hexdigest()


def _read_index(path: Path) -> Iterator[tuple[FaceEntry, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != INDEX_COLUMNS:
            raise ValueError(f"{path.name} has the columns {reader.fieldnames}, expected {list(INDEX_COLUMNS)}")
        for number, line in enumerate(reader):
            if int(line["row"]) != number:
                raise ValueError(f"{path.name} line {number + 2} names row {line['row']}, expected {number}")
            box = {side: float(line[side]) for side in ("left", "right", "top", "bottom")}
            entry = FaceEntry(id=line["id"], url=line["url"], label=line["label"], split=line["split"], **box)
            yield entry, line["sha256"]
