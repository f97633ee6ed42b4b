"""Embeddings that describe the picture of a face as it is: by no network, and nothing is learnt."""

import math
from pathlib import Path

import numpy as np

from fecemo.data.array_set import array_files
from fecemo.data.arrays import write_arrays
from fecemo.models.approach import Approach
from fecemo.models.approaches.symmetric_hog import SymmetricHogConfig
from fecemo.progress import progress
from fecemo.stages.run_stage import StageResult
from fecemo.study.cell import Cell
from fecemo.study.faces.run_faces import RunFaces


def describes_pictures(approach: Approach) -> bool:
    """Return whether an approach has no networks, and describes pictures: no file of its model tells how."""
    return not approach.networks and approach.takes == "pixels"


def nothing_to_learn(cell: Cell, folder: Path) -> StageResult:
    """Write that no label was learnt from, which is all that stands in the place of a trained network."""
    return StageResult(files=write_arrays(folder, {"labelled_rows": np.empty(0, np.int64)}),
                       message=f"{cell.title}: nothing to learn", summary={"faces": {}, "labels_used": 0})


def embed_descriptions(cell: Cell, faces: dict[str, RunFaces], folder: Path) -> StageResult:
    """Write the gradients of every face, as its variant shows it.

    Raises
    ------
    TypeError
        If the cell's sizes are not those of gradients.
    """
    from fecemo.imaging.oriented_gradients import described_shape, oriented_gradients

    sizes = cell.model
    if not isinstance(sizes, SymmetricHogConfig):
        raise TypeError(f"{cell.title}: no networks, and no gradients either: {sizes}")
    files, counts, length = [], {}, math.prod(described_shape(sizes.cells, sizes.directions))
    for name, its in faces.items():
        values = np.empty((len(its.pack), length), np.float32)
        with progress(len(values), f"embed {cell.title}: {name}", "face") as bar:
            for row in range(len(values)):
                picture = cell.variant.view(its.seen[row : row + 1])[0]
                values[row] = oriented_gradients(picture, cells=sizes.cells, directions=sizes.directions,
                                                 share=sizes.share,
                                                 below=sizes.below).ravel()
                bar.update(1)
        values_file, rows_file = (file.removesuffix(".npy") for file in array_files(name))
        files += write_arrays(folder, {values_file: values, rows_file: np.arange(len(values))})
        counts[name] = len(values)
    return StageResult(files=files, message=f"{cell.title}: {length} numbers a face, "
                       + ", ".join(f"{count} {name} faces" for name, count in counts.items()),
                       summary={"faces": counts, "length": length})
