"""Figures over seeds: values by hand, intervals that cover, differences that are told from chance."""

from dataclasses import replace

import numpy as np
import pytest

from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.cells import CellRecords, Heading, compare_rows
from fecemo.evaluation.metrics.cluster_sweep import ClusterSweep, NamedGroups, SweepEntry
from fecemo.evaluation.metrics.over_seeds import (
    RightAnswers,
    SeedFigure,
    SeedMean,
    paired_seed_differences,
    seed_figures,
    seed_mean,
)
from fecemo.evaluation.records.score import Chance
from fecemo.evaluation.settings import Resampling

SETTINGS = Resampling(500, 0.95, 1)


def answers(right, truth=None, rows=None):
    right = np.atleast_2d(np.array(right, bool))
    n = right.shape[1]
    return RightAnswers(np.arange(n) if rows is None else np.array(rows),
                        np.zeros(n, np.int64) if truth is None else np.array(truth), right)


def test_figures_by_hand():
    # Emotion 0 has four faces, emotion 1 one. Seed A: 2 of 4 and 1 of 1; seed B: 4 of 4 and 0 of 1.
    result = seed_figures(answers([[1, 1, 0, 0, 1], [1, 1, 1, 1, 0]], [0, 0, 0, 0, 1]), SETTINGS)
    assert result["accuracy"].mean == pytest.approx((3 / 5 + 4 / 5) / 2)
    assert result["balanced_accuracy"].mean == pytest.approx((0.75 + 0.5) / 2)
    assert result["balanced_accuracy"].deviation == pytest.approx(np.std([0.75, 0.5], ddof=1))
    assert result["accuracy"].low <= result["accuracy"].mean <= result["accuracy"].high


def test_a_single_seed_has_no_deviation():
    assert seed_mean([0.25]).deviation is None
    assert seed_figures(answers([[1, 0, 1]]), SETTINGS)["accuracy"].deviation is None


def test_the_interval_is_that_of_the_mean_over_faces():
    rng = np.random.default_rng(0)
    result = seed_figures(answers(rng.random((1, 400)) < 0.3), SETTINGS)["accuracy"]
    half = 1.96 * np.sqrt(result.mean * (1 - result.mean) / 400)
    assert result.low == pytest.approx(result.mean - half, abs=0.012)
    assert result.high == pytest.approx(result.mean + half, abs=0.012)


def test_faces_answered_alike_by_every_seed_do_not_count_five_times():
    right = np.random.default_rng(0).random(400) < 0.3
    of_one_seed, of_five = (seed_figures(answers(np.tile(right, (n, 1))), SETTINGS)["accuracy"] for n in (1, 5))
    assert of_five.high - of_five.low == pytest.approx(of_one_seed.high - of_one_seed.low, rel=0.15)


def test_seeds_that_differ_widen_the_interval():
    alike = np.tile(np.arange(1000) % 2 == 0, (4, 1))
    apart = np.stack([np.arange(1000) % 10 < share for share in (2, 4, 6, 8)])
    narrow, wide = (seed_figures(answers(right), SETTINGS)["accuracy"] for right in (alike, apart))
    assert narrow.mean == wide.mean == 0.5
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_better_row_is_told_from_an_equal_one():
    rng = np.random.default_rng(3)
    hard = rng.random(600)
    better, good, equal = (answers(hard[None] + rng.normal(0, 0.1, (5, 600)) < share) for share in (0.5, 0.4, 0.4))
    assert paired_seed_differences(better, good, SETTINGS)["balanced_accuracy"].low > 0
    same = paired_seed_differences(good, equal, SETTINGS)["balanced_accuracy"]
    assert same.low < 0 < same.high
    back = paired_seed_differences(good, better, SETTINGS)["accuracy"]
    assert back.value == pytest.approx(-paired_seed_differences(better, good, SETTINGS)["accuracy"].value)


