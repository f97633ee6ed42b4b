"""ROC and precision-recall curves, one emotion against the rest."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures.curves import precision_recall_figure, roc_figure
from fecemo.evaluation.printed import Part
from fecemo.evaluation.records.score import Score

Points = tuple[tuple[float, float], ...]
MOST_POINTS = 64
"""Points of one stored curve; they are spread evenly along it."""


@dataclass(frozen=True)
class Curves:
    """Curves of every emotion that occurs among the scored faces and is not all of them.

    Parameters
    ----------
    roc : dict of str to tuple of (float, float)
        By emotion, points (false positive rate, true positive rate) from (0, 0) to (1, 1).
    pr : dict of str to tuple of (float, float)
        By emotion, points (recall, precision) by rising recall; precision holds from the point before on.
    """

    roc: dict[str, Points]
    pr: dict[str, Points]


def measure_curves(evidence: CellEvidence) -> Curves | None:
    """Return the curves of a cell's scored faces, or None where only one emotion occurs."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    predictions, roc, pr = evidence.predictions, {}, {}
    for column, emotion in enumerate(predictions.emotions):
        shows = predictions.truth == emotion
        if shows.all() or not shows.any():
            continue
        false_rate, true_rate, _ = roc_curve(shows, predictions.scores[:, column])
        precision, recall, _ = precision_recall_curve(shows, predictions.scores[:, column], drop_intermediate=True)
        roc[emotion] = _thinned(false_rate, true_rate)
        # Without the point at recall 0 that the library adds: no face is let in there.
        pr[emotion] = _thinned(recall[-2::-1], precision[-2::-1])
    return Curves(roc, pr) if roc else None


def _thinned(x: np.ndarray, y: np.ndarray) -> Points:
    kept = np.arange(len(x))
    if len(x) > MOST_POINTS:
        along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], MOST_POINTS)).clip(0, len(x) - 1))
    return tuple((round(float(x[at]), 5), round(float(y[at]), 5)) for at in kept)


def show_curves(curves: Curves, score: Score, cite: Callable[..., Part]) -> dict[str, str]:
    """Return what ``curves.html.jinja`` shows."""
    colours = {emotion: number for number, emotion in enumerate(score.emotions)}
    cell = f"{score.approach} {score.variant}"
    return {"roc": roc_figure(cell, curves.roc, colours), "pr": precision_recall_figure(cell, curves.pr, colours)}


METRIC = CellMetric(
    name="curves", title="Ranking of the faces", kind=Curves, measure=measure_curves, show=show_curves,
    caption="One emotion against the rest, as faces rank by their score for it.")
