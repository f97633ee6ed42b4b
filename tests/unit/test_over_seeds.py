"""Figures over seeds: values by hand, intervals that cover, differences that are told from chance."""

import numpy as np
import pytest

from fecemo.errors import InputError
from fecemo.evaluation.metrics.over_seeds import paired_seed_differences, seed_figures, seed_mean
from fecemo.evaluation.records.groupings import RightAnswers

SETTINGS = {"resamples": 500, "confidence": 0.95, "seed": 1}


def answers(right, truth=None, rows=None):
    right = np.atleast_2d(np.array(right, bool))
    n = right.shape[1]
    return RightAnswers(np.arange(n) if rows is None else np.array(rows),
                        np.zeros(n, np.int64) if truth is None else np.array(truth), right)


def test_figures_by_hand():
    # Emotion 0 has four faces, emotion 1 one. Seed A: 2 of 4 and 1 of 1; seed B: 4 of 4 and 0 of 1.
    found = seed_figures(answers([[1, 1, 0, 0, 1], [1, 1, 1, 1, 0]], [0, 0, 0, 0, 1]), **SETTINGS)
    assert found["accuracy"].mean == pytest.approx((3 / 5 + 4 / 5) / 2)
    assert found["balanced_accuracy"].mean == pytest.approx((0.75 + 0.5) / 2)
    assert found["balanced_accuracy"].deviation == pytest.approx(np.std([0.75, 0.5], ddof=1))
    assert found["accuracy"].low <= found["accuracy"].mean <= found["accuracy"].high


def test_a_single_seed_has_no_deviation():
    assert seed_mean([0.25]).deviation is None
    assert seed_figures(answers([[1, 0, 1]]), **SETTINGS)["accuracy"].deviation is None


def test_the_interval_is_that_of_the_mean_over_faces():
    rng = np.random.default_rng(0)
    found = seed_figures(answers(rng.random((1, 400)) < 0.3), **SETTINGS)["accuracy"]
    half = 1.96 * np.sqrt(found.mean * (1 - found.mean) / 400)
    assert found.low == pytest.approx(found.mean - half, abs=0.012)
    assert found.high == pytest.approx(found.mean + half, abs=0.012)


def test_faces_answered_alike_by_every_seed_do_not_count_five_times():
    right = np.random.default_rng(0).random(400) < 0.3
    one, five = (seed_figures(answers(np.tile(right, (n, 1))), **SETTINGS)["accuracy"] for n in (1, 5))
    assert five.high - five.low == pytest.approx(one.high - one.low, rel=0.15)


def test_seeds_that_differ_widen_the_interval():
    alike = np.tile(np.arange(1000) % 2 == 0, (4, 1))
    apart = np.stack([np.arange(1000) % 10 < share for share in (2, 4, 6, 8)])
    narrow, wide = (seed_figures(answers(right), **SETTINGS)["accuracy"] for right in (alike, apart))
    assert narrow.mean == wide.mean == 0.5
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_better_row_is_told_from_an_equal_one():
    rng = np.random.default_rng(3)
    hard = rng.random(600)
    better, good, equal = (answers(hard[None] + rng.normal(0, 0.1, (5, 600)) < share) for share in (0.5, 0.4, 0.4))
    assert paired_seed_differences(better, good, **SETTINGS)["balanced_accuracy"].low > 0
    same = paired_seed_differences(good, equal, **SETTINGS)["balanced_accuracy"]
    assert same.low < 0 < same.high
    back = paired_seed_differences(good, better, **SETTINGS)["accuracy"]
    assert back.value == pytest.approx(-paired_seed_differences(better, good, **SETTINGS)["accuracy"].value)


def test_only_shared_faces_are_compared():
    a = answers([[1] * 40 + [0] * 20], rows=range(60))
    b = answers([[0] * 20 + [1] * 40], rows=range(20, 80))
    # Shared are rows 20 to 59: A is right on the first 20 of these, B on the last 20.
    found = paired_seed_differences(a, b, **SETTINGS)
    assert found["accuracy"].value == 0
    assert paired_seed_differences(a, answers([[1] * 20], rows=range(50, 70)), **SETTINGS) is None  # ten are too few


def test_a_classifier_answers_every_seed_alike():
    right = np.arange(100) % 2 == 0
    found = paired_seed_differences(answers(right), answers(np.zeros((5, 100))), **SETTINGS)
    assert found["accuracy"].value == 0.5


def test_nothing_scored_is_refused():
    with pytest.raises(InputError, match="no scored face"):
        seed_figures(answers(np.zeros((2, 0))), **SETTINGS)
