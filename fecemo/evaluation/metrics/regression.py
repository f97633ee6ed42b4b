"""How well numbers that a model answers meet those that people gave, such as valence and arousal."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.metrics.intervals import percentile_interval
from fecemo.evaluation.records.score import Interval


@dataclass(frozen=True)
class RegressionMetric:
    """A figure of answers with its interval.

    Parameters
    ----------
    value : float
    interval : Interval
        Percentile bootstrap over the scored faces.
    """

    value: float
    interval: Interval


def score_regression(truth: np.ndarray, answer: np.ndarray, *, resamples: int, confidence: float,
                     seed: int) -> Mapping[str, RegressionMetric]:
    """Compare numbers with the truth.

    Parameters
    ----------
    truth, answer : ndarray of shape (n,), float
        Faces without a true number (NaN) take no part.
    resamples : int
    confidence : float
        In (0, 1).
    seed : int
        Of the resampling.

    Returns
    -------
    mapping of str to RegressionMetric
        ``"rmse"``, the root of the mean squared error; ``"ccc"``, the concordance correlation coefficient (Lin 1989),
        2·cov / (var + var + (difference of means)²); and ``"pearson"``, the correlation. The latter two are absent
        where they are not defined: truth or answers do not vary.

    Raises
    ------
    InputError
        If the shapes differ, an answer is not finite, or no face has a true number.
    """
    truth, answer = np.asarray(truth, np.float64), np.asarray(answer, np.float64)
    if truth.shape != answer.shape or truth.ndim != 1:
        raise InputError(f"expected one answer a face, got {answer.shape} answers for {truth.shape} faces")
    known = np.isfinite(truth)
    if not known.any():
        raise InputError("no scored face has a true number")
    truth, answer = truth[known], answer[known]
    if not np.isfinite(answer).all():
        raise InputError(f"{int((~np.isfinite(answer)).sum())} of {len(answer)} answers are no finite numbers")
    rows = np.random.default_rng(seed).integers(len(truth), size=(resamples, len(truth)))
    drawn, values = _figures(truth[rows], answer[rows]), _figures(truth[None], answer[None])
    found = {}
    for name, value in values.items():
        interval = percentile_interval(drawn[name], confidence)
        if np.isfinite(value[0]) and interval is not None:
            found[name] = RegressionMetric(float(value[0]), interval)
    return found


def _figures(truth: np.ndarray, answer: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of every line; arrays of shape (resamples, n)."""
    means = truth.mean(axis=1), answer.mean(axis=1)
    covariance = ((truth - means[0][:, None]) * (answer - means[1][:, None])).mean(axis=1)
    # Exactly 0 where all are alike, which rounding in the mean would hide.
    variances = tuple(np.where(np.ptp(values, axis=1) > 0, values.var(axis=1), 0.0) for values in (truth, answer))
    with np.errstate(invalid="ignore", divide="ignore"):
        pearson = np.where(np.minimum(*variances) > 0, covariance / np.sqrt(variances[0] * variances[1]), np.nan)
        return {"rmse": np.sqrt(np.square(truth - answer).mean(axis=1)), "pearson": pearson,
                "ccc": 2 * covariance / (variances[0] + variances[1] + np.square(means[0] - means[1]))}
