"""What a cell says of the labelled faces on which it may be scored."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.clustering.naming import class_margins
from fecemo.data.arrays import FaceArray, read_array, read_face_array
from fecemo.data.cluster_names import (
    NAMES_NAME,
    PARTS_NAME,
    SAMPLE_NAME,
    ClusterNames,
    cluster_of,
    key_order,
    read_cluster_names,
    require_names_of,
)
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, require_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import LabelsUsed
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.artifacts import clustering_digest
from fecemo.study.cell import Cell, resolve
from fecemo.study.faces.data_names import TARGET
from fecemo.study.layout import RunLayout

NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class PredictedFaces:
    """Scored faces with their predictions.

    Parameters
    ----------
    predictions : Predictions
        Rows of the target pack, ascending.
    method : str
        How faces got their emotion; see `Score`.
    labels_used : LabelsUsed
    embedded : FaceArray
        What the embed stage stored of the target faces.
    clusters : ndarray of shape (n,), int, or None
        Clusters of the scored faces, where they decided.
    groups : ndarray of shape (n,), str, or None
        Keys of the groups that bear a name: clusters, or the parts into which a person divided them.
    names : dict of str to str
        Names of the groups, where there are any.
    n_copies : int
        Scored faces of which a copy's label was used.
    numbers : dict of str to (ndarray, ndarray), each of shape (n,), float32
        Of every column that the model answers: what people gave the scored faces, and what it answers.
    """

    predictions: Predictions
    method: str
    labels_used: LabelsUsed
    embedded: FaceArray
    clusters: np.ndarray | None
    groups: np.ndarray | None
    names: dict[str, str]
    n_copies: int
    numbers: dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class _Guess:
    """Answers for every embedded target face, and what naming them cost."""

    method: str
    prediction: np.ndarray
    scores: np.ndarray
    named_with: np.ndarray
    names: ClusterNames | None = None
    clusters: np.ndarray | None = None
    groups: np.ndarray | None = None


def receipts_of(arguments: CellArguments, cell: Cell) -> dict[str, Receipt]:
    """Return the receipts of the stages that lead to a cell's predictions, by what they made.

    Raises
    ------
    StoredStateError
        If one of them is missing or stale.
    """
    wanted = ("clusters", "assignments", "names") if cell.approach.predicts_by == "clusters" else ()
    return {kind: arguments.artifacts.require(kind, arguments.approach, arguments.variant)
            for kind in ("model", "outputs", *wanted)}


def predict(arguments: CellArguments, cell: Cell, target: Dataset, receipts: Mapping[str, Receipt]) -> PredictedFaces:
    """Return the predictions of the faces that the recipe wants scored.

    ``score_on: test`` takes the stored test split; ``score_on: unused_labels`` every labelled face whose label was used
    for nothing: not for training, not for choosing settings, not for naming. ``receipts`` are those of `receipts_of`.

    Raises
    ------
    InputError
        If no labelled face is left to score.
    StoredStateError
        If what earlier stages stored does not fit together, or a label that was used would be scored.
    """
    layout, where = arguments.layout, (arguments.approach, arguments.variant)
    target_name = cell.recipe.role(TARGET)
    embedded = read_face_array(layout.embeddings(*where), target_name)
    by_clusters = cell.approach.predicts_by == "clusters"
    guess = (_by_clusters(arguments, embedded, target.classes) if by_clusters else
             _by_classifier(embedded, layout.embeddings(*where) / f"{target_name}.npy", target.classes,
                            receipts["model"].summary.get("classes", target.classes)))
    read = labels_read(cell, layout, target, receipts["model"], needed=not by_clusters)
    used = np.union1d(read.rows, guess.named_with)
    rows = scored_rows(cell.score_on, target, used, str(target.folder), read.copied)
    at = np.searchsorted(embedded.rows, rows)
    if not np.isin(rows, embedded.rows).all():
        missing = int(rows[~np.isin(rows, embedded.rows)][0])
        raise StoredStateError(f"{layout.embeddings(*where)}: row {missing} of the target is to be scored and has no "
                               "embedding; run the embed stage again")
    names = guess.names or ClusterNames(*where, clustering="", method="", names={})
    return PredictedFaces(
        predictions=Predictions(
            ids=target.ids[rows], rows=rows, splits=target.splits[rows], truth=target.labels[rows],
            prediction=guess.prediction[at], scores=guess.scores[at], emotions=target.classes),
        method=guess.method, embedded=embedded, clusters=None if guess.clusters is None else guess.clusters[at],
        groups=None if guess.groups is None else guess.groups[at],
        labels_used=LabelsUsed(
            training=read.training, naming=len(guess.named_with), choosing=read.choosing, of_nobody=read.of_nobody,
            looked_at=names.looked_at, suggestions_used=names.suggestions_used,
            target_labels_shown=names.target_labels_shown, named_by=names.by,
            other_scores_seen=names.other_scores_seen),
        names=names.names,
        n_copies=int(np.isin(target.copies[rows], target.copies[np.union1d(used, read.copied)]).sum()),
        numbers=_numbers(cell, layout.embeddings(*where), target, rows),
    )


def _numbers(cell: Cell, folder: Path, target: Dataset, rows: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    numbers = {}
    for output, columns in cell.regressions.items():
        name = f"{cell.recipe.role(TARGET)}_{output}"
        stored = read_face_array(folder, name)
        answers = np.asarray(stored.values[np.searchsorted(stored.rows, rows)])
        if answers.shape[1] != len(columns) or not np.isfinite(answers).all():
            raise StoredStateError(f"{folder}: {name}.npy of shape {stored.values.shape} does not hold the "
                                   f"finite numbers {', '.join(columns)}; run train and embed again")
        for place, column in enumerate(columns):
            if column in target.columns:
                numbers[column] = (target[column][rows], answers[:, place])
    return numbers


def _by_clusters(arguments: CellArguments, embedded: FaceArray, classes: tuple[str, ...]) -> _Guess:
    layout, where = arguments.layout, (arguments.approach, arguments.variant)
    folder, assigned, n_faces = layout.clusters(*where), layout.assigned(*where), len(embedded.rows)
    clusters = np.asarray(read_array(assigned, "target_clusters", "cluster", length=n_faces))
    distances = read_array(assigned, "target_distances", "cluster", length=n_faces)
    n_clusters = len(read_array(folder, "centres", "cluster"))
    names_path = layout.names(*where) / NAMES_NAME
    try:
        names = read_cluster_names(names_path)
        clustering = clustering_digest(require_receipt(folder, "cluster").outputs)
        require_names_of(names, clustering, n_clusters, str(names_path))
    except InputError as error:
        raise StoredStateError(f"{error}; run the label stage again") from error
    groups = clusters.astype(str)
    if names.divided:
        groups = np.asarray(read_array(layout.names(*where), PARTS_NAME, "label", length=n_faces))
    emotion_of_group = {group: names.emotion(group) for group in np.unique(groups).tolist()}
    prediction = np.array([emotion_of_group[group] for group in groups.tolist()], dtype=str)
    # A divided cluster bears for other faces the name of its first half, the larger; for its own, that of their half.
    seen = np.array([_first_name(names, cluster) for cluster in range(n_clusters)], dtype=object)
    seen = np.broadcast_to(seen, (n_faces, n_clusters)).copy()
    seen[np.arange(n_faces), clusters] = prediction
    return _Guess(method=names.method, prediction=prediction, scores=class_margins(distances, seen, classes),
                  named_with=_sampled_rows(layout.names(*where) / SAMPLE_NAME), names=names, clusters=clusters,
                  groups=groups)


def _first_name(names: ClusterNames, cluster: int) -> str:
    keys = (key for key in names.names if cluster_of(key) == cluster)
    return names.emotion(min(keys, key=key_order))


def _by_classifier(embedded: FaceArray, path: Path, classes: tuple[str, ...], learnt: Sequence[str]) -> _Guess:
    probabilities = np.asarray(embedded.values)
    if sorted(learnt) != sorted(classes):
        raise InputError(f"the model of {path.parent} answers {', '.join(learnt)}, and the target has the classes "
                         f"{', '.join(classes)}; learn labels of the classes that are scored")
    if probabilities.shape[1] != len(classes) or not np.isfinite(probabilities).all():
        raise StoredStateError(f"{path} of shape {probabilities.shape} does not hold the finite "
                               f"probabilities of {len(classes)} classes; run train and embed again")
    probabilities = probabilities[:, [learnt.index(name) for name in classes]]
    return _Guess(method="classifier", prediction=np.array(classes)[probabilities.argmax(axis=1)],
                  scores=probabilities, named_with=np.zeros(0, np.int64))


@dataclass(frozen=True)
class LabelsRead:
    """Labels that the training of a model read, of every data set.

    Parameters
    ----------
    rows : ndarray of shape (n,), int64
        Rows of the target whose labels were learnt from or chose settings.
    copied : ndarray of shape (m,), int64
        Rows of the target that are faces, or copies of faces, of other data sets whose labels were read.
    training, choosing : int
        Labels that people gave, in all data sets.
    of_nobody : int
        Labels of drawn or synthetic faces in other data sets than the target.
    """

    rows: np.ndarray
    copied: np.ndarray
    training: int
    choosing: int
    of_nobody: int


def labels_read(cell: Cell, layout: RunLayout, target: Dataset, receipt: Receipt, *, needed: bool) -> LabelsRead:
    """Return which labels the training of a cell's model read, as its receipt tells.

    Parameters
    ----------
    cell : Cell
    layout : RunLayout
    target : Dataset
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
    for name, (learnt, chosen) in _rows_read(cell, layout, receipt, needed).items():
        read = np.union1d(learnt, chosen)
        if name != cell.recipe.roles.target and cell.recipe.datasets[name].made:
            of_nobody += len(read)
        else:
            training, choosing = training + len(learnt), choosing + len(np.setdiff1d(chosen, learnt))
        if name == cell.recipe.roles.target:
            rows = read
        elif len(read):
            other = Dataset(layout.dataset(name))
            copied |= np.isin(target.ids, other.ids[read]) | np.isin(target.sha256, other.sha256[read])
    return LabelsRead(rows, np.flatnonzero(copied), training, choosing, of_nobody)


