"""Figures of answers that were given with several seeds: their mean, how sure it is, and whether it beats another's.

A bootstrap resample draws faces with replacement, and with them seeds: a figure is to hold for other faces of the kind
and for other naming samples. Faces of one emotion that were answered alike with every seed are one cell of a
multinomial distribution, so that a thousand resamples are one drawing and no face is touched.
"""

from collections.abc import Mapping
from statistics import fmean, stdev

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.metrics.comparison import LEAST_SHARED
from fecemo.evaluation.metrics.intervals import Difference
from fecemo.evaluation.records.groupings import RightAnswers, SeedFigure, SeedMean

FIGURES = ("balanced_accuracy", "accuracy")


def seed_mean(values: list[float]) -> SeedMean:
    """Return the mean over seeds and, of two or more, the standard deviation of a sample."""
    return SeedMean(fmean(values), stdev(values) if len(values) > 1 else None)


def seed_figures(answers: RightAnswers, *, resamples: int, confidence: float, seed: int) -> dict[str, SeedFigure]:
    """Return balanced accuracy and accuracy over seeds, with bootstrap intervals of their means.

    Balanced accuracy is the mean over the emotions that occur among the scored faces.

    Parameters
    ----------
    answers : RightAnswers
    resamples : int
    confidence : float
        In (0, 1).
    seed : int
        Of the resampling.

    Raises
    ------
    InputError
        If nothing was scored, or no seed answered.
    """
    if not answers.right.size:
        raise InputError("there is no scored face to resample")
    drawn = _resampled(answers.truth, answers.right.astype(np.int64), resamples, seed)
    found = {}
    for name in FIGURES:
        mean = seed_mean([_figure(answers.truth, right)[name] for right in answers.right])
        low, high = _percentile(drawn[name], confidence)
        found[name] = SeedFigure(mean.mean, mean.deviation, low, high)
    return found


def paired_seed_differences(a: RightAnswers, b: RightAnswers, *, resamples: int, confidence: float,
                            seed: int) -> Mapping[str, Difference] | None:
    """Compare two rows on the faces that both were scored on.

    Seeds of the one are paired with those of the other: the difference of each pair is a difference of two independent
    draws. A row without seeds, such as a classifier's, answers every seed alike.

    Parameters
    ----------
    a, b : RightAnswers
        With equally many seeds, or one.
    resamples, confidence, seed
        As for `seed_figures`.

    Returns
    -------
    mapping of str to Difference, or None
        A − B of balanced accuracy and accuracy; None where they share fewer faces than two cells must to be compared.
    """
    shared, at_a, at_b = np.intersect1d(a.rows, b.rows, assume_unique=True, return_indices=True)
    if len(shared) < LEAST_SHARED:
        return None
    truth, apart = a.truth[at_a], a.right[:, at_a].astype(np.int64) - b.right[:, at_b].astype(np.int64)
    drawn, value = _resampled(truth, apart, resamples, seed), _figure(truth, apart.mean(axis=0))
    return {name: Difference(value[name], *_percentile(drawn[name], confidence)) for name in FIGURES}


def _figure(truth: np.ndarray, worth: np.ndarray) -> dict[str, float]:
    """Return the two figures of faces that are worth something each, 1 for a right answer."""
    return {"balanced_accuracy": float(np.mean([worth[truth == emotion].mean() for emotion in np.unique(truth)])),
            "accuracy": float(worth.mean())}


def _resampled(truth: np.ndarray, worth: np.ndarray, resamples: int, seed: int) -> dict[str, np.ndarray]:
    """Return the two figures of every resample; ``worth`` of shape (s, n), int."""
    rng = np.random.default_rng(seed)
    n_seeds, n_faces = worth.shape
    alike, counts = np.unique(np.vstack([truth, worth]).T, axis=0, return_counts=True)
    faces = rng.multinomial(n_faces, counts / n_faces, size=resamples)
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=resamples) / n_seeds
    total = faces * (seeds @ alike[:, 1:].T)
    member = (alike[:, :1] == np.unique(truth)).astype(np.float64)
    support = faces @ member
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.where(support > 0, (total @ member) / support, np.nan)
    return {"balanced_accuracy": np.nanmean(recall, axis=1), "accuracy": total.sum(axis=1) / n_faces}


def _percentile(values: np.ndarray, confidence: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
