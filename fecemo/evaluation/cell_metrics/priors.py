"""Priors: what a classifier answers if emotions are as common as in the train split, and if all are alike.

A network whose loss or whose sampling made all emotions alike gives p̂ for faces of which each emotion is as likely. Of
faces that come as they did, p̂_j π_j / Σ_i p̂_i π_i is right, π_j being the share of emotion j in the train split; the
other way round, a network that learnt them as they came answers alike by p̂_j / π_j (Saerens et al. 2002, equation 2.4;
Menon et al. 2021, equation 9). Nothing is chosen on the scored faces.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.metrics.classification import confusion_figures
from fecemo.evaluation.metrics.intervals import bootstrap_intervals
from fecemo.evaluation.records.score import Interval

ROUNDING = 1e-3
"""By so much probabilities may miss a sum of 1."""


@dataclass(frozen=True)
class ShiftedAnswers:
    """How well a classifier answers under other priors; figures as in `Score`."""

    accuracy: float
    balanced_accuracy: float
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class Priors:
    """A classifier's answers under two other priors, whichever of them its loss had in mind."""

    labels: int  #: Of the train split, that the shares π were counted from.
    as_in_train: ShiftedAnswers  #: By p̂ π: the right reading where training made all emotions alike.
    alike: ShiftedAnswers  #: By p̂ / π: the right reading where it did not.


def measure_priors(evidence: CellEvidence) -> Priors | None:
    """Answer anew from the stored probabilities; None for clusters, and where no label of a train split is known."""
    predictions = evidence.predictions
    scores, emotions = predictions.scores.astype(np.float64), predictions.emotions
    counts = Counter(evidence.labels[evidence.splits == "train"].tolist())
    n_labels = sum(counts[emotion] for emotion in emotions)
    if (evidence.predicts_by != "classifier" or not n_labels or not len(scores) or (scores < 0).any()
            or np.abs(scores.sum(axis=1) - 1).max() > ROUNDING):
        return None
    shares = np.array([max(1, counts[emotion]) for emotion in emotions]) / n_labels
    truth = predictions.truth_columns
    as_in_train, alike = (_answers(truth, (scores * factors).argmax(axis=1), len(emotions), evidence)
                          for factors in (shares, 1 / shares))
    return Priors(n_labels, as_in_train, alike)


def _answers(truth: np.ndarray, answers: np.ndarray, n_classes: int, evidence: CellEvidence) -> ShiftedAnswers:
    confusion = np.zeros((n_classes, n_classes + 1), np.int64)
    np.add.at(confusion, (truth, answers), 1)
    figures = confusion_figures(confusion[None])
    intervals = bootstrap_intervals(confusion, evidence.settings.resampling(evidence.seed))
    return ShiftedAnswers(float(figures["accuracy"][0]), float(figures["balanced_accuracy"][0]),
                          {name: intervals[name] for name in ("accuracy", "balanced_accuracy")})


METRIC = CellMetric(
    name="priors", title="Other priors", kind=Priors, measure=measure_priors,
    caption="What a classifier answers if emotions are as common as in the train split, which suits accuracy, and if "
            "all are alike, which suits balanced accuracy. Where its training made them alike, the score itself is of "
            "the latter, and the second pair of figures divides by the shares once more.",
    columns={"As in train": "as_in_train.accuracy", "As in train, balanced": "as_in_train.balanced_accuracy",
             "Alike": "alike.accuracy", "Alike, balanced": "alike.balanced_accuracy"})
