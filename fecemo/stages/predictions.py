"""What a cell says of the labelled faces on which it may be scored."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.clustering.naming import class_margins
from fecemo.data.arrays import FaceArray, output_file, read_array, read_output
from fecemo.data.cluster_names import (
    NAMES_NAME,
    PARTS_NAME,
    SAMPLE_NAME,
    ClusterNames,
    read_cluster_names,
    require_names_of,
)
from fecemo.data.dataset import Dataset
from fecemo.data.group_keys import cluster_of, key_order
from fecemo.data.receipts import Receipt, require_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import LabelsUsed
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.labels_read import ScoredFaces, labels_read, scored_faces
from fecemo.study.artifact_kinds import clustering_digest
from fecemo.study.cell import Cell
from fecemo.study.faces.data_names import TARGET

TINY = 1e-30


@dataclass(frozen=True)
class PredictedFaces:
    """Scored faces with their predictions."""

    predictions: Predictions  #: Rows of the target data set, ascending.
    method: str  #: How faces got their emotion; see `Score`.
    labels_used: LabelsUsed
    embedded: FaceArray  #: What the embed stage stored of the target faces.
    clusters: np.ndarray | None  #: Of shape (n,), int, or None. Clusters of the scored faces, where they decided.
    #: Of shape (n,), str, or None. Keys of the groups that bear a name: clusters, or the parts into which a person
    #: divided them.
    groups: np.ndarray | None
    names: dict[str, str]  #: Names of the groups, where there are any.
    scored: ScoredFaces
    #: Of every column that the model answers, each of shape (n,), float32: what
    #: people gave the scored faces, and what it answers.
    numbers: dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class _Readout:
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

    Raises `StoredStateError` if one of them is missing or stale.
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
    folder, output = layout.outputs(*where), cell.approach.output
    embedded = read_output(folder, target_name, output)
    by_clusters = cell.approach.predicts_by == "clusters"
    readout = (_by_clusters(arguments, embedded, target.classes) if by_clusters else
             _by_classifier(embedded, folder / output_file(target_name, output), target.classes,
                            receipts["model"].summary.get("classes", target.classes),
                            learnt_here=cell.approach.build is not None))
    read = labels_read(cell, layout, target, receipts["model"], needed=not by_clusters)
    scored = scored_faces(cell.score_on, target, read, readout.named_with)
    rows = scored.rows
    at = np.searchsorted(embedded.rows, rows)
    if not np.isin(rows, embedded.rows).all():
        missing = int(rows[~np.isin(rows, embedded.rows)][0])
        raise StoredStateError(f"{folder}: row {missing} of the target is to be scored and has no "
                               "embedding; run the embed stage again")
    names = readout.names or ClusterNames(*where, clustering="", method="", names={})
    return PredictedFaces(
        predictions=Predictions(
            ids=target.ids[rows], rows=rows, splits=target.splits[rows], truth=target.labels[rows],
            prediction=readout.prediction[at], scores=readout.scores[at], emotions=target.classes),
        method=readout.method, embedded=embedded, clusters=None if readout.clusters is None else readout.clusters[at],
        groups=None if readout.groups is None else readout.groups[at],
        labels_used=LabelsUsed(
            training=read.training, naming=len(readout.named_with), choosing=read.choosing, of_nobody=read.of_nobody,
            faces_viewed=names.faces_viewed, suggestions_used=names.suggestions_used,
            target_labels_shown=names.target_labels_shown, named_by=names.by,
            other_scores_seen=names.other_scores_seen),
        names=names.names, scored=scored,
        numbers=_numbers(cell, folder, target, rows),
    )


def _numbers(cell: Cell, folder: Path, target: Dataset, rows: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    numbers = {}
    name = cell.recipe.role(TARGET)
    for output, columns in cell.regressions.items():
        stored = read_output(folder, name, output)
        answers = np.asarray(stored.values[np.searchsorted(stored.rows, rows)])
        if answers.shape[1] != len(columns) or not np.isfinite(answers).all():
            raise StoredStateError(f"{folder / output_file(name, output)} of shape {stored.values.shape} does not hold "
                                   f"the finite numbers {', '.join(columns)}; run train and embed again")
        for place, column in enumerate(columns):
            if column in target.columns:
                numbers[column] = (target[column][rows], answers[:, place])
    return numbers


def _by_clusters(arguments: CellArguments, embedded: FaceArray, classes: tuple[str, ...]) -> _Readout:
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
    cluster_names = np.array([_first_name(names, cluster) for cluster in range(n_clusters)], dtype=object)
    cluster_names = np.broadcast_to(cluster_names, (n_faces, n_clusters)).copy()
    cluster_names[np.arange(n_faces), clusters] = prediction
    return _Readout(method=names.method, prediction=prediction,
                  scores=class_margins(distances, cluster_names, classes), names=names, clusters=clusters,
                  groups=groups, named_with=_sampled_rows(layout.names(*where) / SAMPLE_NAME))


def _first_name(names: ClusterNames, cluster: int) -> str:
    keys = (key for key in names.names if cluster_of(key) == cluster)
    return names.emotion(min(keys, key=key_order))


def _by_classifier(embedded: FaceArray, path: Path, classes: tuple[str, ...], learnt: Sequence[str], *,
                   learnt_here: bool) -> _Readout:
    """Return the answers of a classifier; of one that others have trained, restricted to the classes of the target."""
    probabilities = np.asarray(embedded.values)
    if not learnt_here and len(set(learnt) & set(classes)) > 1 and probabilities.shape[1] == len(learnt):
        shared = {name: probabilities[:, at] for at, name in enumerate(learnt) if name in classes}
        probabilities = np.stack([shared.get(name, np.zeros(len(probabilities))) for name in classes], axis=1)
        probabilities = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True, dtype=np.float64), TINY)
        learnt = classes
    if sorted(learnt) != sorted(classes):
        raise InputError(f"the model of {path.parent} answers {', '.join(learnt)}, and the target has the classes "
                         f"{', '.join(classes)}; learn labels of the classes that are scored")
    if probabilities.shape[1] != len(classes) or not np.isfinite(probabilities).all():
        raise StoredStateError(f"{path} of shape {probabilities.shape} does not hold the finite "
                               f"probabilities of {len(classes)} classes; run train and embed again")
    probabilities = probabilities[:, [learnt.index(name) for name in classes]]
    return _Readout(method="classifier", prediction=np.array(classes)[probabilities.argmax(axis=1)],
                  scores=probabilities, named_with=np.zeros(0, np.int64))


def _sampled_rows(path: Path) -> np.ndarray:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return np.array(sorted(int(line["row"]) for line in csv.DictReader(file)), np.int64)
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise StoredStateError(f"{path} is missing or damaged ({error}); run the label stage again") from error
