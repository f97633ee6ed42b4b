"""A dataset as it is read: rows of faces with named columns."""

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fecemo.data.arrays import read_array
from fecemo.data.copies import COPIES_NAME, FINGERPRINTS_NAME, Fingerprints
from fecemo.data.dataset_files import (
    ANNOTATIONS_NAME,
    DESCRIPTION_NAME,
    INDEX_COLUMNS,
    INDEX_NAME,
    digest_face,
    read_description,
    read_table,
)
from fecemo.data.receipts import Receipt, open_output, read_receipt
from fecemo.data.splits import SPLITS
from fecemo.data.stored_faces import FACE_SHAPE, FACES_NAME, Faces, open_faces
from fecemo.errors import InputError, StoredStateError, nearest
from fecemo.progress import progress

if TYPE_CHECKING:
    import pandas as pd


class Dataset:
    """A finished dataset: ``dataset["valence"]`` is a column of its faces.

    Raises `StoredStateError` if the dataset is missing, unfinished or damaged.

    Parameters
    ----------
    folder : Path
        Holds ``faces.npy``, ``faces.csv``, ``dataset.json`` and ``receipt.json``. One that was joined of several holds
        ``shards.json`` and ``places.npy`` instead of faces.

    Attributes
    ----------
    faces : memmap of shape (n, 200, 200, 3), uint8
        RGB, read-only; `ShardedFaces` for a joined dataset.
    ids, addresses : ndarray of shape (n,), str
        Id of each face, and where its photograph came from.
    boxes : ndarray of shape (n, 4), float64
        Left, right, top, bottom as fractions of the photograph.
    sha256 : ndarray of shape (n,), str
        Digest of each face's bytes.
    classes : tuple of str
        Names of the classes in the order of their codes; empty where nothing is labelled.
    columns : mapping of str to {"label", "split", "text", "number"}
        The annotations and their types.
    receipt : Receipt
    """

    def __init__(self, folder: Path) -> None:
        receipt = read_receipt(folder)
        if receipt is None:
            raise StoredStateError(f"{folder} is not a finished dataset (no receipt.json); "
                                   "run its fetch or import again")
        for name in receipt.outputs:
            if name in (INDEX_NAME, ANNOTATIONS_NAME, DESCRIPTION_NAME):  # each face has a digest: `damaged_rows`
                open_output(folder, name)
        description = read_description(folder)
        try:
            self.faces: Faces = open_faces(folder)
            index = read_table(folder / INDEX_NAME, INDEX_COLUMNS)
            annotations = read_table(folder / ANNOTATIONS_NAME, ("row", *description.columns)) if (
                description.columns) else {"row": index["row"]}
            self.boxes = np.array([index[side] for side in ("left", "right", "top", "bottom")], np.float64).T
        except FileNotFoundError as error:
            raise StoredStateError(f"{folder} is not a dataset: {error.filename} is missing") from error
        except (ValueError, TypeError, KeyError, EOFError) as error:
            raise StoredStateError(f"{folder} is damaged: {error}") from error
        n = len(index["row"])
        if len(annotations["row"]) != n:
            raise StoredStateError(f"{folder} is damaged: {ANNOTATIONS_NAME} has {len(annotations['row'])} rows, "
                                   f"{INDEX_NAME} {n}")
        if self.faces.shape != (n, *FACE_SHAPE) or self.faces.dtype != np.uint8:
            raise StoredStateError(
                f"{folder} is damaged: {FACES_NAME} holds {self.faces.dtype} of shape {self.faces.shape}, "
                f"{INDEX_NAME} asks for uint8 of shape {(n, *FACE_SHAPE)}"
            )
        self.folder = folder
        self.receipt: Receipt = receipt
        self.classes = description.classes
        self.columns = description.columns
        self.ids = np.array(index["id"], dtype=str)
        self.addresses = np.array(index["address"], dtype=str)
        self.sha256 = np.array(index["sha256"], dtype=str)
        self._annotations = {name: np.array(cells, dtype=str) for name, cells in annotations.items() if name != "row"}

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return an annotation, shape (n,): float32 with NaN for a number, else str with ``""``, where it is not known.

        Raises `InputError` if there is no such column.
        """
        if name not in self.columns:
            raise InputError(f"{self.folder} has no column {name!r}: " + (
                nearest(name, self.columns) if self.columns else "it has no annotations"))
        cells = self._annotations[name]
        if self.columns[name] != "number":
            return cells
        try:
            return np.array([float(cell) if cell else math.nan for cell in cells.tolist()], np.float32)
        except ValueError as error:
            raise StoredStateError(f"{self.folder / ANNOTATIONS_NAME}: the column {name!r} holds numbers, but "
                                   f"{error}; import the faces again") from error

    @property
    def labels(self) -> np.ndarray:
        """Class of each face, ``""`` where none is known: ndarray of shape (n,), str."""
        return self["label"] if "label" in self.columns else np.zeros(len(self), dtype="<U1")

    @property
    def splits(self) -> np.ndarray:
        """Split of each face, ``""`` where it is in none: ndarray of shape (n,), str.

        Raises `StoredStateError` for any other: nobody would know whether its labels may be learned from.
        """
        splits = self["split"] if "split" in self.columns else np.zeros(len(self), dtype="<U1")
        if (unknown := np.flatnonzero(~np.isin(splits, [*SPLITS, ""]))).size:
            raise StoredStateError(f"{self.folder / ANNOTATIONS_NAME}: row {unknown[0]} has the split "
                                   f"{str(splits[unknown[0]])!r}, {nearest(str(splits[unknown[0]]), SPLITS)}")
        return splits

    def label_codes(self, name: str = "label") -> np.ndarray:
        """Return the class of each face, in a column of the type ``label``, as its position in `classes`, -1 for none.

        Shape (n,), int32. Raises `StoredStateError` if a label is none of the classes.
        """
        code_of = {"": -1, **{name: code for code, name in enumerate(self.classes)}}
        labels = self[name].tolist() if name in self.columns else [""] * len(self)
        for row, label in enumerate(labels):
            if label not in code_of:
                raise StoredStateError(f"{self.folder / ANNOTATIONS_NAME}: row {row} has the label {label!r}, "
                                       f"{nearest(label, self.classes)}")
        return np.array([code_of[label] for label in labels], np.int32)

    @cached_property
    def copies(self) -> np.ndarray:
        """The first row of which each face is a copy, or its own: ndarray of shape (n,), int64.

        Where nobody has looked for copies, of equal pixels alone.
        """
        if f"{COPIES_NAME}.npy" in self.receipt.outputs:
            return np.asarray(read_array(self.folder, COPIES_NAME, self.receipt.stage, length=len(self)))
        _, first, members = np.unique(self.sha256, return_index=True, return_inverse=True)
        return np.asarray(first[members], np.int64)

    @cached_property
    def fingerprints(self) -> np.ndarray:
        """What each picture is recognised by: ndarray of shape (n, 272), uint8; see `fecemo.data.copies`.

        As the import stage stores it; of other datasets it is computed, for which every face is read.
        """
        if f"{FINGERPRINTS_NAME}.npy" in self.receipt.outputs:
            return read_array(self.folder, FINGERPRINTS_NAME, self.receipt.stage, length=len(self))
        prints = Fingerprints(len(self))
        with progress(len(self), f"{self.folder.name}: look at faces", "face") as bar:
            for row in range(len(self)):
                prints.add(row, self.faces[row], str(self.sha256[row]))
                bar.update()
        return prints.packed

    def copied_from(self, further: "Dataset", rows: np.ndarray) -> np.ndarray:
        """Tell of each face whether it is a copy of one of some faces of another dataset.

        Ids tell nothing here: that of an imported
        face is of its path within a folder, which other folders have too.

        Parameters
        ----------
        rows : ndarray of shape (m,), int64
            Of the further dataset.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        copies, others = copies_between([self, further], [np.arange(len(self)), rows])
        return np.isin(copies, others)

    def people(self, column: str) -> tuple[np.ndarray, int | None]:
        """Return what stays whole when faces are divided, and the number of people where they are known.

        Parameters
        ----------
        column : str
            Says whose face it is; where it is empty, or there is none, copies of a picture belong together.

        Returns
        -------
        ndarray of shape (n,), str
        """
        pictures = np.char.add("picture ", self.copies.astype(str))
        if column not in self.columns:
            return pictures, None
        known = np.array([f"{name:g}" if self.columns[column] == "number" and np.isfinite(name) else
                          "" if self.columns[column] == "number" else str(name) for name in self[column]])
        return np.where(known == "", pictures, np.char.add("person ", known)), len(np.unique(known[known != ""]))

    def rows_in(self, *splits: str) -> np.ndarray:
        """Return the rows of the named splits, in ascending order, as int64."""
        return np.flatnonzero(np.isin(self.splits, splits))

    def learnable_rows(self, *splits: str) -> np.ndarray:
        """Return the rows of the named splits of which no copy is in the test split, ascending, as int64.

        A set that comes divided may hold a picture in two of its parts; then the test keeps it.
        """
        rows = self.rows_in(*splits)
        return rows[~np.isin(self.copies[rows], self.copies[self.rows_in("test")])]

    @property
    def naming_faces(self) -> np.ndarray:
        """Faces whose labels may name clusters: the labelled ones of the train split. Shape (n,), bool."""
        faces = np.zeros(len(self), bool)
        faces[self.learnable_rows("train")] = True
        return faces & (self.labels != "")

    def record(self, row: int) -> dict[str, Any]:
        """Return what the tables say of one face: id, address, box and annotations, None for an unknown number."""
        sides = dict(zip(("left", "right", "top", "bottom"), self.boxes[row].tolist(), strict=True))
        cells = {name: str(self._annotations[name][row]) for name in self.columns}
        return {"id": str(self.ids[row]), "address": str(self.addresses[row]), **sides,
                **{name: cell if self.columns[name] != "number" else float(cell) if cell else None
                   for name, cell in cells.items()}}

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """DataFrame: A row a face: id, address, box, digest and every annotation, labels as categories in order."""
        import pandas as pd

        sides = dict(zip(("left", "right", "top", "bottom"), self.boxes.T, strict=True))
        columns: dict[str, Any] = {"id": self.ids, "address": self.addresses, **sides, "sha256": self.sha256}
        columns |= {name: self[name] for name in self.columns}
        frame = pd.DataFrame(columns)
        for name, kind in self.columns.items():
            if kind == "label":
                classes = pd.CategoricalDtype(list(self.classes))
                frame[name] = pd.Categorical.from_codes(self.label_codes(name), dtype=classes)
        return frame.rename_axis("row")

    def damaged_rows(self) -> list[int]:
        """Read every face and return the rows whose bytes are not those that were stored."""
        with progress(len(self), "dataset: check", "face") as bar:
            damaged = []
            for row, digest in enumerate(self.sha256.tolist()):
                if digest_face(self.faces[row]) != digest:
                    damaged.append(row)
                bar.update()
        return damaged


def copies_between(datasets: Sequence[Dataset], rows: Sequence[np.ndarray] | None = None) -> list[np.ndarray]:
    """Return numbers of the faces of several datasets, the same for copies of one picture, whichever they are in.

    Parameters
    ----------
    rows : sequence of ndarray of shape (m,), int64, optional
        Those to look at of each; all of them without it.

    Returns
    -------
    list of ndarray of shape (m,), int64
        Of each dataset.
    """
    rows = [np.arange(len(dataset)) for dataset in datasets] if rows is None else rows
    starts = np.cumsum([0, *map(len, rows)])
    prints = Fingerprints(int(starts[-1]))
    for dataset, of, start in zip(datasets, rows, starts.tolist(), strict=False):
        prints.add_packed(start, dataset.fingerprints[of], dataset.sha256[of])
    return np.split(prints.copies(), starts[1:-1])
