"""Whether one cell is better than another: the same faces for both, resampled together."""

from collections.abc import Mapping
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
    """Two cells on the faces that both were scored on."""

    n_shared: int
    differences: Mapping[str, Difference]  #: Figure of A − figure of B on those faces, by headline metric.

    def reversed(self) -> "Comparison":
        """Return B compared with A."""
        return Comparison(self.n_shared, {name: Difference(-each.value, -each.high, -each.low)
                                          for name, each in self.differences.items()})


def compare_cells(scores: Mapping[Cell, Score], predictions: Mapping[Cell, Predictions], *,
                  seed: int = 0) -> dict[tuple[Cell, Cell], Comparison]:
    """Compare every cell with every other, face by face and both ways round.

    Parameters
    ----------
    scores, predictions : mapping of (approach, variant)
        Cells without predictions are left out, and pairs that share fewer than `LEAST_SHARED` faces.
    seed : int
        Of the resampling.

    Raises
    ------
    StoredStateError
        If two cells give one face different true emotions.
    """
    comparisons = {}
    for a, b in combinations([cell for cell in scores if cell in predictions], 2):
        comparison = compare(scores[a], predictions[a], scores[b], predictions[b], seed=seed)
        if comparison is not None:
            comparisons[a, b], comparisons[b, a] = comparison, comparison.reversed()
    return comparisons


def compare(a: Score, predictions_a: Predictions, b: Score, predictions_b: Predictions, *,
            seed: int = 0) -> Comparison | None:
    """Compare two scores, as `compare_cells` does; None where they share fewer than `LEAST_SHARED` faces."""
    shared, at_a, at_b = np.intersect1d(predictions_a.ids, predictions_b.ids, assume_unique=True, return_indices=True)
    if len(shared) < LEAST_SHARED:
        return None
    truth, truth_b = predictions_a.truth[at_a], predictions_b.truth[at_b]
    if (unlike := truth != truth_b).any():
        face = int(np.argmax(unlike))
        raise StoredStateError(f"the face {shared[face]} is {truth[face]} to {a.approach}/{a.variant} and "
                               f"{truth_b[face]} to {b.approach}/{b.variant}: they were scored with different labels; "
                               "run the evaluate stage again")
    return Comparison(len(shared), paired_differences(
        truth, predictions_a.prediction[at_a], predictions_b.prediction[at_b], a.emotions, seed=seed,
        resamples=min(a.bootstrap, b.bootstrap), confidence=max(a.confidence, b.confidence)))
