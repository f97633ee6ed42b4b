"""Outputs of faces by a trained model: what the embed stage stores of a run's faces, and the triplet test of others."""

import dataclasses
from collections.abc import Collection
from pathlib import Path

import numpy as np

from fecemo.data.arrays import output_file, store_outputs
from fecemo.data.durable import sweep
from fecemo.imaging.descriptors import descriptors
from fecemo.models.approach import approaches
from fecemo.progress import progress
from fecemo.stages.face_inputs import FaceInputs
from fecemo.stages.run_stage import StageResult
from fecemo.study.artifact_configs import embedded_faces
from fecemo.study.cell import Cell
from fecemo.study.faces.columns import RunFaces
from fecemo.training.backend import describe_backend, import_keras
from fecemo.training.order import drawn_rows

BATCH_SIZE = 64


def embed_faces(cell: Cell, models: Path, faces: dict[str, RunFaces], inputs: dict[str, FaceInputs], folder: Path,
                not_faces: Collection[str] = ()) -> StageResult:
    """Write the outputs of every data set's faces, by the cell's model or by its approach's descriptor.

    Parameters
    ----------
    models : Path
        Folder of the trained model.
    faces : dict of str to RunFaces
        By the name of the data set, which the files are called by.
    inputs : dict of str to FaceInputs
        Likewise.
    not_faces : collection of str
        Ids of source faces that are left out: a person called them none.
    """
    source = cell.recipe.roles.source
    are_faces = {name: ~np.isin(columns.dataset.ids, list(not_faces) if name == source else [])
                 for name, columns in faces.items()}
    if cell.approach.descriptor is not None:
        return _describe(cell, cell.approach.descriptor, faces, are_faces, folder)
    return _embed(cell, models, inputs, are_faces, folder)


def _embed(cell: Cell, models: Path, inputs: dict[str, FaceInputs], are_faces: dict[str, np.ndarray],
           folder: Path) -> StageResult:
    import_keras(cell.recipe.threads)
    from fecemo.training.device_view import DeviceView
    from fecemo.training.loader import Loader
    from fecemo.training.network_file import MODEL_NAME, load_network
    from fecemo.training.outputs import write_outputs
    from fecemo.training.step import part_of

    approaches()  # a model may hold layers that their files register
    model = load_network(models / MODEL_NAME)
    view = DeviceView(cell.variant, cell.side) if cell.approach.takes_image else None
    files: list[str] = []
    counts: dict[str, int] = {}
    lengths: dict[str, int] = {}
    roles = cell.recipe.roles
    for name, columns in inputs.items():
        limit = embedded_faces(cell) if name == roles.source else None
        rows = drawn_rows(len(columns.trusted), limit, cell.recipe.seed)
        if name == roles.source:
            # Clusters are made of faces whose vectors can be trusted; every labelled face is scored.
            rows = rows[columns.trusted[rows] & are_faces[name][rows]]
        mapped = [cell.tsne_output] if cell.tsne_output and name == roles.target else []
        stored = tuple(dict.fromkeys([*cell.approach.readouts, *mapped]))
        sweep(folder / name)
        # Each face goes through once: there is nothing to gain by keeping it.
        loader = Loader(columns.columns, rows, view, resident_bytes=0)
        lengths = write_outputs({output: folder / output_file(name, output) for output in stored},
                                part_of(model, stored), loader, BATCH_SIZE, f"embed {cell.title}: {name}")
        files += [*(output_file(name, output) for output in stored), *store_outputs(folder, name, {}, rows)]
        counts[name] = len(rows)
    machine = describe_backend()
    return _result(cell, files, counts, lengths[cell.approach.output], machine)


def _describe(cell: Cell, descriptor_name: str, faces: dict[str, RunFaces], are_faces: dict[str, np.ndarray],
              folder: Path) -> StageResult:
    describe = descriptors.find(descriptor_name).open(dataclasses.asdict(cell.model))
    files: list[str] = []
    counts: dict[str, int] = {}
    length = 0
    for name, columns in faces.items():
        rows = np.flatnonzero(are_faces[name])
        blocks = []
        with progress(len(rows), f"embed {cell.title}: {name}", "face") as bar:
            for start in range(0, len(rows), BATCH_SIZE):
                blocks.append(describe(cell.variant.view(columns.images[rows[start : start + BATCH_SIZE]])))
                bar.update(len(blocks[-1]))
        values = np.concatenate(blocks) if blocks else np.empty((0, length), np.float32)
        sweep(folder / name)
        files += store_outputs(folder, name, {cell.approach.output: values}, rows)
        counts[name], length = values.shape
    return _result(cell, files, counts, length, {})


def _result(cell: Cell, files: list[str], counts: dict[str, int], length: int, machine: dict[str, str]) -> StageResult:
    return StageResult(files=files, message=f"{cell.title}: {length} numbers a face, "
                       + ", ".join(f"{count} {name} faces" for name, count in counts.items()),
                       summary={"faces": counts, "length": length, **machine}, machine=machine)
