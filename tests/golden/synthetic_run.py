"""A run's folder made by rule, without any training: every file that the report reads, in the stages' own formats."""

import dataclasses
import json
from pathlib import Path

import numpy as np
from synthetic_scores import synthetic_predictions, synthetic_score

from fecemo.data.arrays import write_arrays
from fecemo.data.cluster_names import ClusterNames
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import atomic_write
from fecemo.data.face_lists import face_id
from fecemo.data.receipts import Receipt
from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.cell_metrics.curves import Curves
from fecemo.evaluation.cell_metrics.groups import Groups, score_groups
from fecemo.evaluation.probing.factors import ColumnFigures, Nuisance, strongest
from fecemo.evaluation.records.predictions import PREDICTIONS_NAME, write_predictions
from fecemo.evaluation.records.score import SCORE
from fecemo.evaluation.settings import Resampling
from fecemo.study.artifact_kinds import KINDS
from fecemo.study.cell import Cell, resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_outputs, leave_receipt

RECIPE = """\
name: synthetic
title: A study that never was
seed: 7
data: {target: affectnet}
face_side: 40
variants: [rgb, tight]
datasets: {source: {fetch: {faces: faces.csv}}, target: {import: {images: images}}}
roles: {source: source, target: target}
approaches:
  dense_autoencoder:
    fit:
      reconstruct: {loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 3}
  supervised:
    fit:
      classify:
        {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 3, validate_on: 0.2,
         keep: best}
"""
SOURCE_FACES, TARGET_FACES, CLUSTERS = 30, 24, 8
REJECTED = ("dead link", "dead link", "not an image")


def write_synthetic_run(folder: Path) -> tuple[Path, Path]:
    """Write a recipe and the run of all of its four cells.

    Returns
    -------
    recipe, run : Path
    """
    recipe, layout = folder / "recipe.yaml", RunLayout(folder / "run")
    recipe.write_text(RECIPE)
    _write_dataset(layout.dataset("source"), "fetch", SOURCE_FACES, REJECTED)
    _write_dataset(layout.dataset("target"), "import", TARGET_FACES, ())
    for variant, side in (("rgb", 40), ("tight", 30)):
        for approach in ("dense_autoencoder", "supervised"):
            write_cell(layout, resolve(read_recipe(recipe), approach, variant), side)
    return recipe, layout.run


def _write_dataset(folder: Path, stage: str, n: int, rejected: tuple[str, ...]) -> None:
    labelled = stage == "import"
    plan = [FaceEntry(id=face_id(f"{stage}/{slot}.jpg", 0, 1, 0, 1), address=f"{stage}/{slot}.jpg",
                      annotations={"label": EMOTIONS[slot % 8] if labelled else "",
                                   "split": ("train", "test")[slot % 2] if labelled else ""})
            for slot in range(n + len(rejected))]
    writer = DatasetWriter(folder, plan)
    rng = np.random.default_rng(n)
    for slot in range(n):
        writer.put(slot, np.broadcast_to(rng.integers(0, 256, 3, np.uint8), (200, 200, 3)))
    for slot, reason in enumerate(rejected, start=n):
        writer.reject(slot, reason)
    writer.finish(stage, config={}, inputs={}, summary={"left_out": {"uncertain": 4}} if labelled else {})
    writer.close()
    _settle(folder)


def write_cell(layout: RunLayout, study_cell: Cell, side: int) -> None:
    """Write everything that the stages leave of one cell."""
    rng = np.random.default_rng(side)
    cell = (study_cell.row, study_cell.variant.name)
    clustered = study_cell.approach.predicts_by == "clusters"
    phase = "reconstruct" if clustered else "classify"
    held_out = {1: ",", 2: ",", 3: ","} if clustered else {1: "0.9,0.2", 2: "0.5,0.3", 3: "0.6,0.4"}
    curve = "".join(f"{phase},{epoch},{1 / epoch},{'' if clustered else epoch / 5},0.5,80.0,{held_out[epoch]}\n"
                    for epoch in (1, 2, 3))
    atomic_write(layout.model(*cell) / "history.csv",
                 f"phase,epoch,loss,accuracy,seconds,faces_per_second,valid_loss,valid_accuracy\n{curve}")
    files = ["history.csv"]
    if clustered:
        faces = rng.integers(0, 256, (4, side, side, 3), np.uint8)
        files += write_arrays(layout.model(*cell), {"originals": faces, "reconstructions": 255 - faces})
    _receipt(study_cell, layout, "model", files, machine={"backend": "tensorflow", "device": "CPU"})

    width = 5 if clustered else 8
    leave_outputs(study_cell.recipe, layout, *cell, seconds=1.5, source=rng.random((SOURCE_FACES, width), np.float32),
                  target=rng.random((TARGET_FACES, width), np.float32))
    _settle(layout.outputs(*cell))
    if clustered:
        _write_clusters(layout, study_cell, rng)
    score = dataclasses.replace(synthetic_score(*cell), recipe="synthetic")
    SCORE.write(layout.score(*cell), score)
    write_predictions(layout.score(*cell), synthetic_predictions(*cell))
    known = cell_metrics()
    records = [known[name].record.write(layout.score(*cell), record) for name, record in _records(cell).items()]
    _receipt(study_cell, layout, "score", [SCORE.name, PREDICTIONS_NAME, *records])


