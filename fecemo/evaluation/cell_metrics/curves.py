"""ROC and precision-recall curves, one emotion against the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures.svg import GUESS, QUIET, as_svg, colour, new_figure, pixels, quiet_axes
from fecemo.evaluation.printed import Part
from fecemo.evaluation.records.score import Score

Points = tuple[tuple[float, float], ...]
MAX_POINTS = 64
"""Points of one stored curve; they are spread evenly along it."""


@dataclass(frozen=True)
class Curves:
    """Curves of every emotion that occurs among the scored faces and is not all of them, by its name."""

    roc: dict[str, Points]  #: Points (false positive rate, true positive rate) from (0, 0) to (1, 1).
    pr: dict[str, Points]  #: Points (recall, precision) by rising recall; precision holds from the point before on.


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
    if len(x) > MAX_POINTS:
        along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], MAX_POINTS)).clip(0, len(x) - 1))
    return tuple((round(float(x[at]), 5), round(float(y[at]), 5)) for at in kept)


def show_curves(curves: Curves, score: Score, cite: Callable[..., Part]) -> dict[str, str]:
    """Return what ``curves.html.jinja`` shows."""
    tints = {emotion: colour(number) for number, emotion in enumerate(score.emotions)}
    cell = f"{score.approach} {score.variant}"
    return {"roc": _curves_figure(f"ROC {cell}", curves.roc, tints, "faces of other emotions let in",
                                  "faces of the emotion found", guess=True),
            "pr": _curves_figure(f"precision-recall {cell}", curves.pr, tints, "faces of the emotion found",
                                 "right among those let in", guess=False)}


def _curves_figure(name: str, curves: Mapping[str, Points], tints: Mapping[str, str], across: str, up: str, *,
                   guess: bool) -> str:
    """Draw a line an emotion as an SVG element; over the diagonal of guessing, or in the steps of precision."""
    figure = new_figure(340, 300)
    axes = figure.add_axes((0.13, 0.15, 0.84, 0.82))
    quiet_axes(axes, grid="both")
    if guess:
        axes.plot([0, 1], [0, 1], **GUESS)
    for emotion, points in curves.items():
        # What is let in together with others of the same score counts from the first of them on.
        axes.plot(*zip(*points, strict=True), color=tints[emotion], linewidth=pixels(1.8), alpha=0.9,
                  drawstyle="default" if guess else "steps-pre")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    for ticks in (axes.set_xticks, axes.set_yticks):
        ticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
    axes.set_xlabel(across, color=QUIET, fontsize=pixels(10.5), labelpad=3)
    axes.set_ylabel(up, color=QUIET, fontsize=pixels(10.5), labelpad=3)
    return as_svg(figure, name, f"{name.partition(' ')[0]} curves of {', '.join(curves)}, each against the rest.")


METRIC = CellMetric(
    name="curves", title="Ranking of the faces", kind=Curves, measure=measure_curves, show=show_curves,
    caption="One emotion against the rest, as faces rank by their score for it.")
