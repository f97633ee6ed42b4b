"""Probes: how much of the emotions can be read off vectors of any width by the simplest means, with labels.

Vectors are standardised first, and reduced where they are wide.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.metrics.classification import confusion_figures
from fecemo.evaluation.metrics.intervals import bootstrap_intervals
from fecemo.evaluation.records.score import Interval
from fecemo.evaluation.settings import ProbeSettings, Resampling

WHOLE_BYTES = 256 * 2**20
"""Faces from which principal axes are found fit into this much memory; they are drawn where there are more."""
BLOCK_BYTES = 64 * 2**20
"""Vectors are read from disk in blocks of this size."""
MAX_STEPS = 1000
"""Steps of the logistic regression's solver at the most."""


@dataclass(frozen=True)
class StandardVectors:
    """How vectors are standardised, learned from some of them.

    Each number of a vector is shifted to mean 0 and scaled to variance 1. Vectors of more than ``components`` numbers
    are then projected onto that many principal axes and divided by one number, so that the mean variance is 1 again
    and the axes keep their proportions.

    """

    mean: np.ndarray  #: Like `deviation` of shape (d,), float32.
    deviation: np.ndarray
    axes: np.ndarray | None  #: Orthonormal, of shape (c, d), float32; None where nothing is reduced.
    spread: float  #: Root of the mean variance along the axes.

    def of(self, vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return standardised vectors of shape (len(rows), d or c), float32, reading ``vectors`` block by block."""
        width = len(self.mean) if self.axes is None else len(self.axes)
        standardised = np.empty((len(rows), width), np.float32)
        for at in _blocks(vectors, rows):
            shifted = (vectors[rows[at]] - self.mean) / self.deviation
            standardised[at] = shifted if self.axes is None else shifted @ self.axes.T / self.spread
        return standardised


def fit_standard_vectors(vectors: np.ndarray, rows: np.ndarray, *, components: int, seed: int,
                         whole_bytes: int = WHOLE_BYTES) -> StandardVectors:
    """Learn how to standardise vectors.

    Parameters
    ----------
    vectors : ndarray of shape (n, d), float32
        Usually a memory map.
    rows : ndarray of shape (m,), int64
        Those to learn from; m ≥ 1.
    components : int
        Wider vectors are reduced to this many numbers.
    seed : int
        Of the faces drawn for the axes, and of the randomised method that finds them (Halko, Martinsson and Tropp,
        "Finding structure with randomness", 2011).
    whole_bytes : int
        Memory for the faces from which axes are found.

    Returns
    -------
    StandardVectors
        A number that is the same for all faces stays 0.
    """
    from sklearn.decomposition import PCA

    width = vectors.shape[1]
    mean, variance = np.zeros(width), np.zeros(width)
    for at in _blocks(vectors, rows):
        mean += vectors[rows[at]].sum(axis=0, dtype=np.float64) / len(rows)
    for at in _blocks(vectors, rows):
        variance += ((vectors[rows[at]] - mean) ** 2).sum(axis=0) / len(rows)
    deviation = np.sqrt(variance)
    # What moves by rounding alone says nothing, and must not be blown up to variance 1.
    deviation[deviation <= 1e-6 * np.maximum(np.abs(mean), np.finfo(np.float32).tiny)] = np.inf
    whole = StandardVectors(mean.astype(np.float32), deviation.astype(np.float32), None, 1.0)
    if width <= components:
        return whole
    max_rows = max(components, whole_bytes // (width * 4))
    rng = np.random.default_rng(seed)
    drawn = rows if len(rows) <= max_rows else np.sort(rng.choice(rows, max_rows, replace=False))
    pca = PCA(min(components, len(drawn)), svd_solver="randomized", random_state=seed).fit(whole.of(vectors, drawn))
    spread = float(np.sqrt(pca.explained_variance_.mean())) or 1.0
    return StandardVectors(whole.mean, whole.deviation, pca.components_.astype(np.float32), spread)


def _blocks(vectors: np.ndarray, rows: np.ndarray) -> Iterator[slice]:
    size = max(1, BLOCK_BYTES // (8 * vectors.shape[1]))
    for start in range(0, len(rows), size):
        yield slice(start, start + size)


@dataclass(frozen=True)
class ProbeScore:
    """How well one probe answered."""

    accuracy: float
    balanced_accuracy: float  #: Mean over the emotions that were scored.
    intervals: dict[str, Interval]  #: Of both, by bootstrap over the scored faces.


def linear_answers(train: np.ndarray, labels: np.ndarray, test: np.ndarray, settings: ProbeSettings) -> np.ndarray:
    """Return what a class-balanced logistic regression (multinomial, L2) answers: of shape (m,), str.

    Parameters
    ----------
    train, test : ndarray of shape (n, d) and (m, d), float32
        Standardised.
    labels : ndarray of shape (n,), str
        Two different ones or more.
    """
    names, probabilities = linear_probabilities(train, labels, test, settings)
    return np.asarray(names)[probabilities.argmax(axis=1)]


def linear_probabilities(train: np.ndarray, labels: np.ndarray, test: np.ndarray,
                         settings: ProbeSettings, *, balanced: bool = True) -> tuple[list[str], np.ndarray]:
    """Return the classes, and their probabilities of each test face, of shape (m, c); as `linear_answers`.

    Those that are not ``balanced`` hold classes to be as common as in training.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=settings.penalty, class_weight="balanced" if balanced else None, max_iter=MAX_STEPS)
    with warnings.catch_warnings():
        # A thousand steps leave nothing that an answer would turn on.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train, labels)
    return model.classes_.tolist(), np.asarray(model.predict_proba(test))


def neighbour_answers(train: np.ndarray, labels: np.ndarray, test: np.ndarray, settings: ProbeSettings) -> np.ndarray:
    """Return what each test face's nearest training faces vote; parameters as in `linear_answers`."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(min(settings.neighbours, len(train)), metric=settings.metric, algorithm="brute")
    return np.asarray(model.fit(train, labels).predict(test))


PROBES: dict[str, Callable[..., np.ndarray]] = {"linear": linear_answers, "neighbours": neighbour_answers}


def score_answers(truth: np.ndarray, answers: np.ndarray, emotions: Sequence[str],
                  resampling: Resampling) -> ProbeScore:
    """Compare a probe's answers with the truth, both of shape (n,), str, n ≥ 1."""
    from sklearn.metrics import confusion_matrix

    confusion = np.pad(confusion_matrix(truth, answers, labels=list(emotions)), ((0, 0), (0, 1)))
    figures = confusion_figures(confusion)
    intervals = bootstrap_intervals(confusion, resampling)
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
