"""Triplet test: which of three faces is the odd one, asked of a cell's embedding of faces from which nothing learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.face_lists import TRIPLET_TYPES
from fecemo.data.receipts import Receipt, read_receipt
from fecemo.errors import InputError
from fecemo.evaluation.metrics.triplets import (
    TRIPLET_TEST_RECORD,
    TripletTest,
    TypeShare,
    odd_one_correct,
    share_interval,
)
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.embedding import embed_faces
from fecemo.stages.face_inputs import read_inputs
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.study.cell import Cell
from fecemo.study.faces.columns import read_run_faces
from fecemo.study.faces.data_names import TRIPLET_TEST
from fecemo.study.faces.triplets import rated_triplets
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe
from fecemo.training.backend import backend_name
from fecemo.training.examples import Examples


def run(arguments: CellArguments) -> Receipt:
    """Ask the embedding of one cell which of three faces raters found the odd one out.

    The faces are those of the data set with the role ``triplet_test``, made of a list of rated triplets such as FEC's
    own test list: neither networks nor clusters learn from them, and a triplet with a face, or a copy of one, from
    which they do is left out. Writes ``triplets.json``, and the embedding itself, ``DATASET/OUTPUT.npy``. Faces that
    the landmark model did not measure well are tested like the others.

    Raises
    ------
    InputError
        If the approach has no clusters, and thus no embedding of its own, or the data set has no triplets on which
        raters agree and of whose faces nothing learns.
    StoredStateError
        If the cell is not trained, the data set or its measurements are missing, or the row whose embeddings are taken
        is not tested.
    """
    cell, layout = arguments.clustered_cell(), arguments.layout
    models = layout.model(cell.row, cell.variant.name)
    arguments.artifacts.require("model", cell.row, cell.variant.name)
    name = cell.recipe.role(TRIPLET_TEST)
    columns = read_run_faces(layout, name, cell.takes_landmarks, cell.faces_seen)
    rated = rated_triplets(columns.dataset, cell.title)
    triplets = _apart(rated, columns.dataset, cell.recipe, layout)
    inputs = read_inputs(cell, arguments.artifacts, {name: columns}, kind="triplet_test")

    def work(folder: Path) -> StageResult:
        done = embed_faces(cell, models, {name: columns}, inputs, folder)
        vectors = np.asarray(read_output(folder, name, cell.approach.output).values)
        record = _test(cell, vectors, triplets, len(rated) - len(triplets))
        message = (f"{cell.title}: accuracy {record.accuracy:.3f} on {record.n_triplets} triplets of {record.n_faces} "
                   f"faces ({record.interval.low:.3f}–{record.interval.high:.3f}), a third by guessing")
        if record.n_left_out:
            message += f"; {record.n_left_out} more have faces from which rows learn"
        return replace(done, files=[*done.files, TRIPLET_TEST_RECORD.write(folder, record)], message=message, summary={
            **done.summary, "triplets": record.n_triplets, "left_out": record.n_left_out, "accuracy": record.accuracy})

    return run_artifact(arguments.artifacts, "triplet_test", cell, work,
                        machine={"threads": cell.recipe.threads, "backend": backend_name()})


def _apart(triplets: Examples, dataset: Dataset, recipe: Recipe, layout: RunLayout) -> Examples:
    """Return the triplets none of whose faces, or a copy of it, is among those that rows learn from.

    Raises `InputError` if there is none.
    """
    learned = np.zeros(len(dataset), bool)
    for name in recipe.datasets:
        if name == recipe.roles.triplet_test or read_receipt(layout.dataset(name)) is None:
            continue
        learnt = Dataset(layout.dataset(name))
        # Nothing learns from those of a test split, but clusters are made of every source face.
        of_dataset = np.flatnonzero((learnt.splits != "test") | (name == recipe.roles.source))
        for column in ("ids", "sha256"):
            learned |= np.isin(getattr(dataset, column), np.asarray(getattr(learnt, column))[of_dataset])
    left = triplets.take(np.flatnonzero(~learned[triplets.rows].any(axis=1)))
    if not len(left):
        raise InputError(f"{dataset.folder}: each of its {len(triplets)} triplets has a face from which rows learn; "
                         "test by a list of other faces, such as FEC's own test list")
    return left


def _test(cell: Cell, vectors: np.ndarray, triplets: Examples, n_left_out: int) -> TripletTest:
    correct, types = odd_one_correct(vectors, triplets.rows), triplets.targets["triplet"]
    confidence = cell.recipe.evaluation.confidence
    return TripletTest(
        approach=cell.row, variant=cell.variant.name, recipe=cell.recipe.name, n_triplets=len(correct),
        n_left_out=n_left_out, n_faces=len(np.unique(triplets.rows)), accuracy=float(correct.mean()),
        interval=share_interval(correct, triplets.rows, confidence), confidence=confidence,
        by_type={TRIPLET_TYPES[number]: TypeShare(int(count), float(correct[types == number].mean()))
                 for number, count in zip(*np.unique(types, return_counts=True), strict=True)})
