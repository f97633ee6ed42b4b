"""Probes: how much of the emotions can be read off vectors by the simplest means, with labels to learn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.metrics.intervals import bootstrap_intervals
from fecemo.evaluation.probing.probe_settings import ProbeSettings
from fecemo.evaluation.records.score import Interval

MOST_STEPS = 1000
"""Steps of the logistic regression's solver at the most."""


@dataclass(frozen=True)
class ProbeScore:
    """How well one probe answered.

    Parameters
    ----------
    accuracy, balanced_accuracy : float
        In [0, 1]; balanced accuracy is a mean over the emotions that were scored.
    intervals : dict of str to Interval
        Of both, by bootstrap over the scored faces.
    """

    accuracy: float
    balanced_accuracy: float
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class Probes:
    """What can be read off a cell's embedding with labels to learn from.

    Parameters
    ----------
    labels : int
        Labels of the train split that the probes learned from.
    n_scored : int
        Labelled faces of the test split on which they were scored.
    chance, majority : float
        One in as many emotions as were scored, and the share of the most frequent of them.
    length, used : int
        Numbers of an embedding, and those left of it after `StandardVectors`.
    penalty, neighbours, metric
        As in `ProbeSettings`; as many neighbours as there were.
    linear, nearest : ProbeScore
        Logistic regression, and the vote of the nearest neighbours.
    """

    labels: int
    n_scored: int
    chance: float
    majority: float
    length: int
    used: int
    penalty: float
    neighbours: int
    metric: str
    linear: ProbeScore
    nearest: ProbeScore


def linear_answers(train: np.ndarray, labels: np.ndarray, test: np.ndarray, settings: ProbeSettings) -> np.ndarray:
    """Return what a class-balanced logistic regression (multinomial, L2) answers for ``test``.

    Parameters
    ----------
    train : ndarray of shape (n, d), float32
        Standardised.
    labels : ndarray of shape (n,), str
        Two different ones or more.
    test : ndarray of shape (m, d), float32
    settings : ProbeSettings

    Returns
    -------
    ndarray of shape (m,), str
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=settings.penalty, class_weight="balanced", max_iter=MOST_STEPS)
    with warnings.catch_warnings():
        # A thousand steps leave nothing that an answer would turn on.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train, labels)
    return np.asarray(model.predict(test))


def neighbour_answers(train: np.ndarray, labels: np.ndarray, test: np.ndarray, settings: ProbeSettings) -> np.ndarray:
    """Return what each test face's nearest training faces vote; parameters as in `linear_answers`."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(min(settings.neighbours, len(train)), metric=settings.metric, algorithm="brute")
    return np.asarray(model.fit(train, labels).predict(test))


PROBES: dict[str, Callable[..., np.ndarray]] = {"linear": linear_answers, "neighbours": neighbour_answers}


def score_answers(truth: np.ndarray, answers: np.ndarray, emotions: Sequence[str], *, resamples: int,
                  confidence: float, seed: int) -> ProbeScore:
    """Compare a probe's answers with the truth.

    Parameters
    ----------
    truth, answers : ndarray of shape (n,), str
        Of ``emotions``; n ≥ 1.
    emotions : sequence of str
    resamples, confidence, seed
        As in `bootstrap_intervals`.
    """
    from sklearn.metrics import confusion_matrix

    from fecemo.evaluation.metrics.classification import confusion_figures

    confusion = confusion_matrix(truth, answers, labels=list(emotions))
    confusion = np.concatenate([confusion, np.zeros((len(emotions), 1), confusion.dtype)], axis=1)
    figures = confusion_figures(confusion)
    intervals = bootstrap_intervals(confusion, resamples=resamples, confidence=confidence, seed=seed)
    return ProbeScore(accuracy=float(figures["accuracy"]), balanced_accuracy=float(figures["balanced_accuracy"]),
                      intervals={name: intervals[name] for name in ("accuracy", "balanced_accuracy")})


def draw_budget(rows: np.ndarray, labels: np.ndarray, budget: int | None, seed: int) -> np.ndarray:
    """Return rows to learn from, ascending: as many as the budget allows, in the proportions of their labels.

    Parameters
    ----------
    rows : ndarray of shape (n,), int64
    labels : ndarray of shape (n,), str
        Of those rows.
    budget : int or None
        Where there are at least as many labels as different ones, each of these has one face or more.
    seed : int
    """
    if budget is None or budget >= len(rows):
        return np.sort(rows)
    # Faces of each emotion in drawn order, their places spread evenly over [0, 1): the first N are a fair share of all.
    rng = np.random.default_rng(seed)
    place = np.empty(len(rows))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        place[members] = np.arange(len(members)) / len(members)
    return np.sort(rows[np.lexsort((rng.random(len(rows)), place))[:budget]])
