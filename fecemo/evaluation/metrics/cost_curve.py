"""What a person's acts buy: balanced accuracy against clusters named, faces labelled and seconds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fecemo.evaluation.metrics.over_seeds import RightAnswers, SeededRecord, SeedFigure, SeedMean, seed_figures
from fecemo.evaluation.records.stored import RecordFile
from fecemo.evaluation.settings import Resampling


@dataclass(frozen=True)
class CostPoint:
    """What one strategy reaches after so many acts; of counts, the most of any seed."""

    strategy: str
    title: str
    acts: int  #: That might be spent, at the most: a cluster named or a face labelled is one.
    clusters_named: int  #: As spent, like `faces_labelled`.
    faces_labelled: int
    labels_behind_looks: int  #: Labels by which looks at clusters were simulated; 0 where a person looked.
    seconds: float  #: Of a person: at the stated seconds an act, or as the labelling session recorded them.
    balanced_accuracy: SeedFigure
    accuracy: SeedFigure


@dataclass(frozen=True)
class ActSeconds:
    """Seconds of a person's acts, as a labelling session recorded them; None where it recorded too few."""

    per_cluster: float | None = None  #: To look at a cluster and name it.
    per_face: float | None = None  #: To label a face.


@dataclass(frozen=True)
class CostCurve(SeededRecord):
    """Cost curve of one cell."""

    pile_faces: int  #: Faces on which the person acts: labelled ones of the train split.
    class_balanced: bool  #: Whether faces came up at random so that classes are alike often.
    seconds_per_cluster: float
    seconds_per_face: float
    ami: SeedMean  #: Agreement of as many clusters as classes with the emotions of the scored faces.
    points: tuple[CostPoint, ...]  #: By strategy, and by acts.

    def timed(self, seconds: "ActSeconds") -> "CostCurve":
        """Return the curve of a person whose acts take so long; an act of which nothing is known keeps its time."""
        per_cluster = self.seconds_per_cluster if seconds.per_cluster is None else seconds.per_cluster
        per_face = self.seconds_per_face if seconds.per_face is None else seconds.per_face
        points = tuple(replace(point, seconds=point.clusters_named * per_cluster + point.faces_labelled * per_face)
                       for point in self.points)
        return replace(self, seconds_per_cluster=per_cluster, seconds_per_face=per_face, points=points)

    @property
    def best(self) -> CostPoint:
        """CostPoint: The point of the highest balanced accuracy."""
        return max(self.points, key=lambda point: point.balanced_accuracy.mean)


@dataclass(frozen=True)
class SpentActs:
    """What one strategy answered after its acts, under every seed."""

    strategy: str
    title: str
    acts: int
    clusters_named: int
    faces_labelled: int
    labels_behind_looks: int
    answers: Sequence[np.ndarray]  #: Classes of the scored faces, ``""`` for none, by seed: each of shape (n,), str.
    seconds: float | None = None  #: As recorded; None counts the acts.


def score_acts(spent: SpentActs, truth: np.ndarray, emotions: Sequence[str], resampling: Resampling, *,
               seconds_per_cluster: float, seconds_per_face: float) -> CostPoint:
    """Return the point of a curve: scores over the seeds, and the seconds that the acts take.

    Parameters
    ----------
    truth : ndarray of shape (n,), str
        Emotions of the scored faces; n ≥ 1.
    seconds_per_cluster, seconds_per_face : float
        Of a person, for an act of each kind.
    """
    codes = np.array([list(emotions).index(emotion) for emotion in truth.tolist()])
    figures = seed_figures(RightAnswers(np.arange(len(truth)), codes,
                                        np.stack([answers == truth for answers in spent.answers])), resampling)
    counted = spent.clusters_named * seconds_per_cluster + spent.faces_labelled * seconds_per_face
    return CostPoint(spent.strategy, spent.title, spent.acts, spent.clusters_named, spent.faces_labelled,
                     spent.labels_behind_looks, counted if spent.seconds is None else spent.seconds, **figures)


COST_CURVE = RecordFile("cost_curve.json", "fecemo.cost_curve/1", CostCurve, "cost_curve")
