"""What enters a cell's model: faces, what was measured on them, or what other rows give of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.stored_faces import Faces
from fecemo.errors import InputError, nearest
from fecemo.models.approach import IMAGE, PROBABILITIES_OF
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import Cell
from fecemo.study.faces.columns import RunFaces
from fecemo.study.faces.data_names import LANDMARK_FEATURES, of_landmarks

NOWHERE = -1


@dataclass(frozen=True)
class FaceVectors:
    """A vector for faces of a data set, read by their rows there."""

    values: np.ndarray  #: Of shape (m, d), float32. May be a memory map.
    #: Of shape (n,), int64. For each face of the data set, where its vector is; `NOWHERE` where it has none.
    places: np.ndarray
    trusted: np.ndarray  #: Of shape (n,), bool. Whether a face's vector may be learnt from. False where it has none.

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Tuple of int: Faces of the data set, and length of a vector."""
        return len(self.places), self.values.shape[1]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Any, /) -> np.ndarray:
        """Return the vectors of faces, of shape (len(rows), d), float32. Raises `IndexError` if one has none."""
        places = self.places[rows]
        if np.any(places == NOWHERE):
            raise IndexError(f"{np.count_nonzero(places == NOWHERE)} of {np.size(places)} faces have no vector")
        return np.asarray(self.values[places])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[np.arange(len(self))].astype(dtype or np.float32, copy=False)


@dataclass(frozen=True)
class FaceInputs:
    """What enters a cell's model for the faces of one data set."""

    #: By input of the model, of shape (n, ...): stored faces, or vectors; a row a face.
    columns: dict[str, Faces]
    #: Of shape (n,), bool. Whether a face may be learnt from and clustered: False where a vector or number is missing,
    #: or a landmark model was not sure of a face.
    trusted: np.ndarray

    def shapes(self, cell: Cell) -> dict[str, tuple[int, ...]]:
        """Return the shape of each input, without the batch."""
        return {name: cell.shape if source == IMAGE else tuple(self.columns[name].shape[1:])
                for name, source in cell.approach.columns(cell.model).items()}


def read_inputs(cell: Cell, artifacts: Artifacts, faces: dict[str, RunFaces],
                kind: str = "outputs") -> dict[str, FaceInputs]:
    """Return what enters a cell's model, by data set.

    Parameters
    ----------
    kind : {"outputs", "triplet_test"}
        The artefact of other rows that holds their outputs of these faces, where the cell is made from them.

    Raises
    ------
    StoredStateError
        If that artefact is missing or stale.
    """
    named = cell.approach.columns(cell.model)
    behind: dict[str, dict[str, FaceVectors]] = {name: {} for name in faces}
    for column, row in cell.behind.items():
        where = (row, cell.variant.name)
        artifacts.require(kind, *where)
        stored = _embedded(artifacts.folder(kind, *where), cell.recipe.approach_of(row).output, faces)
        for name, vectors in stored.items():
            behind[name][column] = vectors
    return {name: _inputs(named, faces_of_set, behind[name]) for name, faces_of_set in faces.items()}


def shapes_behind(cell: Cell, artifacts: Artifacts) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input of a cell that is made of other rows' outputs alone, without the batch."""
    lengths = {column: (int(artifacts.require("outputs", row, cell.variant.name).summary["length"]),)
               for column, row in cell.behind.items()}
    return {name: lengths[column] for name, column in cell.approach.columns(cell.model).items()}


def classes_behind(cell: Cell, artifacts: Artifacts) -> tuple[str, ...]:
    """Return the classes of the classifiers of whose probabilities a cell is made; empty where it is made of none.

    Raises `InputError` if two of them have other classes, or the same ones in another order.
    """
    classes: dict[str, tuple[str, ...]] = {}
    for column, row in cell.behind.items():
        if column.startswith(PROBABILITIES_OF):
            classes[row] = tuple(artifacts.require("model", row, cell.variant.name).summary.get("classes", ()))
    first = next(iter(classes), "")
    for row, answered in classes.items():
        if answered != classes[first]:
            raise InputError(f"approaches.{cell.recipe_row}.model: {first} answers {', '.join(classes[first])}, and "
                             f"{row} {', '.join(answered)}; name rows of the same classes in the same order")
    return classes.get(first, ())


def match_moments(inputs: dict[str, FaceInputs], reference: str, rows: np.ndarray) -> dict[str, FaceInputs]:
    """Return inputs whose numbers have the same mean and deviation over each data set as over some faces.

    x' = μ + σ (x − μ_d) / σ_d, number by number, with μ_d and σ_d over those faces of the data set d that may be learnt
    from; what does not vary there is μ. Pixels and the reference itself stay as they are.

    Parameters
    ----------
    inputs : dict of str to FaceInputs
        By data set.
    reference : str
        A data set among them.
    rows : ndarray of shape (m,), int64
        Its faces of which μ and σ are taken; at least one of them may be learnt from.
    """
    rows = rows[inputs[reference].trusted[rows]]
    matched = {}
    for dataset, entering in inputs.items():
        columns = dict(entering.columns)
        for name, values in entering.columns.items():
            if dataset != reference and isinstance(values, np.ndarray) and values.ndim == 2:
                there = np.asarray(inputs[reference].columns[name], np.float64)[rows]
                here = np.asarray(values, np.float64)
                of = here[entering.trusted]
                deviation = of.std(axis=0)
                scale = np.divide(there.std(axis=0), deviation, out=np.zeros_like(deviation), where=deviation > 0)
                columns[name] = ((here - of.mean(axis=0)) * scale + there.mean(axis=0)).astype(np.float32)
        matched[dataset] = FaceInputs(columns, entering.trusted)
    return matched


def _inputs(named: dict[str, str], faces: RunFaces, behind: dict[str, FaceVectors]) -> FaceInputs:
    columns: dict[str, Faces] = {}
    trusted = np.ones(len(faces.dataset), bool)
    for name, source in named.items():
        if source == IMAGE:
            columns[name] = faces.images
        elif source in behind:
            columns[name], trusted = behind[source], trusted & behind[source].trusted
        elif of_landmarks([source]):
            _, _, part = source.partition(".")
            columns[name] = faces.features.groups([part]) if part else faces.features.values
            trusted = trusted & faces.features.detected
        else:
            numbers = _annotated(faces.dataset, source)
            columns[name], trusted = numbers, trusted & np.isfinite(numbers[:, 0])
    return FaceInputs(columns, trusted)


def _annotated(dataset: Dataset, name: str) -> np.ndarray:
    """Return numbers that people gave as a column of shape (n, 1), float32."""
    if dataset.columns.get(name) != "number":
        numbers = [column for column, kind in dataset.columns.items() if kind == "number"]
        raise InputError(f"{dataset.folder} has no numbers {name!r} to enter a model: "
                         f"{nearest(name, (*numbers, LANDMARK_FEATURES))}")
    return dataset[name][:, None]


def _embedded(folder: Path, output: str, faces: dict[str, RunFaces]) -> dict[str, FaceVectors]:
    vectors = {}
    for name, faces_of_set in faces.items():
        stored = read_output(folder, name, output)
        places = np.full(len(faces_of_set.dataset), NOWHERE)
        places[stored.rows] = np.arange(len(stored.rows))
        vectors[name] = FaceVectors(stored.values, places, places != NOWHERE)
    return vectors