def _rows_read(cell: Cell, layout: RunLayout, receipt: Receipt,
               needed: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return by data set the rows whose labels were learnt from, and those that chose settings; also by rows behind."""
    folder = layout.model(cell.made_by, cell.variant.name)
    behind: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if cell.embeddings_from is not None:
        before = resolve(cell.recipe, cell.embeddings_from, cell.variant.name)
        made = require_receipt(layout.model(before.row, before.variant.name), "train")
        behind = _rows_read(before, layout, made, False)
    read = {}
    for name in cell.recipe.datasets:
        ending = "" if name == cell.recipe.roles.target else f"_{name}"
        own = (label_rows(folder, f"labelled_rows{ending}", receipt, needed=needed and not ending),
               label_rows(folder, f"choosing_rows{ending}", receipt, needed=False))
        learnt, chosen = (np.union1d(mine, its) for mine, its in zip(own, behind.get(name, (NONE, NONE)), strict=True))
        read[name] = (learnt, chosen)
    return read


def label_rows(folder: Path, name: str, receipt: Receipt, *, needed: bool) -> np.ndarray:
    """Return the target rows whose labels the train stage read for one end; where it read none it may store none.

    Its receipt tells: what it does not name was left by an earlier training.
    """
    if f"{name}.npy" not in receipt.outputs:
        if needed:
            raise StoredStateError(f"{folder}: its receipt names no {name}.npy; run the train stage again")
        return np.zeros(0, np.int64)
    return np.asarray(read_array(folder, name, "train"), dtype=np.int64)


def _sampled_rows(path: Path) -> np.ndarray:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return np.array(sorted(int(line["row"]) for line in csv.DictReader(file)), np.int64)
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise StoredStateError(f"{path} is missing or damaged ({error}); run the label stage again") from error


def scored_rows(score_on: str, target: Dataset, used: np.ndarray, where: str,
                copied: np.ndarray = NONE) -> np.ndarray:
    """Return the labelled rows on which a cell is scored, ascending: the test split, or all but used ones and copies.

    ``copied`` are rows whose copies in other data sets have labels that were used.

    Raises
    ------
    InputError
        If none is left.
    StoredStateError
        If the label of a face of the test split was used.
    """
    labelled = np.flatnonzero(target.labels != "")
    if score_on == "unused_labels":
        # A copy tells its label just as well.
        of_used = np.flatnonzero(np.isin(target.copies, target.copies[np.union1d(used, copied)]))
        rows = np.setdiff1d(labelled, of_used)
    else:
        rows = np.intersect1d(labelled, target.rows_in("test"))
        if len(leaked := np.intersect1d(rows, used)):
            raise StoredStateError(f"{where}: {len(leaked)} labels of the test split were used for training or naming "
                                   f"(row {leaked[0]} first), so that it would not be an honest test; run train and "
                                   "label again")
    if not len(rows):
        raise InputError(f"{where}: no labelled face is left to score on {score_on!r} ({len(labelled)} labelled, "
                         f"{len(used)} used); import more labelled faces, or a test split")
    return rows
