"""Bootstrap intervals: how far a figure would move with other faces of the same kind.

A resample draws as many faces as were scored, with replacement. What it does to a confusion matrix is to draw its
cells from a multinomial distribution with the observed shares, so that a thousand resamples are one drawing of
matrices and no face is touched (Efron and Tibshirani, "An Introduction to the Bootstrap", chapter 13). The areas under
the curves need the faces themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.catalogue import PAIRED
from fecemo.evaluation.metrics.classification import NO_EMOTION, confusion_figures
from fecemo.evaluation.metrics.ranking import resampled_areas
from fecemo.evaluation.records.score import Interval


@dataclass(frozen=True)
class Difference:
    """How much better A is than B on the same faces; "A is better" where the whole interval lies above 0."""

    value: float  #: Figure of A − figure of B.
    low: float  #: Percentile bootstrap interval of it, up to `high`.
    high: float


def bootstrap_intervals(confusion: np.ndarray, *, resamples: int, confidence: float, seed: int,
                        truth: np.ndarray | None = None, scores: np.ndarray | None = None) -> dict[str, Interval]:
    """Return percentile bootstrap intervals over the scored faces.

    Parameters
    ----------
    confusion : ndarray of shape (c, c + 1), int
        Counts; rows the truth, columns the predictions, the last column abstentions.
    resamples : int
        At least 1.
    confidence : float
        Coverage, in (0, 1).
    seed : int
    truth : ndarray of shape (n,), int, optional
        Row of each face in ``confusion``.
    scores : ndarray of shape (n, c), float, optional
        With ``truth`` it gives the intervals of the areas under the curves too.

    Returns
    -------
    dict of str to Interval
        By headline metric. A resample in which a metric is not defined does not count for it; one that no resample
        defines is absent. In a resample, too, means are over the emotions that occur in it.

    Raises
    ------
    InputError
        If nothing was scored, or ``resamples`` or ``confidence`` is out of range.
    """
    n_scored = int(confusion.sum())
    if not n_scored:
        raise InputError("there is no scored face to resample")
    _require_sound(resamples, confidence)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n_scored, confusion.ravel() / n_scored, size=resamples).reshape(resamples, *confusion.shape)
    figures = confusion_figures(drawn)
    if truth is not None and scores is not None:
        figures |= resampled_areas(truth, scores, resamples=resamples, rng=rng)
    intervals = {name: interval for name, values in figures.items()
                 if (interval := percentile_interval(values, confidence)) is not None}
    return intervals | _of_few_faces(intervals, confusion, confidence)


def _of_few_faces(intervals: Mapping[str, Interval], confusion: np.ndarray, confidence: float) -> dict[str, Interval]:
    """Return the intervals that a bootstrap of few faces makes too narrow, widened.

    Where all of two faces are right, so they are in every resample, and the bootstrap's interval has no width. Accuracy
    gets the wider of it and of Wilson's. Balanced accuracy gets the wider of it and of the mean of the classes' recalls
    with the pseudo-counts of Agresti and Coull (1998): z²/2 right and z²/2 wrong answers more in each class. Macro F1,
    kappa and alpha get that of the balanced accuracy or of the accuracy, whichever they follow, where the bootstrap's
    has no width.
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + confidence) / 2))
    support = confusion.sum(axis=1)
    hits = np.diag(confusion[:, :-1])[support > 0]
    support = support[support > 0]
    recall = (hits + z**2 / 2) / (support + z**2)
    half = z / len(support) * float(np.sqrt((recall * (1 - recall) / (support + z**2)).sum()))
    wilson = wilson_interval(hits.sum() / support.sum(), int(support.sum()), confidence)
    agresti = Interval(max(0.0, float(recall.mean()) - half), min(1.0, float(recall.mean()) + half))
    widened = {name: Interval(min(intervals[name].low, wide.low), max(intervals[name].high, wide.high))
               for name, wide in (("accuracy", wilson), ("balanced_accuracy", agresti))}
    agreement = float(np.square(support / support.sum()).sum())  # of answers as frequent as the truth, by chance
    beyond = (widened["accuracy"].low - agreement) / (1 - agreement) if agreement < 1 else None
    for name, low in (("macro_f1", widened["balanced_accuracy"].low), ("cohen_kappa", beyond),
                      ("krippendorff_alpha", beyond)):
        if low is not None and name in intervals and intervals[name].low == intervals[name].high == 1:
            widened[name] = Interval(low, 1.0)
    return widened


def paired_differences(truth: np.ndarray, a: np.ndarray, b: np.ndarray, emotions: Sequence[str], *, resamples: int,
                       confidence: float, seed: int) -> Mapping[str, Difference]:
    """Compare two sets of predictions of the same faces.

    Every resample holds the same faces for both, so that what makes a face hard does not blur the difference.

    Parameters
    ----------
    truth, a, b : ndarray of shape (n,), str
        Emotions; the predictions of A and B may be ``""``.
    emotions : sequence of str
    resamples, confidence, seed
        As for `bootstrap_intervals`.

    Returns
    -------
    mapping of str to Difference
        A − B for every metric of `PAIRED` that is defined.

    Raises
    ------
    InputError
        If the two did not answer for the same number of faces, or for none, or a setting is out of range.
    """
    if not len(truth) == len(a) == len(b) or not len(truth):
        raise InputError(f"a paired comparison needs the same faces, got {len(a)} and {len(b)} answers for "
                         f"{len(truth)} faces")
    _require_sound(resamples, confidence)
    c, columns = len(emotions), {name: column for column, name in enumerate((*emotions, NO_EMOTION))}
    cells = np.array([(columns[shown] * (c + 1) + columns[by_a]) * (c + 1) + columns[by_b]
                      for shown, by_a, by_b in zip(truth.tolist(), a.tolist(), b.tolist(), strict=True)])
    seen, counts = np.unique(cells, return_counts=True)
    drawn = np.zeros((resamples + 1, c * (c + 1) ** 2), np.int64)
    drawn[0, seen] = counts
    drawn[1:, seen] = np.random.default_rng(seed).multinomial(len(truth), counts / len(truth), size=resamples)
    joint = drawn.reshape(-1, c, c + 1, c + 1)
    of_a, of_b = confusion_figures(joint.sum(axis=3)), confusion_figures(joint.sum(axis=2))
    differences = {}
    for name in PAIRED:
        gaps = of_a[name] - of_b[name]
        interval = percentile_interval(gaps[1:], confidence)
        if interval is not None and np.isfinite(gaps[0]):
            differences[name] = Difference(float(gaps[0]), interval.low, interval.high)
    return differences


def wilson_interval(share: float, n: int, confidence: float) -> Interval:
    """Return the interval of a share of ``n`` independent answers (Wilson 1927), which needs no resampling.

    Parameters
    ----------
    share : float
        In [0, 1].
    n : int
        At least 1.
    confidence : float
        Coverage, in (0, 1).
    """
    from scipy.stats import binomtest

    ends = binomtest(round(share * n), n).proportion_ci(confidence, method="wilson")
    return Interval(float(ends.low), float(ends.high))


def percentile_interval(values: np.ndarray, confidence: float) -> Interval | None:
    """Return the percentile interval of resampled figures; those that are not finite do not count."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def _require_sound(resamples: int, confidence: float) -> None:
    if resamples < 1 or not 0 < confidence < 1:
        raise InputError(f"evaluation: bootstrap must be at least 1 and confidence in (0, 1), got {resamples} and "
                         f"{confidence}")
