"""Table 2: what each step of help buys, and what it cost. Clusters at several numbers of them beside classifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from fecemo.data.reference_figures import ReferenceFigures
from fecemo.errors import StoredStateError
from fecemo.evaluation.metrics.intervals import Difference
from fecemo.evaluation.metrics.over_seeds import paired_seed_differences
from fecemo.evaluation.probing.probe import Probes
from fecemo.evaluation.records.cluster_sweep import ClusterSweep, RightAnswers, SeedFigure
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.records.score_parts import Interval
from fecemo.evaluation.records.triplet_test import TypeShare
from fecemo.evaluation.tables.table import Heading

if TYPE_CHECKING:
    from fecemo.evaluation.tables.learning_curves import LearningCurve

Way = tuple[int, str]
"""How a row answers: by so many clusters, named in this way; or by its own classifier."""
OWN: Way = (0, "classifier")
RANKED = "balanced_accuracy"
"""The figure by which rows are ranked: rare emotions count as much as frequent ones."""


@dataclass(frozen=True)
class Triplets:
    """How often a row's embedding told the odd one out of three faces.

    Parameters
    ----------
    accuracy : float
        Share of the triplets that were held out from its training, or of those of faces from which nothing learns.
    n_held_out : int or None
        How many these were; None where the run did not store it.
    interval : Interval or None
        Of the share; None where their number is not known.
    chose_epoch : bool
        Whether the same triplets chose the epoch whose weights were kept.
    tested : bool
        Whether they are of faces from which nothing learns; else of faces held out from this row's training.
    by_type : dict of str to TypeShare
        The same by the type of the triplet, where they are tested.
    """

    accuracy: float
    n_held_out: int | None = None
    interval: Interval | None = None
    chose_epoch: bool = False
    tested: bool = False
    by_type: dict[str, TypeShare] = field(default_factory=dict)


@dataclass(frozen=True)
class CostRow:
    """One cell as a row; what has not run is None or empty.

    Parameters
    ----------
    row, column : Heading
    given : str
        What it was given to learn from, in words.
    track : int
        By which rows are grouped, from what costs least.
    clustered : bool
        Whether it predicts by clusters; else by its own classifier.
    published : bool
        Whether it is one of the study's own cells.
    waits : str
        What it waits for, in words.
    score : Score or None
    probes : Probes or None
    cluster_sweep : ClusterSweep or None
    right : mapping of Way to RightAnswers
        Which scored faces it answered rightly, in each way.
    triplets : Triplets or None
    """

    row: Heading
    column: Heading
    given: str
    track: int
    clustered: bool
    published: bool = False
    waits: str = ""
    score: Score | None = None
    probes: Probes | None = None
    cluster_sweep: ClusterSweep | None = None
    right: Mapping[Way, RightAnswers] = field(default_factory=dict)
    triplets: Triplets | None = None

    @property
    def key(self) -> str:
        """str: ``"approach/variant"``."""
        return f"{self.row.name}/{self.column.name}"

    def figures(self, way: Way) -> "Mapping[str, SeedFigure] | None":
        """Return balanced accuracy and accuracy in one way, or None where the row does not answer so."""
        if way == OWN:
            if self.clustered or self.score is None:
                return None
            its = self.score
            return {name: SeedFigure(value, None, its.intervals[name].low, its.intervals[name].high)
                    for name in ("balanced_accuracy", "accuracy") if (value := its.metric(name)) is not None}
        named = None if self.cluster_sweep is None else self.cluster_sweep.named(*way)
        return None if named is None else {"balanced_accuracy": named.balanced_accuracy, "accuracy": named.accuracy}


@dataclass(frozen=True)
class CostTable:
    """Rows, by what they were given.

    Parameters
    ----------
    title : str
        Title of the study.
    rows : tuple of CostRow
        In the order of `in_order`.
    n_clusters : tuple of int
    per_cluster, sample : int
        Labels that name: of each cluster, or in all.
    rare_class_exponent : float
        By how much the votes of rare emotions weigh more, as the recipe states it.
    class_balanced : bool
        Whether the faces that name were drawn so that emotions are alike often among them.
    confidence : float
        Coverage of the intervals.
    differences : mapping of str to mapping of str to Difference
        Balanced accuracy of one row minus that of another, by `pair_key` and `way_key`; see `compare_rows`.
    references : ReferenceFigures or None
        Published figures of other faces.
    curves : tuple of LearningCurve
        Rows with less of one thing.
    """

    title: str
    rows: tuple[CostRow, ...]
    n_clusters: tuple[int, ...]
    per_cluster: int
    sample: int
    rare_class_exponent: float
    class_balanced: bool
    confidence: float
    differences: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    references: ReferenceFigures | None = None
    curves: "tuple[LearningCurve, ...]" = ()

    @property
    def ways(self) -> tuple[Way, ...]:
        """Tuple of Way: Columns of answers."""
        return ways_with(self.n_clusters)

    def by_given(self) -> list[tuple[str, list[CostRow]]]:
        """Return what rows were given, and the rows that were given it."""
        return [(given, list(rows)) for given, rows in groupby(self.rows, key=lambda row: row.given)]

    def difference(self, a: CostRow, b: CostRow, way: Way) -> Difference | None:
        """Return by how much A is better than B in one way, or None where they were not compared."""
        return self.differences.get(pair_key(a, b), {}).get(way_key(way))

    def leader(self, way: Way) -> CostRow | None:
        """Return the row that is ahead of every other in one way, or None where none is, or where it stands alone."""
        best, others = best_of(self.rows, way)
        return best if best and others and all(self._ahead(best, other, way) for other in others) else None

    def _ahead(self, a: CostRow, b: CostRow, way: Way) -> bool:
        difference, of_a, of_b = self.difference(a, b, way), a.figures(way), b.figures(way)
        if difference is not None:
            return difference.low > 0
        return of_a is not None and of_b is not None and of_a[RANKED].low > of_b[RANKED].high


def ways_with(n_clusters: Sequence[int]) -> tuple[Way, ...]:
    """Return every way of answering: by clusters of each number, named in each way, and by a classifier."""
    return (*((k, naming) for naming in ("labels_per_cluster", "majority_vote") for k in n_clusters), OWN)


def way_key(way: Way) -> str:
    """Return the key of a way of answering, such as ``"8 labels_per_cluster"``."""
    return f"{way[0]} {way[1]}" if way != OWN else "own"


def pair_key(a: CostRow, b: CostRow) -> str:
    """Return the key of a comparison, such as ``"landmark_features/gray - dense_autoencoder/gray"``."""
    return f"{a.key} - {b.key}"


def best_of(rows: Sequence[CostRow], way: Way) -> tuple[CostRow | None, list[CostRow]]:
    """Return the row with the best balanced accuracy in one way, and all others that answer so."""
    found = {row.key: figures[RANKED].mean for row in rows if (figures := row.figures(way)) is not None}
    ranked = sorted((row for row in rows if row.key in found), key=lambda row: -found[row.key])
    return (ranked[0], ranked[1:]) if ranked else (None, [])


def reference_of(row: CostRow, rows: Sequence[CostRow], way: Way) -> CostRow | None:
    """Return the study's own row that did best in one way, among those that were given no more than this one."""
    return best_of([one for one in rows if one.published and one is not row and one.track <= row.track], way)[0]


