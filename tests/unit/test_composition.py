"""Parity by hand, training sets of one size, and a gain where a group's faces look otherwise."""

import csv
import json

import numpy as np
import pytest

from fecemo.errors import InputError
from fecemo.evaluation.composition import (
    draw_composition,
    read_composition,
    score_compositions,
    to_csv,
    to_html,
    to_json,
)
from fecemo.evaluation.metrics.parity import parity_figures
from fecemo.evaluation.settings import Resampling

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def counts_of(groups, truth, answers, n_classes):
    counts = np.zeros((max(groups) + 1, n_classes, n_classes + 1), int)
    np.add.at(counts, (groups, truth, answers), 1)
    return counts


def test_parity_of_three_groups_as_published():
    """The example of HolisticAI's multiclass statistical parity: groups AAAA BBBB CC, answers 0 1 2 0 1 2 0 1 2 0."""
    groups, answers = [0] * 4 + [1] * 4 + [2] * 2, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    result = parity_figures(counts_of(groups, [0] * 10, answers, 3))
    assert result["largest_total_variation"] == pytest.approx(0.5)
    # Shares A ½ ¼ ¼, B ¼ ½ ¼, C ½ 0 ½: pairs are apart by .25, .25 and .5.
    assert result["total_variation"] == pytest.approx((0.25 + 0.25 + 0.5) / 3)
    assert result["parity_difference"] == pytest.approx(0.5)
    assert result["parity_ratio"] == pytest.approx((0.5 + 0 + 0.5) / 3)
    assert result["least_parity_ratio"] == 0


def test_equalised_odds_and_macro_f1_by_hand():
    # Group 0: all four right. Group 1: class 0 hit once of two, class 1 twice of two.
    counts = counts_of([0] * 4 + [1] * 4, [0, 0, 1, 1] * 2, [0, 0, 1, 1, 0, 1, 1, 1], 2)
    result = parity_figures(counts)
    assert result["equalised_odds"] == pytest.approx(0.5), "hit rates of class 0: 1 and ½"
    assert result["group_macro_f1"] == pytest.approx((1 + (2 / 3 + 4 / 5) / 2) / 2)
    assert result["macro_f1"] == pytest.approx((2 * 3 / (4 + 3) + 2 * 4 / (4 + 5)) / 2)
    same = parity_figures(np.stack([counts[0], counts[0]]))
    assert (same["equalised_odds"], same["parity_difference"], same["parity_ratio"]) == (0, 0, 1)


def test_an_emotion_that_no_group_is_given_takes_no_part_in_the_ratio():
    result = parity_figures(counts_of([0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1], 3))
    assert result["parity_ratio"] == result["least_parity_ratio"] == 1


def test_sets_have_one_size_and_one_division_by_emotion():
    rng = np.random.default_rng(0)
    labels = rng.choice(["happy", "sad", "fear"], 900, p=[0.5, 0.3, 0.2])
    focus = rng.random(900) < 0.3
    drawn = draw_composition(labels, focus, SHARES, 120, 0)
    emotions = [np.unique(labels[rows], return_counts=True)[1].tolist() for rows in drawn]
    assert [len(np.unique(rows)) for rows in drawn] == [120] * 5
    assert emotions == [emotions[0]] * 5
    assert [focus[rows].mean() for rows in drawn] == pytest.approx(SHARES, abs=0.02)
    largest = draw_composition(labels, focus, SHARES, None, 0)
    assert len(largest[0]) == len(largest[-1]) > 200
    with pytest.raises(InputError, match=f"at most {len(largest[0])} in all"):
        draw_composition(labels, focus, SHARES, len(largest[0]) + 9, 0)


def studied(answer):
    """Return a study of 200 faces a group, whose answers a share of each group gets right."""
    rng = np.random.default_rng(0)
    groups, truth = np.repeat(["dark", "light"], 200), np.tile(["happy", "sad"], 200)
    wrong = np.where(truth == "happy", "sad", "happy")
    answers = np.array([[np.where(rng.random(400) < np.where(groups == "dark", *answer(fraction)), truth, wrong)
                         for _ in range(2)] for fraction in SHARES])
    return score_compositions(answers, truth, groups, ("happy", "sad"), column="tone", focus="dark", learner="made",
                              shares=SHARES, size=60, resampling=Resampling(200, 0.95, 0))


def test_balance_gains_where_lopsided_sets_fail_a_group():
    result = studied(lambda fraction: (0.9 if fraction > 0 else 0.5, 0.9 if fraction < 1 else 0.5))
    assert result.by_group["dark"][0].value == pytest.approx(0.5, abs=0.06)
    assert result.by_group["dark"][4].value == pytest.approx(0.9, abs=0.04)
    assert result.gains["macro_f1"].value == pytest.approx(0.2, abs=0.04)
    assert result.gains["macro_f1"].low > 0.1
    assert result.gains["equalised_odds"].high < -0.2
    assert result.groups == {"dark": 200, "light": 200}


def test_no_gain_is_made_where_there_is_none():
    gain = studied(lambda fraction: (0.8, 0.8)).gains["macro_f1"]
    assert gain.low < 0 < gain.high
    assert abs(gain.value) < 0.04


def test_what_is_written_is_what_was_measured(tmp_path):
    result = studied(lambda fraction: (0.9, 0.7))
    rows = {(row["share"], row["figure"], row["group"]): float(row["value"])
            for row in csv.DictReader(to_csv(result).splitlines())}
    assert rows["0.5", "macro_f1", "dark"] == result.by_group["dark"][2].value
    assert rows["", "gain_parity_ratio", ""] == result.gains["parity_ratio"].value
    (tmp_path / "composition.json").write_text(to_json(result))
    assert read_composition(tmp_path) == result
    assert json.loads(to_json(result))["figures"]["total_variation"][1]["value"] == rows["0.25", "total_variation", ""]
    page = to_html(result)
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http://www.w3.org", "")
