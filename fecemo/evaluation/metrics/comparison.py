"""Whether one cell is better than another: the same faces for both, resampled together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fecemo.errors import StoredStateError
from fecemo.evaluation.metrics.intervals import Difference, paired_differences
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import Score

Cell = tuple[str, str]
LEAST_SHARED = 30
"""Faces that two cells must share to be compared face by face; with fewer, their own intervals decide."""


@dataclass(frozen=True)
class Comparison:
    """Two cells on the faces that both were scored on.

    Parameters
    ----------
    a, b : str
        The cells, as ``"approach/variant"``.
    n_shared : int
        Faces that both were scored on.
    differences : mapping of str to Difference
        Figure of ``a`` − figure of ``b`` on those faces, by headline metric.
    """

    a: str
    b: str
    n_shared: int
    differences: Mapping[str, Difference]

    def reversed(self) -> "Comparison":
        """Return B compared with A."""
        return Comparison(self.b, self.a, self.n_shared, {
            name: Difference(-one.value, -one.high, -one.low) for name, one in self.differences.items()})


def compare_cells(scores: Mapping[Cell, Score], predictions: Mapping[Cell, Predictions], *,
                  seed: int = 0) -> dict[str, Comparison]:
    """Compare every cell with every other, face by face.

    Parameters
    ----------
    scores, predictions : mapping of (approach, variant)
        Cells without predictions are left out, and pairs that share fewer than `LEAST_SHARED` faces.
    seed : int
        Of the resampling.

    Returns
    -------
    dict of str to Comparison
        By ``"a_approach/a_variant - b_approach/b_variant"``.

    Raises
    ------
    StoredStateError
        If two cells give one face different true emotions.
    """
    found = {}
    for a, b in combinations([cell for cell in scores if cell in predictions], 2):
        comparison = _compare(scores[a], predictions[a], scores[b], predictions[b], seed)
        if comparison is not None:
            for one in (comparison, comparison.reversed()):
                found[comparison_key(one.a, one.b)] = one
    return found


def compare_same_cell(cell: Cell, scores_a: Mapping[Cell, Score], predictions_a: Mapping[Cell, Predictions],
                      scores_b: Mapping[Cell, Score], predictions_b: Mapping[Cell, Predictions], *,
                      seed: int = 0) -> Comparison | None:
    """Compare one cell of run A with that of run B; None where one is missing or they share too few faces."""
    if cell not in predictions_a or cell not in predictions_b:
        return None
    return _compare(scores_a[cell], predictions_a[cell], scores_b[cell], predictions_b[cell], seed)


def comparison_key(a: str, b: str) -> str:
    """Return the key of a comparison."""
    return f"{a} - {b}"


def cell_key(score: Score) -> str:
    """Return a cell's name in a comparison: ``"approach/variant"``."""
    return f"{score.approach}/{score.variant}"


def _compare(a: Score, of_a: Predictions, b: Score, of_b: Predictions, seed: int) -> Comparison | None:
    shared, at_a, at_b = np.intersect1d(of_a.ids, of_b.ids, assume_unique=True, return_indices=True)
    if len(shared) < LEAST_SHARED:
        return None
    truth = of_a.truth[at_a]
    if (other := truth != of_b.truth[at_b]).any():
        face = int(np.argmax(other))
        raise StoredStateError(f"the face {shared[face]} is {truth[face]} to {cell_key(a)} and {of_b.truth[at_b][face]}"
                               f" to {cell_key(b)}: they were scored with different labels; run the evaluate stage "
                               "again")
    differences = paired_differences(truth, of_a.prediction[at_a], of_b.prediction[at_b], a.emotions,
                                     resamples=min(a.bootstrap, b.bootstrap), seed=seed,
                                     confidence=max(a.confidence, b.confidence))
    return Comparison(cell_key(a), cell_key(b), len(shared), differences)


def find_comparison(comparisons: Mapping[str, Comparison], a: Score, b: Score) -> Comparison | None:
    """Return A compared with B, or None where they share too few faces."""
    return comparisons.get(comparison_key(cell_key(a), cell_key(b)))


def is_ahead(comparisons: Mapping[str, Comparison], a: Score, b: Score, metric: str) -> bool:
    """Tell whether A is better than B by more than chance explains.

    The interval of the paired difference decides where there is one; else A's own interval must lie above B's.
    """
    comparison = find_comparison(comparisons, a, b)
    if comparison is not None and metric in comparison.differences:
        return comparison.differences[metric].low > 0
    if metric not in a.intervals or metric not in b.intervals:
        return False
    return a.intervals[metric].low > b.intervals[metric].high


def leader(comparisons: Mapping[str, Comparison], scores: Iterable[Score], metric: str) -> Score | None:
    """Return the score that is ahead of every other, or None where none is, or where it stands alone."""
    defined = [score for score in scores if score.metric(metric) is not None]
    if len(defined) < 2:
        return None
    best = max(defined, key=lambda score: score.metric(metric) or 0.0)
    others = (score for score in defined if score is not best)
    return best if all(is_ahead(comparisons, best, other, metric) for other in others) else None
