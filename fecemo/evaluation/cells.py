"""What the stages stored of one cell, read together: what results are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.errors import StoredStateError
from fecemo.evaluation.metrics.intervals import Difference
from fecemo.evaluation.metrics.over_seeds import paired_seed_differences
from fecemo.evaluation.records.cluster_sweep import ClusterSweep, RightAnswers
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.records.score_parts import Interval
from fecemo.evaluation.records.triplet_test import TypeShare

Way = tuple[int, str]
"""How a cell answers: by so many clusters, named in this way; or by its classifier."""
CLASSIFIER: Way = (0, "classifier")
RANKED = "balanced_accuracy"
"""The figure by which the rows of Table 2 are compared: rare classes count as much as frequent ones."""


@dataclass(frozen=True)
class Heading:
    """A row's or column's key in recipes and its title in print.

    Parameters
    ----------
    name, title : str
    part : str
        Of a row: title of the part of the table to which it belongs, where the table has parts.
    """

    name: str
    title: str
    part: str = ""


@dataclass(frozen=True)
class Triplets:
    """How often a cell's embedding finds the odd one of three faces.

    Parameters
    ----------
    accuracy : float
        Share of the triplets that were held out from its training, or of those of the triplet test.
    n_triplets : int or None
        How many these were; None where the run did not store it.
    interval : Interval or None
        Of the share; None where their number is not known.
    chose_epoch : bool
        Whether the same triplets chose the epoch whose weights were kept.
    tested : bool
        Whether they are of the triplet test, from whose faces nothing learns.
    by_type : dict of str to TypeShare
        The same by the type of the triplet, of the triplet test.
    """

    accuracy: float
    n_triplets: int | None = None
    interval: Interval | None = None
    chose_epoch: bool = False
    tested: bool = False
    by_type: dict[str, TypeShare] = field(default_factory=dict)


@dataclass(frozen=True)
class CellRecords:
    """The records of one cell, or of one step of a learning curve; what has not run is None or empty.

    Parameters
    ----------
    row, column : Heading
    supervision : str
        What it learned from, in words.
    level : int
        The same as a step, from what costs least.
    clustered : bool
        Whether it answers by clusters; else by its classifier.
    published : bool
        Whether the recipe's published table has a figure of it.
    waits : str
        What it waits for, in words.
    score : Score or None
    records : mapping of str to object
        Records of cell metrics, by the metric's name.
    sweep : ClusterSweep or None
    right : mapping of Way to RightAnswers
        Which scored faces it answered rightly, in each way.
    triplets : Triplets or None
    seconds : float or None
        Of training.
    digests : mapping of str to str
        Of the receipts behind score, sweep and triplet test, by their stage.
    """

    row: Heading
    column: Heading
    supervision: str = ""
    level: int = 0
    clustered: bool = False
    published: bool = False
    waits: str = ""
    score: Score | None = None
    records: Mapping[str, Any] = field(default_factory=dict)
    sweep: ClusterSweep | None = None
    right: Mapping[Way, RightAnswers] = field(default_factory=dict)
    triplets: Triplets | None = None
    seconds: float | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

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
class LearningPoint:
    """A cell with less of one thing, or the cell itself.

    Parameters
    ----------
    cell : CellRecords
        Without records, where it has not run with the recipe's settings.
    amount : int or None
        How much it had, in the curve's unit; None where it has not run.
    seconds : float or None
        Wall-clock seconds of training; None where nothing was trained for the point, or it has not run.
    asked : float or None
        The recipe's value; None for the cell itself.
    """

    cell: CellRecords
    amount: int | None
    seconds: float | None
    asked: float | None = None


@dataclass(frozen=True)
class LearningCurve:
    """One cell with less and less of one thing.

    Parameters
    ----------
    row, column : Heading
    setting : str
        The recipe's key, such as ``"classify.faces"``.
    unit : str
        What there is less of, in words, such as ``"triplets"``.
    points : tuple of LearningPoint
        From the least; the last is the cell itself.
    """

    row: Heading
    column: Heading
    setting: str
    unit: str
    points: tuple[LearningPoint, ...]


def way_key(way: Way) -> str:
    """Return the key of a way of answering, such as ``"8 few"``."""
    return f"{way[0]} {way[1]}" if way != CLASSIFIER else "classifier"


def ways_of_all(rows: Sequence[CellRecords]) -> list[Way]:
    """Return every way in which some row answered."""
    return list(dict.fromkeys(way for row in rows for way in row.right))


def reference_of(row: CellRecords, rows: Sequence[CellRecords], way: Way) -> CellRecords | None:
    """Return the best published approach in one way of answering, among those with no more supervision than a row."""
    return _ranked([other for other in rows if other.published and other is not row and other.level <= row.level],
                   way)[0]


def compare_rows(rows: Sequence[CellRecords], *, resamples: int, confidence: float,
                 seed: int) -> tuple[dict[str, dict[str, Difference]], dict[tuple[str, str], str]]:
    """Compare, in every way of answering, the best row with all others, and each with the best published approach.

    Returns
    -------
    differences : dict of str to dict of str to Difference
        Of balanced accuracy, by ``"a - b"`` and `way_key`; pairs that share too few faces are left out.
    references : dict of (str, str) to str
        By a row's key and `way_key`, the key of the published approach that it is compared with.

    Raises
    ------
    StoredStateError
        If two rows that answer with several seeds have not equally many.
    """
    found: dict[str, dict[str, Difference]] = {}
    references: dict[tuple[str, str], str] = {}
    for way in ways_of_all(rows):
        best, others = _ranked(rows, way)
        pairs = [(best, other) for other in others if best is not None]
        for row in rows:
            if not row.published and (reference := reference_of(row, rows, way)) is not None:
                references[row.key, way_key(way)] = reference.key
                pairs.append((row, reference))
        for a, b in pairs:
            if way not in a.right or way not in b.right or way_key(way) in found.get(f"{a.key} - {b.key}", {}):
                continue
            seeds_a, seeds_b = (len(row.right[way].right) for row in (a, b))
            if 1 not in (seeds_a, seeds_b) and seeds_a != seeds_b:
                raise StoredStateError(f"{a.key} answers with {seeds_a} seeds and {b.key} with {seeds_b}, expected "
                                       "equally many; run the cluster_sweep stage of both again with one recipe")
            differences = paired_seed_differences(a.right[way], b.right[way], resamples=resamples,
                                                  confidence=confidence, seed=seed)
            if differences is not None:
                found.setdefault(f"{a.key} - {b.key}", {})[way_key(way)] = differences[RANKED]
    return found, references


def _ranked(rows: Sequence[CellRecords], way: Way) -> tuple[CellRecords | None, list[CellRecords]]:
    """Return the row with the best balanced accuracy in one way of answering, and all others that answer so."""
    figures = {row.key: figure for row in rows if (figure := row.balanced_accuracy(way)) is not None}
    ranked = sorted((row for row in rows if row.key in figures), key=lambda row: -figures[row.key])
    return (ranked[0], ranked[1:]) if ranked else (None, [])


def right_answers(predictions: Predictions) -> RightAnswers:
    """Return which faces a classifier answered rightly: one line, as if of one seed."""
    order = np.argsort(predictions.rows)
    right = (predictions.prediction == predictions.truth)[order]
    return RightAnswers(predictions.rows[order], predictions.truth_columns[order], right[None])
