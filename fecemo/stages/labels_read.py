"""Whose labels a cell has read, and which labelled faces that leaves to be scored: none of those, no copy of one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.arrays import read_array
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, digest_json, require_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.score import Chance
from fecemo.study.cell import Cell, resolve
from fecemo.study.layout import RunLayout

NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class LabelsRead:
    """Labels that the training of a model read, of every data set."""

    rows: np.ndarray  #: Of shape (n,), int64. Rows of the target whose labels were learnt from or chose settings.
    #: Of shape (m,), int64. Rows of the target that are faces, or copies of faces, of other data sets whose labels were
    #: read.
    copied: np.ndarray
    #: `training`, `choosing`: Labels that people gave, in all data sets.
    training: int
    choosing: int
    of_nobody: int  #: Labels of drawn or synthetic faces in other data sets than the target.


def labels_read(cell: Cell, layout: RunLayout, target: Dataset, receipt: Receipt, *, needed: bool) -> LabelsRead:
    """Return which labels the training of a cell's model read, as its receipt says.

    Parameters
    ----------
    receipt : Receipt
        Of the train stage.
    needed : bool
        Whether it must have stored which labels of the target it learnt from.

    Raises
    ------
    StoredStateError
        If a file is missing or damaged.
    """
    training = choosing = of_nobody = 0
    rows, copied = NONE, np.zeros(len(target), bool)
    rows_read = _rows_read(cell, layout, receipt, needed)
    for name, dataset in cell.recipe.datasets.items():
        if dataset.parent and len(made := np.union1d(*rows_read[name])):
            parent = target if dataset.parent == cell.recipe.roles.target else Dataset(layout.dataset(dataset.parent))
            learnt, chosen = rows_read[dataset.parent]
            spent = _parent_rows(Dataset(layout.dataset(name)), made, parent)
            rows_read[dataset.parent] = np.union1d(learnt, spent), chosen
    for name, (learnt, chosen) in rows_read.items():
        read = np.union1d(learnt, chosen)
        if name != cell.recipe.roles.target and cell.recipe.datasets[name].made:
            of_nobody += len(read)
        else:
            training, choosing = training + len(learnt), choosing + len(np.setdiff1d(chosen, learnt))
        if name == cell.recipe.roles.target:
            rows = read
        elif len(read):
            copied |= target.copied_from(Dataset(layout.dataset(name)), read)
    return LabelsRead(rows, np.flatnonzero(copied), training, choosing, of_nobody)


def _parent_rows(dataset: Dataset, rows: np.ndarray, parent: Dataset) -> np.ndarray:
    """Return the rows of the faces of another data set of which some synthetic faces are made, by their labels."""
    return np.flatnonzero(np.isin(parent.ids, np.concatenate([dataset[name][rows] for name in ("neutral", "donor")])))


def _rows_read(cell: Cell, layout: RunLayout, receipt: Receipt,
               needed: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return by data set the rows whose labels were learnt from, and those that chose settings; also by rows behind."""
    folder = layout.model(cell.made_by, cell.variant.name)
    behind: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for row in cell.behind.values():
        before = resolve(cell.recipe, row, cell.variant.name)
        made = require_receipt(layout.model(before.row, before.variant.name), "train")
        for name, (learnt, chosen) in _rows_read(before, layout, made, False).items():
            learnt_before, chosen_before = behind.get(name, (NONE, NONE))
            behind[name] = np.union1d(learnt_before, learnt), np.union1d(chosen_before, chosen)
    read = {}
    for name in cell.recipe.datasets:
        ending = "" if name == cell.recipe.roles.target else f"_{name}"
        learnt_behind, chosen_behind = behind.get(name, (NONE, NONE))
        read[name] = (
            np.union1d(label_rows(folder, f"labelled_rows{ending}", receipt, needed=needed and not ending),
                       learnt_behind),
            np.union1d(label_rows(folder, f"choosing_rows{ending}", receipt, needed=False), chosen_behind))
    return read


def label_rows(folder: Path, name: str, receipt: Receipt, *, needed: bool) -> np.ndarray:
    """Return the target rows whose labels the train stage read for one end; where it read none it may store none.

    Its receipt decides: what it does not name was left by an earlier training.
    """
    if f"{name}.npy" not in receipt.outputs:
        if needed:
            raise StoredStateError(f"{folder}: its receipt names no {name}.npy; run the train stage again")
        return np.zeros(0, np.int64)
    return np.asarray(read_array(folder, name, "train"), dtype=np.int64)


@dataclass(frozen=True)
class ScoredFaces:
    """The labelled faces on which a cell is scored."""

    rows: np.ndarray  #: Of shape (n,), int64. Rows of the target, ascending.
    copies: int  #: How many of them are copies of a face whose label was read: a score flatters itself by them.
    copies_left_out: int  #: Labelled faces that are not scored because they are such copies.


def scored_faces(score_on: str, target: Dataset, read: LabelsRead, named_with: np.ndarray) -> ScoredFaces:
    """Return the labelled rows on which a cell is scored: the test split, or all but those that were read and copies.

    Parameters
    ----------
    score_on : {"test", "unused_labels"}
    named_with : ndarray of shape (s,), int64
        Rows whose labels named clusters.

    Raises
    ------
    InputError
        If none is left.
    StoredStateError
        If the label of a face of the test split was read.
    """
    labelled, used = np.flatnonzero(target.labels != ""), np.union1d(read.rows, named_with)
    # A copy shows its label just as well.
    pictures = target.copies[np.union1d(used, read.copied)]
    copies = np.setdiff1d(np.flatnonzero(np.isin(target.copies, pictures)), used)
    if score_on == "unused_labels":
        rows = np.setdiff1d(labelled, np.union1d(used, copies))
    else:
        rows = np.intersect1d(labelled, target.rows_in("test"))
        if len(leaked := np.intersect1d(rows, used)):
            raise StoredStateError(f"{target.folder}: {len(leaked)} labels of the test split were used for training or "
                                   f"naming (row {leaked[0]} first), so that it would not be an honest test; run train "
                                   "and label again")
    if not len(rows):
        raise InputError(f"{target.folder}: no labelled face is left to score on {score_on!r} ({len(labelled)} "
                         f"labelled, {len(used)} used, {len(copies)} copies of these); import more labelled faces, or "
                         "a test split")
    n_copies = len(np.intersect1d(rows, copies))
    return ScoredFaces(rows, n_copies, len(np.intersect1d(labelled, copies)) - n_copies
                       if score_on == "unused_labels" else 0)


def seeded_facts(cell: Cell, target: Dataset, scored: ScoredFaces, read: LabelsRead, n_seeds: int) -> dict[str, Any]:
    """Return what a `SeededRecord` says of a cell that is scored on these faces under so many seeds."""
    truth, evaluation = target.labels[scored.rows], cell.recipe.evaluation
    support = np.array([np.count_nonzero(truth == name) for name in target.classes])
    return {
        "approach": cell.row, "variant": cell.variant.name, "recipe": cell.recipe.name, "emotions": target.classes,
        "score_on": cell.score_on, "n_scored": len(truth), "copies_scored": scored.copies,
        "copies_left_out": scored.copies_left_out,
        "scored_faces": digest_json([target.ids[scored.rows].tolist(), truth.tolist()]),
        "labels_training": read.training + read.choosing,
        "seeds": tuple(range(cell.recipe.seed, cell.recipe.seed + n_seeds)),
        "confidence": evaluation.confidence, "bootstrap": evaluation.bootstrap,
        "chance": Chance(uniform=1 / np.count_nonzero(support), majority=float(support.max() / len(truth)))}
