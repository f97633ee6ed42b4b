"""Regression: how well the numbers that a model answers, such as valence, meet those that people gave."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.metrics.regression import RegressionMetric, score_regression

MEANINGS = {"rmse": "Root of the mean squared error of a column of numbers.",
            "ccc": "Concordance correlation coefficient of a column of numbers (Lin 1989): 1 where they are equal.",
            "pearson": "Correlation of a column of numbers with the answers."}
"""What each figure of a column is."""


@dataclass(frozen=True)
class ColumnFigures:
    """How one column of numbers was met.

    Parameters
    ----------
    n : int
        Scored faces whose number is known.
    figures : dict of str to RegressionMetric
        By name: those of `MEANINGS` that are defined.
    """

    n: int
    figures: dict[str, RegressionMetric]


@dataclass(frozen=True)
class Regression:
    """How every column that the model answers was met.

    Parameters
    ----------
    columns : dict of str to ColumnFigures
    """

    columns: dict[str, ColumnFigures]


def measure_regression(evidence: CellEvidence) -> Regression | None:
    """Compare what the model answers with what people gave, or None where no scored face has such a number."""
    columns = {}
    for name, (truth, answer) in evidence.numbers.items():
        if n := int(np.isfinite(truth).sum()):
            columns[name] = ColumnFigures(n, dict(score_regression(
                truth, answer, resamples=evidence.settings.bootstrap, confidence=evidence.settings.confidence,
                seed=evidence.seed)))
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
