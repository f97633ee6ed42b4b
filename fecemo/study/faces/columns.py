"""Columns that stages derive from the faces of a run's datasets, and a dataset with those that somebody asks for."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fecemo.data.arrays import read_array
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, digest_json, read_receipt, require_receipt
from fecemo.data.stored_faces import Faces
from fecemo.data.variants import FACE_CHANNELS, FACE_SIDE
from fecemo.errors import StoredStateError
from fecemo.imaging.landmarks.features import COLUMNS, columns_of
from fecemo.study.layout import RunLayout

LANDMARK_FEATURES, ALIGNED = "landmark_features", "aligned"
STAGES = {LANDMARK_FEATURES: "landmarks", ALIGNED: "align"}
"""Stage that derives each column."""
SCORES, EYES, NAMES_NAME = "scores", "eyes", "columns.json"
"""Beside the landmark features: how sure the model was of each face, where its eyes are, and the features' names."""
ALIGNED_SHAPE = (FACE_SIDE, FACE_SIDE, FACE_CHANNELS["aligned"])


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
    name : {"landmark_features", "aligned"}

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
    return (_read_features if name == LANDMARK_FEATURES else _read_aligned)(layout, dataset, receipt, length)


def _read_features(layout: RunLayout, dataset: str, receipt: Receipt, length: int) -> Column:
    folder, stage = layout.column(dataset, LANDMARK_FEATURES), STAGES[LANDMARK_FEATURES]
    if receipt.config["columns"] != list(COLUMNS):
        raise StoredStateError(f"{folder} holds {len(receipt.config['columns'])} numbers a face, and now others are "
                               f"measured, {len(COLUMNS)} of them; run the {stage} stage again")
    scores = read_array(folder, SCORES, stage, length=length)
    return Column(read_array(folder, LANDMARK_FEATURES, stage, length=length), scores >= receipt.config["sure"],
                  receipt)


def _read_aligned(layout: RunLayout, dataset: str, receipt: Receipt, length: int) -> Column:
    folder, stage = layout.column(dataset, ALIGNED), STAGES[ALIGNED]
    features = read_receipt(layout.column(dataset, LANDMARK_FEATURES))
    by_landmarks = "eyes" in receipt.inputs  # and not by the eyes that a face detector saw
    if by_landmarks and features is not None and receipt.inputs["eyes"] != eyes_digest(features):
        raise StoredStateError(f"{folder} holds faces aligned by other landmarks than "
                               f"{layout.column(dataset, LANDMARK_FEATURES)} holds now; run the {stage} stage again")
    faces = read_array(folder, ALIGNED, stage, length=length)
    if faces.shape[1:] != ALIGNED_SHAPE or faces.dtype != np.uint8:
        raise StoredStateError(f"{folder / ALIGNED}.npy holds {faces.dtype} of shape {faces.shape}, expected uint8 of "
                               f"shape {(length, *ALIGNED_SHAPE)}; run the {stage} stage again")
    return Column(faces, np.ones(length, bool), receipt)


def eyes_digest(features: Receipt) -> str:
    """Return the digest of what faces are aligned by: of where their eyes are, and how sure the landmark model was."""
    return digest_json({name: features.outputs.get(f"{name}.npy") for name in (EYES, SCORES)})


@dataclass(frozen=True)
class RunFaces:
    """A dataset of a run, with the derived columns that somebody asks for."""

    dataset: Dataset
    landmark_features: Column | None = None
    aligned: Column | None = None  #: Where networks are to see the aligned faces in the place of the dataset's.

    @property
    def images(self) -> Faces:
        """Faces: What networks see, one a row of the dataset."""
        return self.dataset.faces if self.aligned is None else self.aligned.values

    @property
    def features(self) -> Column:
        """Column: The landmark features. Raises `ValueError` where nobody asked for them."""
        if self.landmark_features is None:
            raise ValueError("the faces were read without their landmark features")
        return self.landmark_features

    def digests(self, name: str) -> dict[str, str]:
        """Return the digests of what this is made of, as inputs of a stage that calls the dataset ``name``."""
        derived = {LANDMARK_FEATURES: self.landmark_features, ALIGNED: self.aligned}
        return {name: self.dataset.receipt.digest, **{
            f"{name}_{column}": values.receipt.digest for column, values in derived.items() if values is not None}}


def read_run_faces(layout: RunLayout, name: str, with_features: bool, faces: str = "cut") -> RunFaces:
    """Return a dataset of a run, with its landmark features and as networks are to see its faces.

    Parameters
    ----------
    name : str
        The dataset's name.
    with_features : bool
        Whether its landmark features are asked for.
    faces : {"cut", "aligned"}

    Raises
    ------
    StoredStateError
        If the dataset is missing or unfinished, or a column is missing or of other faces.
    """
    return RunFaces(Dataset(layout.dataset(name)),
                    read_column(layout, name, LANDMARK_FEATURES) if with_features else None,
                    read_column(layout, name, ALIGNED) if faces == "aligned" else None)
