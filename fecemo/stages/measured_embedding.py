"""Embeddings that are measurements: scaled as the source faces vary, by no network."""

from pathlib import Path

import numpy as np

from fecemo.data.array_set import array_files
from fecemo.data.arrays import read_array, write_arrays
from fecemo.errors import InputError
from fecemo.models.measured_groups import chosen_groups
from fecemo.stages.face_vectors import FaceVectors
from fecemo.stages.run_stage import StageResult
from fecemo.study.cell import Cell

SCALING = "scaling"
"""``scaling.npy`` of shape (3, d): mean, limit and scale of each number; see `Scaling`."""


def scale_measurements(cell: Cell, vectors: FaceVectors, folder: Path) -> StageResult:
    """Learn from the source faces how their measurements are scaled, and write ``scaling.npy``.

    Raises
    ------
    InputError
        If the landmark model was sure of no face.
    """
    from fecemo.imaging.landmarks.scaling import fit_scaling

    rows = np.flatnonzero(vectors.trusted)
    if not len(rows):
        raise InputError(f"{cell.title}: the landmark model was sure of none of the {len(vectors)} source faces")
    weights = {group: getattr(cell.model, group) for group in chosen_groups(cell.model)}
    scaling = fit_scaling(vectors[rows], weights)
    files = write_arrays(folder, {SCALING: np.stack([scaling.means, scaling.limits, scaling.scales]),
                                  "labelled_rows": np.empty(0, np.int64)})
    return StageResult(files=files, message=f"{cell.title}: scaled by {len(rows)} of {len(vectors)} faces",
                       summary={"faces": {"measure": len(rows)}, "labels_used": 0})


def embed_measurements(cell: Cell, vectors: dict[str, FaceVectors], models: Path, folder: Path) -> StageResult:
    """Write scaled measurements: of all target faces, and of the source faces of which the landmark model was sure.

    Clusters are made of faces that were measured well; every labelled face is scored, measured well or not.
    """
    from fecemo.imaging.landmarks.scaling import Scaling

    scaling = Scaling(*read_array(models, SCALING, "train", length=3))
    files, counts = [], {}
    for name, its in vectors.items():
        rows = np.flatnonzero(its.trusted) if name == "source" else np.arange(len(its))
        values_file, rows_file = (file.removesuffix(".npy") for file in array_files(name))
        embedded = scaling.embed(its[rows])
        files += write_arrays(folder, {values_file: embedded, rows_file: rows})
        counts[name] = len(rows)
    length = len(scaling.means)
    return StageResult(files=files, message=f"{cell.title}: {length} numbers a face, "
                       + ", ".join(f"{count} {name} faces" for name, count in counts.items()),
                       summary={"faces": counts, "length": length})
