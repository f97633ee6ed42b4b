"""A linear and a nearest-neighbour probe of an embedding, with a stated label budget."""

from collections.abc import Callable

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures.probes import probes_figure
from fecemo.evaluation.printed import Part
from fecemo.evaluation.probing.probe import PROBES, Probes, draw_budget, score_answers
from fecemo.evaluation.probing.standard_vectors import fit_standard_vectors
from fecemo.evaluation.records.score import Score


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
        learned, asked = standard.of(vectors, train), standard.of(vectors, test)
        for name, answers in PROBES.items():
            scores[name] = score_answers(
                labels[test], answers(learned, labels[train], asked, settings), evidence.predictions.emotions,
                resamples=evidence.settings.bootstrap, confidence=evidence.settings.confidence, seed=evidence.seed)
    _, support = np.unique(labels[test], return_counts=True)
    return Probes(
        labels=len(train), n_scored=len(test), chance=1 / len(support), majority=float(support.max() / len(test)),
        length=vectors.shape[1], used=learned.shape[1], penalty=settings.penalty, metric=settings.metric,
        neighbours=min(settings.neighbours, len(train)), linear=scores["linear"], nearest=scores["neighbours"])


def show_probes(probes: Probes, score: Score, cite: Callable[..., Part]) -> dict[str, object]:
    """Return what ``probes.html.jinja`` shows."""
    return {"probes": probes, "figure": probes_figure(probes, score),
            "cite": cite}


METRIC = CellMetric(
    name="probes", title="Probes of the embeddings", kind=Probes, measure=measure_probes, show=show_probes,
    caption="What the embedding holds of the emotions, whatever the clusters make of it: a logistic regression and the "
            "nearest neighbours learn from labels of the train split and answer for the test split.",
    columns={"Linear": "linear.accuracy", "Linear, balanced": "linear.balanced_accuracy",
             "Neighbours": "nearest.accuracy", "Neighbours, balanced": "nearest.balanced_accuracy",
             "Labels": "labels", "Faces": "n_scored", "Majority": "majority"})
