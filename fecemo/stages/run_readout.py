"""What a finished row of a run says of faces that it has never seen: vectors, clusters, names and shares of classes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fecemo.clustering.halves import groups_of_target
from fecemo.clustering.kmeans import assign
from fecemo.clustering.naming import class_margins
from fecemo.data.arrays import read_array
from fecemo.data.cluster_names import (
    NAMES_NAME,
    NOT_A_FACE,
    SAMPLE_NAME,
    ClusterNames,
    hand_names_of,
    read_cluster_names,
    read_hand_names,
    require_names_of,
    shown_by,
)
from fecemo.data.csv_rows import csv_rows
from fecemo.data.dataset import Dataset
from fecemo.data.group_keys import cluster_of, key_order
from fecemo.data.receipts import Receipt, digest_file, digest_json, read_receipt, require_receipt
from fecemo.data.vocabulary import Vocabulary
from fecemo.encoder import Encoder, input_columns, rows_behind
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.metrics.calibration import Calibration, calibrate, shares
from fecemo.models.approach import IMAGE, approaches
from fecemo.run import Run
from fecemo.stages.kept_groups import grouped_faces
from fecemo.study.artifact_kinds import OF_ROW, clustering_digest
from fecemo.study.artifacts import Artifacts

ASSUMED_TEMPERATURE = {"clusters": 0.1, "classifier": 1.0}
"""Where no labelled face may choose one. A face half as far from its centre as from the next has the margin 1/3."""
MIN_PROBABILITY = 1e-9
BY_HAND = "hand"
"""In the place of the cluster of a face that a person moved out of it."""


@dataclass(frozen=True)
class Answers:
    """What a row says of faces."""

    #: Of shape (n,), str. A label; ``""`` where the face's cluster has none that says what it shows, such as
    #: ``"mixed"``.
    shows: np.ndarray
    #: Of shape (n,), str. Keys of the clusters, or of the halves of divided ones; ``""`` for a classifier, `BY_HAND`
    #: for a face that a person moved out of its cluster.
    groups: np.ndarray
    #: Of shape (n, c), float32. Of the labels; 0 throughout where the face shows none, 1 for what a person said of a
    #: face.
    shares: np.ndarray
    aside: np.ndarray  #: Of shape (n,), bool. Whether it is no face, by the name of its cluster or by itself.


class RunReadout:
    """A row of a run, ready to be asked.

    Attributes
    ----------
    classes : tuple of str
        Columns of the shares: the classes, and every other label that clusters or faces bear.
    vocabulary : Vocabulary
        By which the names are understood.
    inputs : dict of str to str
        Digests of what it is made of: model, clusters and names.
    names : ClusterNames or None
        Of its clusters; None for a classifier.
    model : Receipt
        Of its trained network.
    centres : ndarray of shape (k, d), float32
        Of its clusters; of a classifier none, k = 0.

    Raises
    ------
    InputError
        If there is no such row, or it answers with neither clusters nor classes.
    StoredStateError
        If something that it is made of is missing or stale; the message says what changed since.
    """

    def __init__(self, run: Run, row: str, variant: str) -> None:
        run.require_cell(row, variant)
        self.run, self.where, self.title = run, (row, variant), f"{row} {variant}"
        self._artifacts = Artifacts(run.layout)
        model = self._artifacts.require("model", row, variant)
        self.inputs = {"model": model.digest, **{name: digest for name, digest in model.inputs.items()
                                                 if name.startswith(f"outputs{OF_ROW}")}}
        self.model = model
        self.by: str = approaches.find(model.config["approach"]).predicts_by
        self.names: ClusterNames | None = None
        self.vocabulary = Vocabulary()
        self.centres = np.zeros((0, 0), np.float32)
        if self.by == "classifier":
            self.classes = run.classes(row, variant)
            return
        clusters = self._artifacts.require("clusters", row, variant)
        self.centres = np.asarray(read_array(run.layout.clusters(row, variant), "centres", "cluster"))
        self.names, self._division_seed, named = self._read_names(clusters)
        self.inputs |= {"clusters": clusters.digest, "names": named}
        self.classes, self.vocabulary = self.names.labels, self.names.vocabulary

    @property
    def digest(self) -> str:
        """str: Of the model, the clusters and the names."""
        return digest_json(self.inputs)

    def _read_names(self, clusters: Receipt) -> tuple[ClusterNames, int, str]:
        """Return the names, the seed of divisions and the names' digest: the label stage's, or a person's own file."""
        layout, hand_path = self.run.layout, self.run.layout.hand_names(*self.where)
        if read_receipt(layout.names(*self.where)) is None and hand_path.exists():
            hand = hand_names_of(hand_path, *self.where)
            require_names_of(hand, clustering_digest(clusters.outputs), len(self.centres), str(hand_path))
            return ClusterNames.by_hand(hand), hand.seed, digest_file(hand_path)
        receipt = self._artifacts.require("names", *self.where)
        path = layout.names(*self.where) / NAMES_NAME
        names = read_cluster_names(path)
        require_names_of(names, clustering_digest(clusters.outputs), len(self.centres), str(path))
        seed = read_hand_names(hand_path).seed if names.method == "hand" and names.divided else receipt.seed
        return names, int(seed or 0), receipt.digest

    @cached_property
    def encoder(self) -> Encoder:
        """Encoder: The trained model."""
        return self.run.encoder(*self.where)

    @cached_property
    def models(self) -> dict[str, Receipt]:
        """Dict of str to Receipt: Of the trained networks of the row and of all rows behind it, by row."""
        models, rows = {self.where[0]: self.model}, [self.where[0]]
        for row in rows:
            for behind in set(rows_behind(models[row]).values()) - set(models):
                models[behind] = require_receipt(self.run.layout.model(behind, self.where[1]), "train")
                rows.append(behind)
        return models

    @property
    def vector_inputs(self) -> dict[str, str]:
        """Dict of str to str: Of `inputs` those that decide a vector."""
        return {name: digest for name, digest in self.inputs.items() if name not in ("clusters", "names")}

    @property
    def columns(self) -> set[str]:
        """Set of str: Columns of a data set that the row, and those behind it, take."""
        return {model.config["variant"]["faces"] if column == IMAGE else column
                for model in self.models.values() for column in input_columns(model).values()
                if column not in rows_behind(model)}

    def vectors(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """Return the vectors of faces: ndarray of shape (n, d), float32. See `Encoder.transform`."""
        return self.encoder.transform(columns)

    @cached_property
    def _source(self) -> tuple[np.ndarray, np.ndarray]:
        source = self.run.outputs(*self.where, "source").values
        return grouped_faces(self.run.layout.clusters(*self.where), source)

    def scores(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what faces show by their groups, these, and scores of the labels of shape (n, c); see `Answers`."""
        if self.names is None:
            if vectors.shape[1] != len(self.classes):
                raise StoredStateError(f"{self.title} gives {vectors.shape[1]} probabilities, and the run has "
                                       f"{len(self.classes)} classes; run train and embed again")
            shows = np.array(self.classes)[vectors.argmax(axis=1)]
            return shows, np.full(len(vectors), ""), np.log(np.maximum(vectors, MIN_PROBABILITY))
        names = self.names
        clusters, distances = assign(vectors, self.centres, title=self.title)
        groups = clusters.astype(str)
        if names.divided:
            groups = groups_of_target(names.divided, self._division_seed, *self._source, vectors, clusters, self.title)
        shows = np.array([names.label(group) for group in groups.tolist()], dtype=str)
        # A divided cluster has for other faces the name of its first half, the larger.
        first = [names.label(min((key for key in names.names if cluster_of(key) == cluster), key=key_order))
                 for cluster in range(len(self.centres))]
        cluster_names = np.broadcast_to(np.array(first, dtype=object), distances.shape).copy()
        cluster_names[np.arange(len(cluster_names)), clusters] = shows
        return shows, groups, class_margins(distances, cluster_names, self.classes)

    @property
    def sets_aside(self) -> bool:
        """bool: Whether a cluster or a face is named `NOT_A_FACE`."""
        return self.names is not None and NOT_A_FACE in (*self.names.names.values(), *self.names.faces.values())

    def answers(self, vectors: np.ndarray, ids: np.ndarray | None = None) -> Answers:
        """Return what faces show, with calibrated shares where `calibration` could be chosen.

        A label that no cluster bears has no share: a margin of -1 would leave it a small one, by which a search for it
        would put all faces in an order that means nothing.

        Parameters
        ----------
        vectors : ndarray of shape (n, d), float32
        ids : ndarray of shape (n,), str, optional
            Of the faces: those that a person moved out of their clusters show what the person said.
        """
        shows, groups, scores = self.scores(vectors)
        likely = shares(scores, self.calibration.temperature)
        if self.names is None:
            return Answers(shows, groups, likely, np.zeros(len(shows), bool))
        borne = {self.names.label(key) for key in self.names.names}
        likely *= np.array([label in borne for label in self.classes], np.float32)
        likely /= np.maximum(likely.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
        likely[shows == ""] = 0
        aside = np.array([self.names.names.get(group) == NOT_A_FACE for group in groups.tolist()], bool)
        moved = self.names.faces
        shows, groups = shows.astype(object), groups.astype(object)
        for at, face in enumerate([] if ids is None or not moved else ids.tolist()):
            if face in moved:
                shows[at], groups[at], aside[at] = shown_by(moved[face]), BY_HAND, moved[face] == NOT_A_FACE
                likely[at] = np.array(self.classes) == shows[at]
        return Answers(shows.astype(str), groups.astype(str), likely, aside)

    @cached_property
    def calibration(self) -> Calibration:
        """Calibration: By labelled faces that neither trained nor named, and are not in the test split."""
        assumed, layout = ASSUMED_TEMPERATURE[self.by], self.run.layout
        if read_receipt(layout.outputs(*self.where)) is None:
            return Calibration(assumed)
        name = self.run.roles(*self.where).get("target")
        if name is None or read_receipt(layout.dataset(name)) is None:
            return Calibration(assumed)
        target, embedded = Dataset(layout.dataset(name)), self.run.outputs(*self.where)
        free = (target.labels != "") & (target.splits != "test") & ~np.isin(target.copies,
                                                                            target.copies[self._used_rows()])
        classes = self.classes if self.names is None else self.names.classes
        counted = [self.vocabulary.counted_as(label, classes)[:1] for label in self.classes]
        rows = embedded.rows[free[embedded.rows] & np.isin(target.labels[embedded.rows], classes)]
        if not len(rows):
            return Calibration(assumed)
        shows, _, scores = self.scores(np.asarray(embedded.values[np.searchsorted(embedded.rows, rows)]))
        right = np.array([[(label,) == of for of in counted] for label in target.labels[rows].tolist()], bool)
        known = (shows != "") & right.any(axis=1)
        return calibrate(scores[known], right[known], assumed)

    def _used_rows(self) -> np.ndarray:
        """Return the target rows whose labels trained a model, chose its settings or named its clusters."""
        layout = self.run.layout
        stored = [np.asarray(read_array(layout.model(row, self.where[1]), name, "train"), np.int64)
                  for row, model in self.models.items()
                  for name in ("labelled_rows", "choosing_rows") if f"{name}.npy" in model.outputs]
        sample = layout.names(*self.where) / SAMPLE_NAME
        lines = [line for line in csv_rows(sample) if isinstance(line, tuple)][1:] if (
            self.names is not None and sample.exists()) else []
        named = np.array([int(cells[0]) for _, cells in lines], np.int64)
        return np.concatenate([np.zeros(0, np.int64), *stored, named])


def require_current(inputs: dict[str, str], readout: Callable[[], RunReadout], title: str) -> None:
    """Raise `StoredStateError` where a row is no longer what something was made of.

    Where the run is gone, nobody can tell; stderr says so.

    Parameters
    ----------
    inputs : dict of str to str
        Digests of what it was made of.
    readout : callable
        Opens the row as it is now.
    title : str
        Of what was made, for the message.
    """
    try:
        now = readout().inputs
    except InputError as error:
        print(f"warning: whether {title} are what their run says now is not known: {error}", file=sys.stderr)
        return
    if changed := [name for name, digest in now.items() if inputs.get(name) != digest]:
        raise StoredStateError(f"{title} are stale: the {changed[0].replace('_', ' ')} of the run changed since; run "
                               "the tag stage again")
