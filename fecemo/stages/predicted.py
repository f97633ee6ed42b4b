"""What a cell says of the labelled faces on which it may be scored."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.errors import InputError, StoredStateError
from fecemo.manifests.cluster_names import NAMES_NAME, SAMPLE_NAME, read_cluster_names, require_names_of
from fecemo.manifests.emotions import EMOTIONS
from fecemo.packs.array_set import FaceArray, read_face_array
from fecemo.packs.arrays import read_array
from fecemo.packs.face_pack import FacePack
from fecemo.packs.receipts import Receipt, require_receipt
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.chain import clustering_digest, require_chain
from fecemo.stages.recipe import Cell


@dataclass(frozen=True)
class PredictedFaces:
    """Scored faces with their predictions.

    Parameters
    ----------
    rows : ndarray of shape (n,), int64
        Rows of the target pack, ascending.
    truth, prediction : ndarray of shape (n,), str
        Emotions; a prediction may be ``""``.
    method : str
        How faces got their emotion; see `Score`.
    trained_on, named_with : ndarray, int64
        Rows of the target pack whose labels trained a network, or named clusters.
    looked_at : int
        Unlabelled faces at which a person looked.
    clusters : ndarray of shape (n,), int, or None
        Clusters of the faces, where they decided.
    names : dict of str to str
        Names of the clusters, where there are any.
    """

    rows: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    method: str
    trained_on: np.ndarray
    named_with: np.ndarray
    looked_at: int
    clusters: np.ndarray | None
    names: dict[str, str]


@dataclass(frozen=True)
class _Guess:
    """Predictions of every embedded target face, and what naming them cost."""

    method: str
    prediction: np.ndarray
    named_with: np.ndarray
    looked_at: int = 0
    clusters: np.ndarray | None = None
    names: dict[str, str] | None = None


def receipts_of(arguments: CellArguments, cell: Cell) -> dict[str, Receipt]:
    """Return the receipts of the stages that lead to a cell's predictions, by what they made.

    Raises
    ------
    StoredStateError
        If one of them has not finished, or was made of something that has since been made anew.
    """
    wanted = ("clusters", "names") if cell.approach.predicts_by == "clusters" else ()
    return require_chain(arguments.layout, arguments.approach, arguments.variant, "model", "embeddings", *wanted)


def predict(arguments: CellArguments, cell: Cell, target: FacePack) -> PredictedFaces:
    """Return the predictions of the faces that the recipe wants scored.

    ``score_on: test`` takes the stored test split; ``score_on: others`` every labelled face whose label was used
    neither for training nor for naming.

    Raises
    ------
    InputError
        If no labelled face is left to score.
    StoredStateError
        If what earlier stages stored does not fit together, or a label that was used would be scored.
    """
    layout, where = arguments.layout, (arguments.approach, arguments.variant)
    embedded = read_face_array(layout.embeddings(*where), "target")
    by_clusters = cell.approach.predicts_by == "clusters"
    guess = _by_clusters(arguments, embedded) if by_clusters else _by_classifier(embedded, layout.embeddings(*where))
    trained_on = _trained_on(layout.model(*where), needed=not by_clusters)
    rows = _scored_rows(cell.score_on, target, np.union1d(trained_on, guess.named_with), str(layout.target))
    at = np.searchsorted(embedded.rows, rows)
    if not np.isin(rows, embedded.rows).all():
        missing = int(rows[~np.isin(rows, embedded.rows)][0])
        raise StoredStateError(f"{layout.embeddings(*where)}: row {missing} of the target is to be scored and has no "
                               "embedding; run the embed stage again")
    return PredictedFaces(
        rows=rows, truth=target.labels[rows], prediction=guess.prediction[at], method=guess.method,
        trained_on=trained_on, named_with=guess.named_with, looked_at=guess.looked_at, names=guess.names or {},
        clusters=None if guess.clusters is None else guess.clusters[at],
    )


def _by_clusters(arguments: CellArguments, embedded: FaceArray) -> _Guess:
    layout, where = arguments.layout, (arguments.approach, arguments.variant)
    folder = layout.clusters(*where)
    clusters = np.asarray(read_array(folder, "target_clusters", "cluster", length=len(embedded.rows)))
    n_clusters = len(read_array(folder, "centres", "cluster"))
    names_path = layout.names(*where) / NAMES_NAME
    try:
        names = read_cluster_names(names_path)
        clustering = clustering_digest(require_receipt(folder, "cluster").outputs)
        require_names_of(names, clustering, n_clusters, str(names_path))
    except InputError as error:
        raise StoredStateError(f"{error}; run the label stage again") from error
    emotions = np.array([names.emotion(cluster) for cluster in range(n_clusters)])
    return _Guess(method=names.method, prediction=emotions[clusters], clusters=clusters, names=names.names,
                  named_with=_sampled_rows(layout.names(*where) / SAMPLE_NAME), looked_at=names.looked_at)


def _by_classifier(embedded: FaceArray, folder: Path) -> _Guess:
    probabilities = np.asarray(embedded.values)
    if probabilities.shape[1] != len(EMOTIONS) or not np.isfinite(probabilities).all():
        raise StoredStateError(f"{folder}: target.npy of shape {probabilities.shape} does not hold the finite "
                               f"probabilities of {len(EMOTIONS)} emotions; run train and embed again")
    return _Guess(method="classifier", prediction=np.array(EMOTIONS)[probabilities.argmax(axis=1)],
                  named_with=np.zeros(0, np.int64))


def _trained_on(folder: Path, *, needed: bool) -> np.ndarray:
    """Return the target rows from whose labels the networks learned; an unsupervised approach may store none."""
    if not needed and not (folder / "labelled_rows.npy").exists():
        return np.zeros(0, np.int64)
    return np.asarray(read_array(folder, "labelled_rows", "train"), dtype=np.int64)


def _sampled_rows(path: Path) -> np.ndarray:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return np.array(sorted(int(line["row"]) for line in csv.DictReader(file)), np.int64)
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise StoredStateError(f"{path} is missing or damaged ({error}); run the label stage again") from error


def _scored_rows(score_on: str, target: FacePack, used: np.ndarray, where: str) -> np.ndarray:
    labelled = np.flatnonzero(target.labels != "")
    if score_on == "others":
        rows = np.setdiff1d(labelled, used)
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
