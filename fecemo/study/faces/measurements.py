"""Measurements of a pack's faces on disk, as the measure stage writes them and others read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.array_set import array_files
from fecemo.data.arrays import read_array
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, require_receipt
from fecemo.errors import StoredStateError
from fecemo.imaging.landmarks.features import COLUMNS, columns_of

STAGE = "measure"
VALUES = "measurements"
SCORES = "scores"
EYES = "eyes"
COLUMNS_NAME = "columns.json"


@dataclass(frozen=True)
class Measurements:
    """What was measured on the faces of a pack.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        One row a face of the pack, in its order; a read-only memory map.
    sure : ndarray of shape (n,), bool
        Whether the mesh was taken for a face. From values of the others no scaling, encoder or cluster is learnt; a
        head on embeddings, which has to answer for every face, learns from those of all labelled ones.
    receipt : Receipt
    """

    values: np.ndarray
    sure: np.ndarray
    receipt: Receipt

    @property
    def sure_rows(self) -> np.ndarray:
        """Rows of the faces that can be learnt from: ndarray of shape (m,), int64, ascending."""
        return np.flatnonzero(self.sure)

    def of(self, groups: Iterable[str]) -> np.ndarray:
        """Return the measurements of some groups: ndarray of shape (n, d), float32."""
        return self.values[:, columns_of(groups)]


def read_measurements(folder: Path, pack: Dataset) -> Measurements:
    """Read the measurements of a pack's faces.

    Raises
    ------
    StoredStateError
        If the measure stage has not finished there, or measured another pack than this one, or otherwise than it does
        now.
    """
    receipt = require_receipt(folder, STAGE)
    if receipt.inputs["pack"] != pack.receipt.digest:
        raise StoredStateError(f"{folder} holds measurements of other faces than {pack.folder} does now; "
                               f"run the {STAGE} stage again")
    if receipt.config["columns"] != list(COLUMNS):
        raise StoredStateError(f"{folder} holds {len(receipt.config['columns'])} numbers a face, and now others are "
                               f"measured, {len(COLUMNS)} of them; run the {STAGE} stage again")
    values_name, _ = (name.removesuffix(".npy") for name in array_files(VALUES))
    values = read_array(folder, values_name, STAGE, length=len(pack))
    scores = read_array(folder, SCORES, STAGE, length=len(pack))
    return Measurements(values, scores >= receipt.config["sure"], receipt)
