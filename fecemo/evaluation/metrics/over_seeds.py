"""Figures under several seeds: their mean, how sure it is, and whether it beats another's.

A bootstrap resample draws faces with replacement, and with them seeds: a figure is to hold for other faces of the kind
and for other naming samples. Faces of one emotion that were answered alike with every seed are one cell of a
multinomial distribution, so that a thousand resamples are one drawing and no face is touched.

Of a handful of seeds, percentiles of the plain bootstrap are too narrow: the variance of a resampled mean of s of them
is (s − 1)/s of what is unbiased, and that their deviation is itself estimated is left out (Efron and Tibshirani, "An
Introduction to the Bootstrap", 1993; Hesterberg, "What Teachers Should Know About the Bootstrap", 2015). The seeds'
resampled weights are spread about 1/s by as much as makes up for both (`_spread`); faces are many and need none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.catalogue import HEADLINES
from fecemo.evaluation.metrics.intervals import Difference
from fecemo.evaluation.records.score import Chance, Score
from fecemo.evaluation.settings import Resampling

FIGURES = ("balanced_accuracy", "accuracy")
MIN_SHARED = 30
"""Faces that two cells must share to be compared face by face; with fewer, their own intervals decide."""


@dataclass(frozen=True)
class SeedMean:
    """A figure over seeds."""

    mean: float
    deviation: float | None  #: Standard deviation of a sample (n − 1); None for a single seed.


@dataclass(frozen=True)
class SeedFigure(SeedMean):
    """A figure over seeds with the bootstrap interval of its mean, over the scored faces and over the seeds."""

    low: float
    high: float


@dataclass(frozen=True)
class RightAnswers:
    """Which scored faces were answered rightly: what makes two rows comparable face by face."""

    rows: np.ndarray  #: Of the target set, ascending: of shape (n,), int64.
    truth: np.ndarray  #: Their emotions, as positions in the record's: of shape (n,), int64.
    right: np.ndarray  #: A line a seed: of shape (s, n), bool.


@dataclass(frozen=True)
class SeededRecord:
    """What every record says of a cell that was scored under several seeds, on the same faces under each."""

    approach: str
    variant: str
    recipe: str
    emotions: tuple[str, ...]
    score_on: str  #: ``"test"`` or ``"unused_labels"``.
    n_scored: int  #: Scored faces; none of them named or trained anything, with any seed.
    copies_scored: int  #: As of a `Score`.
    copies_left_out: int
    scored_faces: str  #: Digest of ids and true emotions: equal where two cells were scored on the same faces.
    labels_training: int  #: Labels from which the cell's networks learned, or by which their settings were chosen.
    seeds: tuple[int, ...]
    confidence: float  #: Coverage of the intervals, such as 0.95.
    bootstrap: int  #: Resamples behind them.
    chance: Chance


def seed_mean(values: Sequence[float]) -> SeedMean:
    """Return the mean over seeds and, of two or more, the standard deviation of a sample."""
    return SeedMean(fmean(values), stdev(values) if len(values) > 1 else None)


def share_a_test(scores: Sequence[Score]) -> bool:
    """Tell whether scores of one cell were taken on the same faces, as a mean over them must be.

    Where the unused labels are scored, seeds draw them differently and the same rule is enough.
    """
    rules = {score.score_on for score in scores}
    return len(rules) <= 1 and (rules != {"test"} or len({score.scored_faces for score in scores}) == 1)


def means_over_seeds(scores: Sequence[Score]) -> dict[str, SeedMean]:
    """Return the means of one cell's scores by headline metric, without those that some seed does not define.

    Raises `StoredStateError` if the scores are of different cells or recipes, were taken on different tests, or two
    have the same seed.
    """
    if len({(score.recipe, score.approach, score.variant) for score in scores}) > 1:
        raise StoredStateError("scores of different cells or recipes cannot be joined to a mean")
    name = f"{scores[0].recipe} {scores[0].approach} {scores[0].variant}"
    if not share_a_test(scores):
        tests = ", ".join(f"seed {score.seed} on {score.score_on} ({score.n_scored} faces, {score.scored_faces[:12]}…)"
                          for score in scores)
        raise StoredStateError(f"{name} was scored on different tests, which a mean would mix: {tests}; run the "
                               "evaluate stage again on the same faces")
    seeds = sorted(score.seed for score in scores)
    if len(set(seeds)) < len(seeds):
        raise StoredStateError(f"{name}: two runs have the same seed ({', '.join(map(str, seeds))}); a spread needs "
                               "different ones")
    means = {}
    for headline in HEADLINES:
        values = [value for score in scores if (value := score.metric(headline.name)) is not None]
        if len(values) == len(scores):
            means[headline.name] = seed_mean(values)
    return means


def seed_figures(answers: RightAnswers, resampling: Resampling) -> dict[str, SeedFigure]:
    """Return balanced accuracy and accuracy over seeds, with bootstrap intervals of their means.

    Balanced accuracy is the mean over the emotions that occur among the scored faces. Raises `InputError` if nothing
    was scored, or no seed answered.
    """
    if not answers.right.size:
        raise InputError("there is no scored face to resample")
    drawn = _resampled(answers.truth, answers.right.astype(np.int64), resampling)
    figures = {}
    for name in FIGURES:
        mean = seed_mean([_figure(answers.truth, right)[name] for right in answers.right])
        figures[name] = SeedFigure(mean.mean, mean.deviation, *_percentile(drawn[name], resampling, minimum=0))
    return figures


def paired_seed_differences(a: RightAnswers, b: RightAnswers,
                            resampling: Resampling) -> Mapping[str, Difference] | None:
    """Compare two rows on the faces that both were scored on.

    Each seed of the one is paired with the same of the other. A pair shares what the seed draws: the starts of K-means
    and the labelled sample that votes; what they have in common by it falls out of their difference. A row without
    seeds, such as a classifier's, answers every seed alike.

    Parameters
    ----------
    a, b : RightAnswers
        With equally many seeds, or one.

    Returns
    -------
    mapping of str to Difference, or None
        A − B of balanced accuracy and accuracy; None where they share fewer faces than two cells must to be compared.
    """
    shared, at_a, at_b = np.intersect1d(a.rows, b.rows, assume_unique=True, return_indices=True)
    if len(shared) < MIN_SHARED:
        return None
    truth, apart = a.truth[at_a], a.right[:, at_a].astype(np.int64) - b.right[:, at_b].astype(np.int64)
    drawn, value = _resampled(truth, apart, resampling), _figure(truth, apart.mean(axis=0))
    return {name: Difference(value[name], *_percentile(drawn[name], resampling, minimum=-1)) for name in FIGURES}


def _figure(truth: np.ndarray, worth: np.ndarray) -> dict[str, float]:
    """Return the two figures of faces that are worth something each, 1 for a right answer."""
    return {"balanced_accuracy": float(np.mean([worth[truth == emotion].mean() for emotion in np.unique(truth)])),
            "accuracy": float(worth.mean())}


def _resampled(truth: np.ndarray, worth: np.ndarray, resampling: Resampling) -> dict[str, np.ndarray]:
    """Return the two figures of every resample; ``worth`` of shape (s, n), int."""
    rng, resamples = np.random.default_rng(resampling.seed), resampling.resamples
    n_seeds, n_faces = worth.shape
    alike, counts = np.unique(np.vstack([truth, worth]).T, axis=0, return_counts=True)
    faces = rng.multinomial(n_faces, counts / n_faces, size=resamples)
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=resamples)
    mean = alike[:, 1:].mean(axis=1)
    total = faces * (mean + _spread(n_seeds, resampling.confidence) * (seeds @ alike[:, 1:].T / n_seeds - mean))
    member = (alike[:, :1] == np.unique(truth)).astype(np.float64)
    support = faces @ member
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.where(support > 0, (total @ member) / support, np.nan)
    return {"balanced_accuracy": np.nanmean(recall, axis=1), "accuracy": total.sum(axis=1) / n_faces}


def _spread(n_seeds: int, confidence: float) -> float:
    """Return by how much resampled weights of seeds are spread: t / z of the interval's ends, times √(s / (s − 1))."""
    from scipy.special import ndtri, stdtrit

    if n_seeds == 1:
        return 1.0
    end = (1 + confidence) / 2
    return float(stdtrit(n_seeds - 1, end) / ndtri(end) * np.sqrt(n_seeds / (n_seeds - 1)))


def _percentile(values: np.ndarray, resampling: Resampling, *, minimum: int) -> tuple[float, float]:
    """Return the interval, which weights that are spread would lead out of what a figure can be."""
    low, high = np.clip(np.quantile(values, resampling.ends), minimum, 1).tolist()
    return low, high
