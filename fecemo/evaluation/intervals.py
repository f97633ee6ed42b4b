"""Bootstrap intervals: how far a figure would move with other faces of the same kind.

A resample draws as many faces as were scored, with replacement. What it does to a confusion matrix is to draw its
cells from a multinomial distribution with the observed shares, so that a thousand resamples are one drawing of
matrices and no face is touched (Efron and Tibshirani, "An Introduction to the Bootstrap", chapter 13).
"""

from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.score import Interval


@dataclass(frozen=True)
class AccuracyIntervals:
    """Intervals of the two accuracies of one set of predictions.

    Parameters
    ----------
    accuracy, balanced_accuracy : Interval
    """

    accuracy: Interval
    balanced_accuracy: Interval


def bootstrap_intervals(confusion: np.ndarray, *, resamples: int, confidence: float, seed: int) -> AccuracyIntervals:
    """Return percentile bootstrap intervals over the scored faces.

    Parameters
    ----------
    confusion : ndarray of shape (c, c) or (c, c + 1), int
        Counts; rows the truth, columns the predictions, a last column abstentions.
    resamples : int
        At least 1.
    confidence : float
        Coverage, in (0, 1).
    seed : int

    Returns
    -------
    AccuracyIntervals
        In a resample, too, balanced accuracy is the mean over the emotions that occur in it.

    Raises
    ------
    InputError
        If nothing was scored, or ``resamples`` or ``confidence`` is out of range.
    """
    n_scored = int(confusion.sum())
    if not n_scored:
        raise InputError("there is no scored face to resample")
    if resamples < 1 or not 0 < confidence < 1:
        raise InputError(f"evaluation: bootstrap must be at least 1 and confidence in (0, 1), got {resamples} and "
                         f"{confidence}")
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n_scored, confusion.ravel() / n_scored, size=resamples).reshape(resamples, *confusion.shape)
    hits = drawn[:, np.arange(len(confusion)), np.arange(len(confusion))]
    support = drawn.sum(axis=2)
    recall = np.divide(hits, support, out=np.zeros(hits.shape), where=support > 0)
    return AccuracyIntervals(
        accuracy=_percentile(hits.sum(axis=1) / n_scored, confidence),
        balanced_accuracy=_percentile(recall.sum(axis=1) / (support > 0).sum(axis=1), confidence),
    )


def paired_difference(hits_a: np.ndarray, hits_b: np.ndarray, *, resamples: int, confidence: float,
                      seed: int) -> Interval:
    """Return the interval of accuracy A − accuracy B over the same faces; "A is better" where it lies above 0.

    Parameters
    ----------
    hits_a, hits_b : ndarray of shape (n,), bool
        Whether each predicted each face rightly.
    resamples, confidence, seed
        As for `bootstrap_intervals`.

    Raises
    ------
    InputError
        If the two did not score the same number of faces, or none.
    """
    if hits_a.shape != hits_b.shape or not len(hits_a):
        raise InputError(f"a paired comparison needs the same faces, got {len(hits_a)} and {len(hits_b)}")
    difference = hits_a.astype(np.int64) - hits_b.astype(np.int64)
    counts = np.array([(difference == value).sum() for value in (-1, 0, 1)])
    drawn = np.random.default_rng(seed).multinomial(len(difference), counts / len(difference), size=resamples)
    return _percentile((drawn[:, 2] - drawn[:, 0]) / len(difference), confidence)


def _percentile(values: np.ndarray, confidence: float) -> Interval:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))
