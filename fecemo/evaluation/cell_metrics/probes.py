"""A linear and a nearest-neighbour probe of an embedding, with a stated label budget."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import ACCENT, GUESS, INK, QUIET, SECOND, pixels
from fecemo.evaluation.printed import Part, share
from fecemo.evaluation.probing.probe import PROBES, ProbeScore, draw_budget, fit_standard_vectors, score_answers
from fecemo.evaluation.records.score import Score


@dataclass(frozen=True)
class Probes:
    """What can be read off a cell's embedding with labels to learn from."""

    labels: int  #: Labels of the train split that the probes learned from.
    n_scored: int  #: Labelled faces of the test split on which they were scored.
    chance: float  #: One in as many emotions as were scored.
    majority: float  #: Share of the most frequent of them.
    length: int  #: Numbers of an embedding.
    used: int  #: Numbers left of it after `StandardVectors`.
    penalty: float  #: Like `metric` as in `ProbeSettings`.
    neighbours: int  #: As many as there were, at most those of `ProbeSettings`.
    metric: str
    linear: ProbeScore  #: Logistic regression.
    nearest: ProbeScore  #: Vote of the nearest neighbours.


def measure_probes(evidence: CellEvidence) -> Probes | None:
    """Probe the embedding of a cell that predicts by clusters.

    The probes learn from the train split and are scored on the faces of the test split, whatever else of the target
    the cell was scored on. None for a cell that stores class probabilities, and where either split has too little.
    """
    from threadpoolctl import threadpool_limits

    if evidence.predicts_by != "clusters":
        return None
    settings, vectors, at_rows = evidence.settings.probe, evidence.vectors, evidence.vector_rows
    labels = evidence.labels[at_rows]
    labelled, splits = labels != "", evidence.splits[at_rows]
    train = np.flatnonzero(labelled & (splits == "train"))
    test = np.flatnonzero(labelled & (splits == "test"))
    train = draw_budget(train, labels[train], settings.labels, evidence.seed)
    if len(np.unique(labels[train])) < 2 or not len(test):
        return None
    scores = {}
    with threadpool_limits(limits=1):  # so that figures do not depend on the number of cores
        standard = fit_standard_vectors(vectors, train, components=settings.components, seed=evidence.seed)
        known, unknown = standard.of(vectors, train), standard.of(vectors, test)
        for name, answers in PROBES.items():
            scores[name] = score_answers(
                labels[test], answers(known, labels[train], unknown, settings), evidence.predictions.emotions,
                evidence.settings.resampling(evidence.seed))
    _, support = np.unique(labels[test], return_counts=True)
    return Probes(
        labels=len(train), n_scored=len(test), chance=1 / len(support), majority=float(support.max() / len(test)),
        length=vectors.shape[1], used=known.shape[1], penalty=settings.penalty, metric=settings.metric,
        neighbours=min(settings.neighbours, len(train)), linear=scores["linear"], nearest=scores["neighbours"])


def show_probes(probes: Probes, score: Score, cite: Callable[..., Part]) -> dict[str, object]:
    """Return what ``probes.html.jinja`` shows."""
    return {"probes": probes, "figure": probes_figure(probes, score), "cite": cite}


def probes_figure(probes: Probes, score: Score) -> str:
    """Draw the balanced accuracies of a cell and of its probes, with their intervals, as an SVG element."""
    rows = [(title, figures.balanced_accuracy, figures.intervals["balanced_accuracy"], tint)
            for title, figures, tint in (("clusters", score, SECOND), ("neighbours", probes.nearest, ACCENT),
                                         ("linear", probes.linear, ACCENT))]
    height = 44 + 34 * len(rows)
    figure = svg.new_figure(340, height)
    axes = figure.add_axes((0.24, 30 / height, 0.72, 1 - 36 / height))
    svg.quiet_axes(axes, grid="x")
    for place, (_, value, interval, tint) in enumerate(rows):
        svg.draw_interval(axes, place, value, (interval.low, interval.high), tint)
        axes.text(value, place - 0.24, share(value), color=QUIET, fontsize=pixels(10.5), ha="center", va="bottom")
    axes.axvline(probes.chance, **GUESS)
    svg.share_axis(axes, max(interval.high for _, _, interval, _ in rows) + 0.08)
    axes.set_ylim(len(rows) - 0.5, -0.7)
    axes.set_yticks(range(len(rows)), [title for title, *_ in rows], color=INK)
    spoken = "; ".join(f"{title} {share(value)}, interval {share(interval.low)} to {share(interval.high)}"
                       for title, value, interval, _ in rows)
    return svg.as_svg(figure, f"probes {score.approach} {score.variant}", f"Balanced accuracy of {spoken}.")


METRIC = CellMetric(
    name="probes", title="Probes of the embeddings", kind=Probes, measure=measure_probes, show=show_probes,
    caption="What the embedding holds of the emotions, whatever the clusters make of it: a logistic regression and the "
            "nearest neighbours learn from labels of the train split and answer for the test split.",
    columns={"Linear": "linear.accuracy", "Linear, balanced": "linear.balanced_accuracy",
             "Neighbours": "nearest.accuracy", "Neighbours, balanced": "nearest.balanced_accuracy",
             "Labels": "labels", "Faces": "n_scored", "Majority": "majority"})
