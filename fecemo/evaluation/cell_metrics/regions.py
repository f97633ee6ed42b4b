"""Regions: of an embedding of few numbers that a softmax reads, which emotions it has room for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.probing.regions import Arrow, fit_arrows, read_softmax

MEANINGS = {"emotions_with_region": "Emotions that some place of the embedding is answered with.",
            "emotions_answered": "Emotions that some scored face is answered with.",
            "embedding_r2": "Share of the variance of a column of numbers that a linear fit on the embedding explains."}


@dataclass(frozen=True)
class Regions:
    """What an embedding that a softmax reads has room for."""

    length: int  #: Numbers of the embedding.
    emotions: tuple[str, ...]
    #: Emotions that no place of the embedding is answered with, whatever face may come.
    without_region: tuple[str, ...]
    answered: int  #: Emotions that some scored face is answered with.
    n: int  #: Scored faces.
    #: By column of numbers that people gave; of all embedded faces that have one.
    arrows: dict[str, Arrow] = field(default_factory=dict)


def measure_regions(evidence: CellEvidence) -> Regions | None:
    """Measure the stored output of a classifier that its softmax reads, or None where none is stored."""
    if evidence.predicts_by != "classifier" or evidence.features is None:
        return None
    softmax = read_softmax(evidence.features, evidence.vectors)
    if softmax is None:
        return None
    emotions = evidence.predictions.emotions
    without = tuple(name for name, has in zip(emotions, softmax.has_region(), strict=True) if not has)
    print(f"{evidence.approach} {evidence.variant}: {len(emotions) - len(without)} of {len(emotions)} emotions have a "
          f"region in {evidence.features.shape[1]} numbers"
          + (f"; none has {', '.join(without)}" if without else ""))
    return Regions(evidence.features.shape[1], tuple(emotions), without,
                   len(np.unique(evidence.predictions.prediction)), len(evidence.predictions.rows),
                   fit_arrows(evidence.features, evidence.annotated))


def regions_rows(regions: Regions) -> Iterator[dict[str, Any]]:
    """Yield the rows of the results: how many emotions have a region, how many are answered, and R² of each column."""
    yield {"metric": "emotions_with_region", "value": float(len(regions.emotions) - len(regions.without_region)),
           "n": regions.n}
    yield {"metric": "emotions_answered", "value": float(regions.answered), "n": regions.n}
    for column, arrow in regions.arrows.items():
        yield {"metric": "embedding_r2", "class": column, "value": arrow.r2, "n": arrow.n}


METRIC = CellMetric(
    name="regions", title="Regions of the emotions", kind=Regions, measure=measure_regions, rows=regions_rows,
    meanings=MEANINGS, caption="An embedding of few numbers has no room for every emotion: which ones it answers with.")
