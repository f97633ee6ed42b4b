"""What the stages stored of one cell, read together, and cells compared face by face: what results are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from fecemo.errors import StoredStateError
from fecemo.evaluation.metrics.cluster_sweep import ClusterSweep
from fecemo.evaluation.metrics.cost_curve import CostCurve
from fecemo.evaluation.metrics.intervals import Difference, mcnemar_p, paired_differences
from fecemo.evaluation.metrics.over_seeds import MIN_SHARED, RightAnswers, paired_seed_differences
from fecemo.evaluation.metrics.triplets import TypeShare
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import Interval, Score
from fecemo.evaluation.settings import Resampling

Cell = tuple[str, str]
"""Keys of a row and a variant."""
Way = tuple[int, str]
"""How a cell answers: by so many clusters, named in this way; or by its classifier."""
CLASSIFIER: Way = (0, "classifier")
RANKED = "balanced_accuracy"
"""The figure by which the rows of Table 2 are compared: rare classes count as much as frequent ones."""


@dataclass(frozen=True)
class Heading:
    """A row's or column's key in recipes and its title in print."""

    name: str
    title: str
    part: str = ""  #: Of a row: title of the part of the table to which it belongs, where the table has parts.


@dataclass(frozen=True)
class Triplets:
    """How often a cell's embedding finds the odd one of three faces."""

    accuracy: float  #: Share of the triplets held out from its training, or of those of the triplet test.
    n_triplets: int | None = None  #: None where the run did not store it; then there is no interval.
    interval: Interval | None = None
    chose_epoch: bool = False  #: Whether the same triplets chose the epoch whose weights were kept.
    tested: bool = False  #: Whether they are of the triplet test, from whose faces nothing learns.
    by_type: dict[str, TypeShare] = field(default_factory=dict)  #: Of the triplet test, by the type of the triplet.


@dataclass(frozen=True)
class CellRecords:
    """The records of one cell, or of one step of a learning curve; what has not run is None or empty."""

    row: Heading
    column: Heading
    supervision: str = ""  #: What it learned from, in words.
    level: int = 0  #: The same as a step, from what costs least.
    clustered: bool = False  #: Whether it answers by clusters; else by its classifier.
    published: bool = False  #: Whether the recipe's published table has a figure of it.
    waits: str = ""  #: What it waits for, in words.
    score: Score | None = None
    records: Mapping[str, Any] = field(default_factory=dict)  #: Of cell metrics, by the metric's name.
    sweep: ClusterSweep | None = None
    right: Mapping[Way, RightAnswers] = field(default_factory=dict)  #: Which faces it answered rightly, in each way.
    triplets: Triplets | None = None
    cost: CostCurve | None = None  #: What a person's acts buy.
    named_by_hand: tuple[int, float] | None = None  #: Clusters that a person named, and the seconds that it took.
    seconds: float | None = None  #: Of training.
    digests: Mapping[str, str] = field(default_factory=dict)  #: Of the receipts of score, sweep and test, by stage.

    @property
    def key(self) -> str:
        """str: ``"row/variant"``."""
        return f"{self.row.name}/{self.column.name}"

    def balanced_accuracy(self, way: Way) -> float | None:
        """Return the balanced accuracy in one way of answering, or None where the cell does not answer so."""
        if way == CLASSIFIER:
            return None if self.clustered or self.score is None else self.score.balanced_accuracy
        named = None if self.sweep is None else self.sweep.named(*way)
        return None if named is None else named.balanced_accuracy.mean


@dataclass(frozen=True)
class Comparison:
    """Two cells on the faces that both were scored on."""

    n_shared: int
    differences: Mapping[str, Difference]  #: Figure of A − figure of B on those faces, by headline metric.
    p: float = 1.0  #: That both are right equally often, by McNemar's exact test.

    def reversed(self) -> "Comparison":
        """Return B compared with A."""
        return Comparison(self.n_shared, {name: Difference(-each.value, -each.high, -each.low)
                                          for name, each in self.differences.items()}, self.p)


