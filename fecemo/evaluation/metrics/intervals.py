"""Bootstrap intervals: how far a figure would move with other faces of the same kind.

A resample draws as many faces as were scored, with replacement. What it does to a confusion matrix is to draw its
cells from a multinomial distribution with the observed shares, so that a thousand resamples are one drawing of
matrices and no face is touched (Efron and Tibshirani, "An Introduction to the Bootstrap", chapter 13). The areas under
the curves need the faces themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.catalogue import PAIRED
from fecemo.evaluation.metrics.classification import NO_EMOTION, confusion_figures
from fecemo.evaluation.records.score import Interval
from fecemo.evaluation.settings import Resampling

BLOCK_CELLS = 2**18
"""Resamples times faces that are held at once."""


@dataclass(frozen=True)
class Difference:
    """How much better A is than B on the same faces; "A is better" where the whole interval lies above 0."""

    value: float  #: Figure of A − figure of B.
    low: float  #: Percentile bootstrap interval of it, up to `high`.
    high: float


def bootstrap_intervals(confusion: np.ndarray, resampling: Resampling, *, truth: np.ndarray | None = None,
                        scores: np.ndarray | None = None) -> dict[str, Interval]:
    """Return percentile bootstrap intervals over the scored faces.

    Parameters
    ----------
    confusion : ndarray of shape (c, c + 1), int
        Counts; rows the truth, columns the predictions, the last column abstentions.
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
        If nothing was scored.
    """
    n_scored, resamples = int(confusion.sum()), resampling.resamples
    if not n_scored:
        raise InputError("there is no scored face to resample")
    rng = np.random.default_rng(resampling.seed)
    drawn = rng.multinomial(n_scored, confusion.ravel() / n_scored, size=resamples).reshape(resamples, *confusion.shape)
    figures = confusion_figures(drawn)
    if truth is not None and scores is not None:
        figures |= resampled_areas(truth, scores, resamples=resamples, rng=rng)
    intervals = {name: interval for name, values in figures.items()
                 if (interval := percentile_interval(values, resampling)) is not None}
    return intervals | _of_few_faces(intervals, confusion, resampling.confidence)


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


def paired_differences(truth: np.ndarray, a: np.ndarray, b: np.ndarray, emotions: Sequence[str],
                       resampling: Resampling) -> Mapping[str, Difference]:
    """Compare two sets of predictions of the same faces.

    Every resample holds the same faces for both, so that what makes a face hard does not blur the difference.

    Parameters
    ----------
    truth, a, b : ndarray of shape (n,), str
        Emotions; the predictions of A and B may be ``""``.

    Returns
    -------
    mapping of str to Difference
        A − B for every metric of `PAIRED` that is defined.

    Raises
    ------
    InputError
        If the two did not answer for the same number of faces, or for none.
    """
    if not len(truth) == len(a) == len(b) or not len(truth):
        raise InputError(f"a paired comparison needs the same faces, got {len(a)} and {len(b)} answers for "
                         f"{len(truth)} faces")
    c, columns = len(emotions), {name: column for column, name in enumerate((*emotions, NO_EMOTION))}
    cells = np.array([(columns[shown] * (c + 1) + columns[by_a]) * (c + 1) + columns[by_b]
                      for shown, by_a, by_b in zip(truth.tolist(), a.tolist(), b.tolist(), strict=True)])
    present, counts = np.unique(cells, return_counts=True)
    drawn = np.zeros((resampling.resamples + 1, c * (c + 1) ** 2), np.int64)
    drawn[0, present] = counts
    drawn[1:, present] = np.random.default_rng(resampling.seed).multinomial(
        len(truth), counts / len(truth), size=resampling.resamples)
    joint = drawn.reshape(-1, c, c + 1, c + 1)
    of_a, of_b = confusion_figures(joint.sum(axis=3)), confusion_figures(joint.sum(axis=2))
    differences = {}
    for name in PAIRED:
        gaps = of_a[name] - of_b[name]
        interval = percentile_interval(gaps[1:], resampling)
        if interval is not None and np.isfinite(gaps[0]):
            differences[name] = Difference(float(gaps[0]), interval.low, interval.high)
    return differences


def mcnemar_p(right_a: np.ndarray, right_b: np.ndarray) -> float:
    """Return the two-sided p-value that two answerers are right equally often, by McNemar's exact test (1947).

    Parameters
    ----------
    right_a, right_b : ndarray of shape (n,), bool
        Whether each answer is right, of the same faces.

    Returns
    -------
    float
        In [0, 1]; 1 where no face divides them.
    """
    from scipy.stats import binomtest

    a_alone, b_alone = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    return float(binomtest(a_alone, a_alone + b_alone).pvalue) if a_alone + b_alone else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's steps (1979), each at least its own and at most 1."""
    order, corrected, reached = np.argsort(p_values, kind="stable").tolist(), [0.0] * len(p_values), 0.0
    for place, at in enumerate(order):
        reached = max(reached, min(1.0, (len(p_values) - place) * p_values[at]))
        corrected[at] = reached
    return corrected


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