def test_only_shared_faces_are_compared():
    a = answers([[1] * 40 + [0] * 20], rows=range(60))
    b = answers([[0] * 20 + [1] * 40], rows=range(20, 80))
    # Shared are rows 20 to 59: A is right on the first 20 of these, B on the last 20.
    result = paired_seed_differences(a, b, SETTINGS)
    assert result["accuracy"].value == 0
    assert paired_seed_differences(a, answers([[1] * 20], rows=range(50, 70)), SETTINGS) is None  # ten are too few


def test_a_classifier_answers_every_seed_alike():
    right = np.arange(100) % 2 == 0
    result = paired_seed_differences(answers(right), answers(np.zeros((5, 100))), SETTINGS)
    assert result["accuracy"].value == 0.5


def test_percentiles_of_few_seeds_are_spread_by_hand():
    # One seed of five is right on every face, the others on none. A resample has n/5 of that seed, n being
    # Binomial(5, .2); its 97.5th percentile is 3/5. Spread about the mean of 1/5 by t(4) / z = 2.776445 / 1.959964
    # times √(5/4).
    right = np.zeros((5, 40))
    right[0] = 1
    high = 0.2 + 2.776445 / 1.959964 * np.sqrt(5 / 4) * (0.6 - 0.2)
    result = seed_figures(answers(right), replace(SETTINGS, resamples=4000))["accuracy"]
    assert (result.low, result.high) == (0, pytest.approx(high, abs=1e-6))  # and no figure is below 0
    apart = paired_seed_differences(answers(right), answers(np.zeros((5, 40))), replace(SETTINGS, resamples=4000))
    assert apart["accuracy"].high == pytest.approx(high, abs=1e-6)
    assert apart["accuracy"].low == pytest.approx(0.2 - 2.776445 / 1.959964 * np.sqrt(5 / 4) * 0.2, abs=1e-6)


def test_intervals_of_five_seeds_hold_the_truth_as_often_as_they_say():
    rng, n_faces, trials = np.random.default_rng(0), 400, 300
    held = alike = 0
    for trial in range(trials):
        # Seeds differ by far more than faces move the mean, so that it is theirs that the interval must hold.
        a, b = (answers(rng.random((5, n_faces)) < rng.normal(0.4, 0.1, (5, 1))) for _ in range(2))
        settings = Resampling(200, 0.95, trial)
        figure = seed_figures(a, settings)["accuracy"]
        difference = paired_seed_differences(a, b, settings)["accuracy"]
        held += figure.low <= 0.4 <= figure.high
        alike += difference.low <= 0 <= difference.high
    assert 0.92 < held / trials < 0.985  # .88 where percentiles are left as they are
    assert 0.92 < alike / trials < 0.985


def test_nothing_scored_is_refused():
    with pytest.raises(InputError, match="no scored face"):
        seed_figures(answers(np.zeros((2, 0))), SETTINGS)


def test_rows_of_unequally_many_seeds_are_refused_by_name():
    def row(name, n_seeds):
        record = ClusterSweep(
            name, "gray", "planted", EMOTIONS, "test", 40, 0, 0, "", 0, tuple(range(n_seeds)), 0.95, 10, Chance(.1, .2),
            source_faces=9, per_cluster=5, entries=(SweepEntry(8, *(SeedMean(0, 0),) * 3, 0, {
                "labels_per_cluster": NamedGroups((9,), *(SeedFigure(0.5, 0, 0, 1),) * 2)}),))
        right = RightAnswers(np.arange(40), np.arange(40) % 8, np.ones((n_seeds, 40), bool))
        return CellRecords(Heading(name, name), Heading("gray", "Gray"), "faces", 0, True, sweep=record,
                       right={(8, "labels_per_cluster"): right})

    resampling = Resampling(10, 0.95, 0)
    (comparison,) = compare_rows([row("a", 3), row("b", 1)], resampling)
    assert (comparison.a.key, comparison.b.key, comparison.way) == ("a/gray", "b/gray", (8, "labels_per_cluster"))
    assert comparison.difference.value == 0
    with pytest.raises(StoredStateError, match="a/gray answers with 3 seeds and b/gray with 2, expected equally many"):
        compare_rows([row("a", 3), row("b", 2)], resampling)
