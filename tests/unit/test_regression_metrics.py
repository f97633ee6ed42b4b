"""Figures of numbers that are answered, against NumPy and against what is known of them."""

import numpy as np
import pytest

from fecemo.errors import InputError
from fecemo.evaluation.cell_metrics.regression import score_regression
from fecemo.evaluation.settings import Resampling

SETTINGS = Resampling(400, 0.95, 0)


def test_figures_are_those_of_their_definitions():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=300)
    answer = 0.5 * truth + 0.2 + rng.normal(scale=0.3, size=300)
    scores = score_regression(truth, answer, SETTINGS)
    assert scores["rmse"].value == pytest.approx(np.sqrt(np.mean((truth - answer) ** 2)))
    correlation = np.corrcoef(truth, answer)[0, 1]
    assert scores["pearson"].value == pytest.approx(correlation)
    # Lin's coefficient is the correlation times how near both lie to the line of equality.
    shift = (truth.mean() - answer.mean()) ** 2
    accuracy = 2 * truth.std() * answer.std() / (truth.var() + answer.var() + shift)
    assert scores["ccc"].value == pytest.approx(correlation * accuracy)
    for metric in scores.values():
        assert metric.interval.low < metric.value < metric.interval.high


def test_concordance_by_hand():
    """Of population moments: covariance .07, variances .065 and .091875, squared difference of the means .000625."""
    scores = score_regression(np.array([0.0, 0.5, -0.1, 0.4]), np.array([0.1, 0.4, -0.2, 0.6]), SETTINGS)
    assert scores["ccc"].value == pytest.approx(0.888889, abs=1e-6)


def test_a_shift_costs_concordance_and_no_correlation():
    truth = np.linspace(-1, 1, 50)
    scores = score_regression(truth, truth + 0.5, SETTINGS)
    assert scores["pearson"].value == pytest.approx(1)
    assert scores["ccc"].value < 0.8
    assert scores["rmse"].value == pytest.approx(0.5)


def test_faces_without_a_number_take_no_part_and_what_does_not_vary_has_no_correlation():
    truth = np.array([0.1, np.nan, 0.3, 0.5])
    scores = score_regression(truth, np.array([0.1, 9.0, 0.3, 0.5]), SETTINGS)
    assert scores["rmse"].value == 0
    assert set(score_regression(truth, np.full(4, 0.2), SETTINGS)) == {"rmse", "ccc"}
    with pytest.raises(InputError, match="no scored face has a true number"):
        score_regression(np.full(3, np.nan), np.zeros(3), SETTINGS)
    with pytest.raises(InputError, match="1 of 3 answers are no finite numbers"):
        score_regression(np.zeros(3), np.array([0, np.nan, 1]), SETTINGS)
    with pytest.raises(InputError, match="one answer a face"):
        score_regression(np.zeros(3), np.zeros(2), SETTINGS)