def percentile_interval(values: np.ndarray, resampling: Resampling) -> Interval | None:
    """Return the percentile interval of resampled figures; those that are not finite do not count."""
    defined = values[np.isfinite(values)]
    return Interval(*np.quantile(defined, resampling.ends).tolist()) if len(defined) else None


def resampled_areas(truth: np.ndarray, scores: np.ndarray, *, resamples: int,
                    rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the areas under the ROC and precision-recall curves of bootstrap resamples of the faces.

    Parameters
    ----------
    truth : ndarray of shape (n,), int
        Column of ``scores`` that is right for each face.
    scores : ndarray of shape (n, c), float

    Returns
    -------
    dict of str to ndarray of shape (resamples,), float64
        ``roc_auc`` and ``pr_auc``: means over the emotions that occur in the resample and are not all of it; NaN where
        there is none.
    """
    ranked = [_Ranked(truth == column, scores[:, column]) for column in range(scores.shape[1])
              if 0 < np.count_nonzero(truth == column) < len(truth)]
    drawn: dict[str, list[np.ndarray]] = {"roc_auc": [], "pr_auc": []}
    for weights in _resamples(len(truth), resamples, rng):
        areas = np.array([emotion.areas(weights) for emotion in ranked]).reshape(-1, 2, weights.shape[1])
        defined = np.isfinite(areas)
        with np.errstate(invalid="ignore"):
            means = np.where(defined, areas, 0).sum(axis=0) / defined.sum(axis=0)
        for name, mean in zip(drawn, means, strict=True):
            drawn[name].append(mean)
    return {name: np.concatenate(blocks) for name, blocks in drawn.items()}


class _Ranked:
    """Faces ranked by their score for one emotion; a resample is how often each of them was drawn.

    Both areas are sums over the groups of equal scores that hold a face of the emotion. ``totals`` adds up, for each
    such group, how often its faces that show the emotion were drawn, how often its others, and how often the others
    between it and the group before. Each face belongs to one of these numbers, so that a product with a sparse matrix,
    one entry a face, is all that touches the faces.
    """

    def __init__(self, shows: np.ndarray, scores: np.ndarray) -> None:
        from scipy.sparse import csr_array

        order = np.argsort(-scores, kind="stable")
        ranked, shown = scores[order], shows[order]
        tie = np.cumsum(np.append(False, ranked[1:] != ranked[:-1]))
        holds = np.zeros(tie[-1] + 1, bool)
        holds[tie[shown]] = True
        group = (np.cumsum(holds) - holds)[tie]  # of the next such group, for what lies between
        row = 3 * group + np.where(shown, 0, np.where(holds[tie], 1, 2))
        rows = 3 * int(holds.sum())
        counted = row < rows  # but the faces below the last group
        self.totals = csr_array((np.ones(counted.sum(), np.int32), (row[counted], order[counted].astype(np.int32))),
                                shape=(rows, len(scores)))

    def areas(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        right, tied, between = (self.totals @ weights).reshape(-1, 3, weights.shape[1]).transpose(1, 2, 0)
        wrong = np.cumsum(between + tied, axis=1, dtype=np.float64)
        right, wrong_above = right.astype(np.float64), wrong - tied / 2
        faces = np.cumsum(right, axis=1)
        n_right = faces[:, -1].copy()
        n_wrong = len(weights) - n_right
        with np.errstate(divide="ignore", invalid="ignore"):
            roc = (n_right * n_wrong - np.einsum("ij,ij->i", right, wrong_above)) / (n_right * n_wrong)
            precision = faces / np.maximum(faces + wrong, 1)
            average = np.einsum("ij,ij->i", right, precision) / n_right
        undefined = (n_right == 0) | (n_wrong == 0)
        return np.where(undefined, np.nan, roc), np.where(undefined, np.nan, average)


def _resamples(n: int, resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield blocks of resamples: how often each of ``n`` faces was drawn, int32 of shape (n, block)."""
    block = max(1, min(resamples, BLOCK_CELLS // n))
    for start in range(0, resamples, block):
        weights = np.empty((n, min(block, resamples - start)), np.int32)
        for column in range(weights.shape[1]):
            weights[:, column] = np.bincount(rng.integers(n, size=n), minlength=n)
        yield weights