def _records(cell: tuple[str, str]) -> dict[str, object]:
    """Return what else is measured of a cell, by the measurement's name."""
    curve = ((0.0, 0.0), (0.2, 0.7), (1.0, 1.0))
    predictions = synthetic_predictions(*cell)
    n = len(predictions.ids)
    ages = score_groups("age", np.array(["young", "old"])[np.arange(n) % 2], predictions.truth, predictions.prediction,
                        EMOTIONS, Resampling(20, 0.95, 7))
    columns = (ColumnFigures("emotion", "category", n, 0.3, 0.25, 0.31, 0.4),
               ColumnFigures("expression.smile", "number", n, 0.35, 0.3, 0.44),
               ColumnFigures("identity", "category", n, 0.5, 0.42, 0.15, 0.2),
               ColumnFigures("light.exposure", "number", n, 0.2, 0.12, 0.87))
    return {"curves": Curves(dict.fromkeys(EMOTIONS, curve), dict.fromkeys(EMOTIONS, curve)), "groups": Groups((ages,)),
            "nuisance": Nuisance(n, "clusters", 8, strongest(columns), columns, largest=0.42, most_predictable=0.87,
                                 competitors=2)}


def _write_clusters(layout: RunLayout, study_cell: Cell, rng: np.random.Generator) -> None:
    cell = (study_cell.row, study_cell.variant.name)
    made = _receipt(study_cell, layout, "clusters", write_arrays(layout.clusters(*cell), {
        "source_clusters": (np.arange(SOURCE_FACES) % CLUSTERS).astype(np.int32)}))
    _receipt(study_cell, layout, "assignments", write_arrays(layout.assigned(*cell), {
        "target_clusters": (np.arange(TARGET_FACES) % CLUSTERS).astype(np.int32)}))
    shown = np.arange(0, SOURCE_FACES, 2)  # the map may show some of the faces only
    _receipt(study_cell, layout, "map", write_arrays(layout.map(*cell), {
        "source_map": rng.normal(size=(len(shown), 2)).astype(np.float32), "source_rows": shown,
        "target_map": rng.normal(size=(TARGET_FACES, 2)).astype(np.float32), "target_rows": np.arange(TARGET_FACES)}),
        summary={"neighbour_accuracy": 0.625})
    names = ClusterNames(*cell, clustering=made.digest, method="majority_vote", labels_used=400,
                         names={str(number): EMOTIONS[number] for number in range(CLUSTERS)})
    atomic_write(layout.names(*cell) / "names.json", names.as_json())
    _receipt(study_cell, layout, "names", ["names.json"])


def _receipt(study_cell: Cell, layout: RunLayout, kind: str, files: list[str], **changes: object) -> Receipt:
    cell = (study_cell.row, study_cell.variant.name)
    receipt = leave_receipt(study_cell.recipe, layout, kind, *cell, files, seconds=1.5, **changes)
    _settle(KINDS[kind].folder(layout, *cell))
    return receipt


def _settle(folder: Path) -> None:
    """Give a receipt a fixed time and machine, so that equal runs have equal reports."""
    document = json.loads((folder / "receipt.json").read_text())
    document |= {"finished": "2024-02-29T12:34:56Z", "versions": {"fecemo": "0.1.0"}, "seconds": 1.5}
    document["machine"] |= {"system": "Test", "processor": "test"}
    (folder / "receipt.json").write_text(json.dumps(document))
