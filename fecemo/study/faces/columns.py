"""Columns that stages derive from the faces of a run's datasets, and a dataset with those that somebody asks for."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fecemo.data.arrays import read_array
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, digest_json, read_receipt, require_receipt
from fecemo.data.stored_faces import Faces
from fecemo.data.variants import CUT, FACE_CHANNELS, FACE_SIDE, MADE_FACES
from fecemo.errors import StoredStateError
from fecemo.imaging.landmarks.features import COLUMNS, columns_of
from fecemo.study.layout import RunLayout

LANDMARK_FEATURES = "landmark_features"
STAGES = {LANDMARK_FEATURES: "landmarks", **dict.fromkeys(MADE_FACES, "align")}
"""Stage that derives each column."""
SCORES, EYES, MOUTH, NAMES_NAME = "scores", "eyes", "mouth", "columns.json"
"""Beside the landmark features: how sure the model was, where eyes and mouth are, and the features' names."""


@dataclass(frozen=True)
class Column:
    """A column that was derived from the faces of a dataset."""

    values: np.ndarray  #: Of shape (n, ...). One row a face of the dataset, in its order; a read-only memory map.
    #: Of shape (n,), bool. Whether the landmark model found a face. From values of the others no scaling, encoder or
    #: cluster is learnt; a head on embeddings, which has to answer for every face, learns from those of all labelled
    #: ones.
    detected: np.ndarray
    receipt: Receipt

    def groups(self, names: Iterable[str]) -> np.ndarray:
        """Return some groups of the landmark features: ndarray of shape (n, d), float32."""
        return self.values[:, columns_of(names)]


def read_column(layout: RunLayout, dataset: str, name: str) -> Column:
    """Read a derived column of a run's dataset.

    Parameters
    ----------
    dataset : str
        The dataset's name, such as ``"source"``.
    name : {"landmark_features", "aligned", "quarters"}

    Raises
    ------
    StoredStateError
        If its stage has not finished, derived it from other faces or otherwise than it does now, or its file is
        damaged.
    """
    folder, stage, faces = layout.column(dataset, name), STAGES[name], layout.dataset(dataset)
    receipt, stored = require_receipt(folder, stage), read_receipt(faces)
    if stored is None or receipt.inputs["dataset"] != stored.digest:
        raise StoredStateError(f"{folder} was made from other faces than {faces} holds now; "
                               f"run the {stage} stage again")
    length = int(stored.summary["faces"])
    return _read_features(layout, dataset, receipt, length) if name == LANDMARK_FEATURES else _read_made_faces(
        layout, dataset, name, receipt, length)


def _read_features(layout: RunLayout, dataset: str, receipt: Receipt, length: int) -> Column:
    folder, stage = layout.column(dataset, LANDMARK_FEATURES), STAGES[LANDMARK_FEATURES]
    if receipt.config["columns"] != list(COLUMNS):
        raise StoredStateError(f"{folder} holds {len(receipt.config['columns'])} numbers a face, and now others are "
                               f"measured, {len(COLUMNS)} of them; run the {stage} stage again")
    scores = read_array(folder, SCORES, stage, length=length)
    return Column(read_array(folder, LANDMARK_FEATURES, stage, length=length), scores >= receipt.config["sure"],
                  receipt)


def _read_made_faces(layout: RunLayout, dataset: str, name: str, receipt: Receipt, length: int) -> Column:
    folder, stage, shape = layout.column(dataset, name), STAGES[name], (FACE_SIDE, FACE_SIDE, FACE_CHANNELS[name])
    features = read_receipt(layout.column(dataset, LANDMARK_FEATURES))
    by_landmarks = "eyes" in receipt.inputs  # and not by the eyes that a face detector saw
    if by_landmarks and features is not None and receipt.inputs["eyes"] != eyes_digest(features):
        raise StoredStateError(f"{folder} holds faces aligned by other landmarks than "
                               f"{layout.column(dataset, LANDMARK_FEATURES)} holds now; run the {stage} stage again")
    faces = read_array(folder, name, stage, length=length)
    if faces.shape[1:] != shape or faces.dtype != np.uint8:
        raise StoredStateError(f"{folder / name}.npy holds {faces.dtype} of shape {faces.shape}, expected uint8 of "
                               f"shape {(length, *shape)}; run the {stage} stage again")
    return Column(faces, np.ones(length, bool), receipt)


def eyes_digest(features: Receipt) -> str:
    """Return the digest of what faces are framed by: where eyes and mouth are, and how sure the landmark model was."""
    return digest_json({name: features.outputs.get(f"{name}.npy") for name in (EYES, MOUTH, SCORES)})


@dataclass(frozen=True)
class RunFaces:
    """A dataset of a run, with the derived columns that somebody asks for."""

    dataset: Dataset
    landmark_features: Column | None = None
    made: Column | None = None  #: Where networks are to see faces that were made of the dataset's.
    seen: str = CUT  #: Which these are.

    @property
    def images(self) -> Faces:
        """Faces: What networks see, one a row of the dataset."""
        return self.dataset.faces if self.made is None else self.made.values

    @property
    def features(self) -> Column:
        """Column: The landmark features. Raises `ValueError` where nobody asked for them."""
        if self.landmark_features is None:
            raise ValueError("the faces were read without their landmark features")
        return self.landmark_features

    def digests(self, name: str) -> dict[str, str]:
        """Return the digests of what this is made of, as inputs of a stage that calls the dataset ``name``."""
        derived = {LANDMARK_FEATURES: self.landmark_features, self.seen: self.made}
        return {name: self.dataset.receipt.digest, **{
            f"{name}_{column}": values.receipt.digest for column, values in derived.items() if values is not None}}


def read_run_faces(layout: RunLayout, name: str, with_features: bool, faces: str = CUT) -> RunFaces:
    """Return a dataset of a run, with its landmark features and as networks are to see its faces.

    Parameters
    ----------
    name : str
        The dataset's name.
    with_features : bool
        Whether its landmark features are asked for.
    faces : {"cut", "aligned", "quarters"}

    Raises
    ------
    StoredStateError
        If the dataset is missing or unfinished, or a column is missing or of other faces.
    """
    return RunFaces(Dataset(layout.dataset(name)),
                    read_column(layout, name, LANDMARK_FEATURES) if with_features else None,
                    None if faces == CUT else read_column(layout, name, faces), faces)