def compare_rows(rows: Sequence[CostRow], n_clusters: Sequence[int], *, resamples: int, confidence: float,
                 seed: int) -> dict[str, dict[str, Difference]]:
    """Compare, in every way, the best row with all others, and each row with the best of the study's own.

    Returns
    -------
    dict of str to dict of str to Difference
        Of balanced accuracy, by `pair_key` and `way_key`; pairs that share too few faces are left out.

    Raises
    ------
    StoredStateError
        If two rows that answer with several seeds have not equally many.
    """
    found: dict[str, dict[str, Difference]] = {}
    for way in ways_with(n_clusters):
        best, others = best_of(rows, way)
        pairs = [(best, other) for other in others if best is not None]
        pairs += [(row, own) for row in rows if not row.published and (own := reference_of(row, rows, way)) is not None]
        for a, b in pairs:
            if way not in a.right or way not in b.right or way_key(way) in found.get(pair_key(a, b), {}):
                continue
            seeds_a, seeds_b = (len(row.right[way].right) for row in (a, b))
            if 1 not in (seeds_a, seeds_b) and seeds_a != seeds_b:
                raise StoredStateError(f"{a.key} answers with {seeds_a} seeds and {b.key} with {seeds_b}, expected "
                                       "equally many; run the cluster_sweep stage of both again with one recipe")
            differences = paired_seed_differences(a.right[way], b.right[way], resamples=resamples,
                                                  confidence=confidence, seed=seed)
            if differences is not None:
                found.setdefault(pair_key(a, b), {})[way_key(way)] = differences[RANKED]
    return found


def in_order(rows: Sequence[CostRow]) -> tuple[CostRow, ...]:
    """Return rows by track, then by what they were given, and else as they came."""
    words = list(dict.fromkeys(row.given for row in rows))
    return tuple(sorted(rows, key=lambda row: (row.track, words.index(row.given))))


def right_answers(predictions: Predictions) -> RightAnswers:
    """Return which faces a classifier answered rightly: one line, as if of one seed."""
    order = np.argsort(predictions.rows)
    right = (predictions.prediction == predictions.truth)[order]
    return RightAnswers(predictions.rows[order], predictions.truth_columns[order], right[None])
