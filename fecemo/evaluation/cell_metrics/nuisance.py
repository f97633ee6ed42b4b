"""Nuisance check: how much of the clusters and the embedding follows expression, and how much everything else."""

from collections.abc import Callable

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures.nuisance import factors_figure
from fecemo.evaluation.printed import Part
from fecemo.evaluation.probing.factors import EXPRESSION, Nuisance, column_figures, strongest
from fecemo.evaluation.probing.standard_vectors import fit_standard_vectors
from fecemo.evaluation.records.score import Score

MOST_FACES = 4000
"""Faces on which linear predictability is measured; they are drawn where more were scored."""


def measure_nuisance(evidence: CellEvidence) -> Nuisance | None:
    """Compare groups and embedding of the scored faces with all that is known of them, or None where nothing is."""
    from threadpoolctl import threadpool_limits

    if not evidence.columns:
        return None
    predictions = evidence.predictions
    groups = predictions.prediction if evidence.clusters is None else evidence.clusters
    columns = {"emotion": predictions.truth,
               **{name: values[predictions.rows] for name, values in evidence.columns.items()}}
    drawn = np.arange(len(groups))
    if len(drawn) > MOST_FACES:
        drawn = np.sort(np.random.default_rng(evidence.seed).choice(drawn, MOST_FACES, replace=False))
    with threadpool_limits(limits=1):  # so that figures do not depend on the number of cores
        at = np.searchsorted(evidence.vector_rows, predictions.rows[drawn])
        standard = fit_standard_vectors(evidence.vectors, at, components=evidence.settings.probe.components,
                                        seed=evidence.seed)
        found = column_figures({name: values[drawn] for name, values in columns.items()}, groups[drawn],
                               standard.of(evidence.vectors, at), seed=evidence.seed)
    if len(found) < 2:
        return None
    factors = strongest(found)
    others = [its for name, its in factors.items() if name not in EXPRESSION]
    return Nuisance(n_faces=len(drawn), grouping="answers" if evidence.clusters is None else "clusters",
                    n_groups=len(np.unique(groups)), factors=factors, columns=found,
                    largest=max((its.ami for its in others), default=None),
                    most_predictable=max((its.predictable for its in others if its.predictable is not None),
                                         default=None),
                    competitors=sum(one.factor not in EXPRESSION and one.predictable is not None for one in found))


def show_nuisance(nuisance: Nuisance, score: Score, cite: Callable[..., Part]) -> dict[str, object]:
    """Return what ``nuisance.html.jinja`` shows."""
    return {"figure": factors_figure(f"{score.approach} {score.variant}", nuisance), "nuisance": nuisance, "cite": cite}


METRIC = CellMetric(
    name="nuisance", title="What the groups follow", kind=Nuisance, measure=measure_nuisance, show=show_nuisance,
    caption="How much of a cell's groups (its clusters or, where it has none, its answers) each factor shares: "
            "adjusted mutual information, 0 is chance and 1 is all; and how well a linear model tells the factor from "
            "the embedding: R² for numbers, balanced accuracy rescaled so that guessing is 0 for words. Emotion is one "
            "column; expression is the largest of its own, and nuisance the largest of n columns, of all that is "
            "neither: the more there are, the larger is their largest.",
    columns={"Groups: emotion": "factors.emotion.ami", "Groups: nuisance": "largest",
             "Embedding: emotion": "factors.emotion.predictable",
             "Embedding: expression": "factors.expression.predictable", "Embedding: nuisance": "most_predictable",
             "n columns": "competitors"})
