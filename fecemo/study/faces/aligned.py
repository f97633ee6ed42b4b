"""Aligned faces of a pack on disk, as the align stage writes them and others read them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_array
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, digest_json, read_receipt, require_receipt
from fecemo.data.variant import FACE_CHANNELS, FACE_SIDE
from fecemo.errors import StoredStateError
from fecemo.study.faces.measurements import EYES, SCORES

STAGE = "align"
FACES = "faces"
FACE_SHAPE = (FACE_SIDE, FACE_SIDE, FACE_CHANNELS["aligned"])


@dataclass(frozen=True)
class AlignedFaces:
    """What was made of the faces of a pack.

    Parameters
    ----------
    faces : memmap of shape (n, 200, 200, 1), uint8
        One row a face of the pack, in its order.
    receipt : Receipt
    """

    faces: np.ndarray
    receipt: Receipt


def read_aligned(folder: Path, pack: Dataset, measurements: Path) -> AlignedFaces:
    """Read the aligned faces of a pack.

    Parameters
    ----------
    folder : Path
    pack : Dataset
    measurements : Path
        What they were aligned by; where it stands no more, it is not asked.

    Raises
    ------
    StoredStateError
        If the align stage has not finished there, aligned another pack than this one or by other measurements, or its
        file is damaged.
    """
    receipt = require_receipt(folder, STAGE)
    if receipt.inputs["pack"] != pack.receipt.digest:
        raise StoredStateError(f"{folder} holds other faces, aligned, than {pack.folder} holds now; "
                               f"run the {STAGE} stage again")
    measured = read_receipt(measurements)
    if measured is not None and receipt.inputs["eyes"] != eyes_digest(measured):
        raise StoredStateError(f"{folder} holds faces aligned by other measurements than {measurements} holds now; "
                               f"run the {STAGE} stage again")
    faces = read_array(folder, FACES, STAGE, length=len(pack))
    if faces.shape[1:] != FACE_SHAPE or faces.dtype != np.uint8:
        raise StoredStateError(f"{folder / FACES}.npy holds {faces.dtype} of shape {faces.shape}, expected uint8 of "
                               f"shape {(len(pack), *FACE_SHAPE)}; run the {STAGE} stage again")
    return AlignedFaces(faces, receipt)


def eyes_digest(measured: Receipt) -> str:
    """Return the digest of what faces are aligned by: of where their eyes are, and how sure the landmark model was."""
    return digest_json({name: measured.outputs.get(f"{name}.npy") for name in (EYES, SCORES)})
