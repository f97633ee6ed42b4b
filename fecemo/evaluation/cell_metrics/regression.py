"""Regression: how well the numbers that a model answers, such as valence, meet those that people gave."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.errors import InputError
from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.metrics.intervals import percentile_interval
from fecemo.evaluation.records.score import Interval
from fecemo.evaluation.settings import Resampling

MEANINGS = {"rmse": "Root of the mean squared error of a column of numbers.",
            "ccc": "Concordance correlation coefficient of a column of numbers (Lin 1989): 1 where they are equal.",
            "pearson": "Correlation of a column of numbers with the answers."}
"""What each figure of a column is."""


@dataclass(frozen=True)
class RegressionMetric:
    """A figure of answers."""

    value: float
    interval: Interval  #: Percentile bootstrap over the scored faces.


@dataclass(frozen=True)
class ColumnFigures:
    """How one column of numbers was met."""

    n: int  #: Scored faces whose number is known.
    figures: dict[str, RegressionMetric]  #: Those of `MEANINGS` that are defined.


@dataclass(frozen=True)
class Regression:
    """How every column that the model answers was met."""

    columns: dict[str, ColumnFigures]


def score_regression(truth: np.ndarray, answer: np.ndarray, resampling: Resampling) -> dict[str, RegressionMetric]:
    """Compare numbers with the truth.

    Parameters
    ----------
    truth, answer : ndarray of shape (n,), float
        Faces without a true number (NaN) take no part.

    Returns
    -------
    dict of str to RegressionMetric
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
    rows = np.random.default_rng(resampling.seed).integers(len(truth), size=(resampling.resamples, len(truth)))
    drawn, values = _figures(truth[rows], answer[rows]), _figures(truth[None], answer[None])
    metrics = {}
    for name, (value,) in values.items():
        interval = percentile_interval(drawn[name], resampling)
        if np.isfinite(value) and interval is not None:
            metrics[name] = RegressionMetric(float(value), interval)
    return metrics


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


def measure_regression(evidence: CellEvidence) -> Regression | None:
    """Compare what the model answers with what people gave, or None where no scored face has such a number."""
    columns = {}
    for name, (truth, answer) in evidence.numbers.items():
        if n := int(np.isfinite(truth).sum()):
            columns[name] = ColumnFigures(n, score_regression(
                truth, answer, evidence.settings.resampling(evidence.seed)))
    return Regression(columns) if columns else None


def regression_rows(regression: Regression) -> Iterator[dict[str, Any]]:
    """Yield a row of the results for each figure of each column, whose name is its class."""
    for column, measured in regression.columns.items():
        for name, figure in measured.figures.items():
            yield {"readout": "regression", "metric": name, "class": column, "value": figure.value,
                   "low": figure.interval.low, "high": figure.interval.high, "n": measured.n,
                   **({} if name == "rmse" else {"chance": 0.0})}


METRIC = CellMetric(name="regression", title="Numbers that are answered", kind=Regression, measure=measure_regression,
                    rows=regression_rows, meanings=MEANINGS, caption="")