def compare_cells(scores: Mapping[Cell, Score], predictions: Mapping[Cell, Predictions], *,
                  seed: int = 0) -> dict[tuple[Cell, Cell], Comparison]:
    """Compare every cell with every other, face by face and both ways round.

    Cells without predictions are left out, and pairs that share fewer than `MIN_SHARED` faces. Raises
    `StoredStateError` if two cells give one face different true emotions.
    """
    comparisons = {}
    for a, b in combinations([cell for cell in scores if cell in predictions], 2):
        comparison = compare(scores[a], predictions[a], scores[b], predictions[b], seed=seed)
        if comparison is not None:
            comparisons[a, b], comparisons[b, a] = comparison, comparison.reversed()
    return comparisons


def compare(a: Score, predictions_a: Predictions, b: Score, predictions_b: Predictions, *,
            seed: int = 0) -> Comparison | None:
    """Compare two scores, as `compare_cells` does; None where they share fewer than `MIN_SHARED` faces."""
    shared, at_a, at_b = np.intersect1d(predictions_a.ids, predictions_b.ids, assume_unique=True, return_indices=True)
    if len(shared) < MIN_SHARED:
        return None
    truth, truth_b = predictions_a.truth[at_a], predictions_b.truth[at_b]
    if (unlike := truth != truth_b).any():
        face = int(np.argmax(unlike))
        raise StoredStateError(f"the face {shared[face]} is {truth[face]} to {a.approach}/{a.variant} and "
                               f"{truth_b[face]} to {b.approach}/{b.variant}: they were scored with different labels; "
                               "run the evaluate stage again")
    by_a, by_b = predictions_a.prediction[at_a], predictions_b.prediction[at_b]
    return Comparison(len(shared), paired_differences(
        truth, by_a, by_b, a.emotions,
        Resampling(min(a.bootstrap, b.bootstrap), max(a.confidence, b.confidence), seed)),
        mcnemar_p(by_a == truth, by_b == truth))


@dataclass(frozen=True)
class RowComparison:
    """Two rows of Table 2 in one way of answering, on the faces that both were scored on."""

    a: CellRecords
    b: CellRecords
    way: Way
    difference: Difference  #: Balanced accuracy of A − that of B.
    against: str = ""  #: ``"study"`` where B is the best published approach with no more supervision than A.


def compare_rows(rows: Sequence[CellRecords], resampling: Resampling) -> list[RowComparison]:
    """Compare, in every way of answering, the best row with all others, and each with the best published approach.

    Pairs that share too few faces are left out. Raises `StoredStateError` if two rows that answer with several seeds
    have not equally many.
    """
    comparisons: dict[tuple[str, str], dict[Way, RowComparison]] = {}
    for way in dict.fromkeys(way for row in rows for way in row.right):
        references = {row.key: best[0] for row in rows if not row.published and (best := _ranked(
            [rival for rival in rows if rival.published and rival.level <= row.level], way))}
        ranked = _ranked(rows, way)
        pairs = [(ranked[0], rival) for rival in ranked[1:]]
        for a, b in [*pairs, *((row, references[row.key]) for row in rows if row.key in references)]:
            if way not in a.right or way not in b.right or way in comparisons.get((a.key, b.key), {}):
                continue
            seeds_a, seeds_b = (len(row.right[way].right) for row in (a, b))
            if 1 not in (seeds_a, seeds_b) and seeds_a != seeds_b:
                raise StoredStateError(f"{a.key} answers with {seeds_a} seeds and {b.key} with {seeds_b}, expected "
                                       "equally many; run the cluster_sweep stage of both again with one recipe")
            if (differences := paired_seed_differences(a.right[way], b.right[way], resampling)) is not None:
                comparisons.setdefault((a.key, b.key), {})[way] = RowComparison(
                    a, b, way, differences[RANKED], "study" if references.get(a.key) is b else "")
    return [comparison for by_way in comparisons.values() for comparison in by_way.values()]


def _ranked(rows: Sequence[CellRecords], way: Way) -> list[CellRecords]:
    """Return the rows that answer in one way, from the best balanced accuracy."""
    figures = {row.key: figure for row in rows if (figure := row.balanced_accuracy(way)) is not None}
    return sorted((row for row in rows if row.key in figures), key=lambda row: -figures[row.key])


def right_answers(predictions: Predictions) -> RightAnswers:
    """Return which faces a classifier answered rightly: one line, as if of one seed."""
    order = np.argsort(predictions.rows)
    right = (predictions.prediction == predictions.truth)[order]
    return RightAnswers(predictions.rows[order], predictions.truth_columns[order], right[None])
