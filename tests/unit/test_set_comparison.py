"""Sets of faces compared: distances by hand, and what one set prepares for."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from fecemo.errors import InputError
from fecemo.evaluation.set_comparison import compare_sets, to_csv, to_html, to_json
from fecemo.evaluation.set_metric import LabelledVectors
from fecemo.evaluation.set_metrics.distances import energy_coefficient
from fecemo.evaluation.settings import ProbeSettings, Resampling

EMOTIONS = ("happy", "sad", "fear")


def made(name, *, shift=0.0, turned=False, emotions=("happy", "sad"), n=60, seed=0, faces=None):
    """Return a set in which the first number tells two emotions apart; turned, it tells them the other way round."""
    rng = np.random.default_rng(seed)
    labels = np.array([emotions[face % len(emotions)] for face in range(n)])
    place = np.where(labels == emotions[0], 1.0, -1.0) * (-1 if turned else 1)
    vectors = np.column_stack([place + 0.1 * rng.normal(size=n), shift + rng.normal(size=n)]).astype(np.float32)
    return LabelledVectors(name, vectors, labels, np.where(np.arange(n) < 2 * n // 3, "train", "test"),
                           np.array([f"{name} {face}" for face in range(n)]) if faces is None else faces, np.arange(n))


def compared(*sets, **changes):
    settings = {"vectors_title": "made", "labels": None, "settings": ProbeSettings(),
                "resampling": Resampling(50, 0.95, 0)}
    return compare_sets(sets, EMOTIONS, **{**settings, **changes})


def test_the_energy_coefficient_by_hand():
    a, b = np.array([[0.0], [2.0]]), np.array([[4.0], [6.0]])
    # E|A − B| = (4 + 6 + 2 + 4) / 4 = 4; within each, the one pair is 2 apart.
    assert energy_coefficient(a, b) == pytest.approx((2 * 4 - 2 - 2) / (2 * 4))
    assert energy_coefficient(np.zeros((2, 1)), np.ones((3, 1))) == 1
    assert energy_coefficient(np.zeros((2, 1)), np.zeros((2, 1))) == 0


def test_two_samples_of_one_distribution_are_near_0_whatever_their_size():
    rng = np.random.default_rng(0)
    result = [energy_coefficient(rng.normal(size=(5, 3)), rng.normal(size=(8, 3))) for _ in range(300)]
    assert abs(np.mean(result)) < 0.02


def test_sets_that_are_alike_prepare_for_each_other_and_lie_together():
    result = compared(made("a"), made("b", seed=1))
    assert result.emotions == ("happy", "sad")
    assert result.chance == 0.5
    assert [[probe.balanced_accuracy for probe in row] for row in result.probes] == [[1, 1], [1, 1]]
    assert np.abs(result.distances).max() < 0.15


def test_a_set_whose_emotions_look_the_other_way_round_is_learned_wrong_and_lies_far_away():
    result = compared(made("a"), made("b", turned=True, seed=1))
    assert [[probe.balanced_accuracy for probe in row] for row in result.probes] == [[1, 0], [0, 1]]
    (at_home, abroad), (back, there) = result.distances
    assert min(abroad, back) > 0.3 > max(at_home, there)


def test_every_set_is_learned_from_as_many_labels():
    result = compared(made("a", n=300), made("b", n=60))
    assert result.labels == 40
    assert result.scored == (100, 20)
    assert compared(made("a"), made("b"), labels=20).labels == 20


def test_nothing_is_learned_from_a_face_that_stands_in_a_test():
    # The second set holds the first one's faces in another order: 20 of them change sides, and one is there twice.
    first = made("a", n=120)
    order = np.roll(np.arange(120), 20)
    second = replace(first, name="b", vectors=first.vectors[order], labels=first.labels[order],
                     faces=first.faces[order])
    result = compared(first, second)
    assert result.left_out == (20, 20)
    assert result.labels == 60
    rows = list(csv.DictReader(to_csv(result).splitlines()))
    assert [row["left_out"] for row in rows] == ["20"] * 4
    assert "left out of it: a 20, b 20." in to_html(result)
    assert compared(made("a"), made("b")).left_out == (0, 0)


def test_a_face_of_another_sets_test_gives_no_answer_away():
    """Vectors that say nothing but which face it is: who has learned it by heart answers right, and nobody may."""
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(200, 150)).astype(np.float32), np.array(["happy", "sad"] * 100)
    faces = np.array([f"face {face}" for face in range(200)])
    # What b is tested on stands in a's train split, and the other way round; both have 60 faces more to learn from.
    def part(name, train, test):
        rows = np.r_[train, test]
        return LabelledVectors(name, vectors[rows], labels[rows], np.repeat(["train", "test"], (len(train), len(test))),
                               faces[rows], rows)

    a = part("a", np.arange(100), np.arange(100, 140))
    b = part("b", np.arange(100, 200), np.arange(40))
    result = compared(a, b)
    assert result.left_out == (40, 40)
    assert result.labels == 60
    for learned, met in ((0, 1), (1, 0)):
        assert result.probes[learned][met].balanced_accuracy < 0.75


def test_only_emotions_that_all_sets_have_are_compared():
    result = compared(made("a", emotions=("happy", "sad")), made("b", emotions=("happy", "sad", "fear"), n=120))
    assert result.emotions == ("happy", "sad")
    assert set(result.by_emotion) == {"happy", "sad"}
    with pytest.raises(InputError, match="share 1 emotions with at least 10"):
        compared(made("a", emotions=("happy", "sad")), made("b", emotions=("happy", "fear")))
    with pytest.raises(InputError, match="at least two sets"):
        compared(made("a"))


def test_what_is_written_is_what_was_found():
    result = compared(made("here"), made("<there>", turned=True, seed=1))
    rows = list(csv.DictReader(to_csv(result).splitlines()))
    assert [(row["learned_from"], row["met"]) for row in rows] == [
        ("here", "here"), ("here", "<there>"), ("<there>", "here"), ("<there>", "<there>")]
    assert float(rows[1]["balanced_accuracy"]) == 0
    assert float(rows[1]["distance_sad"]) == result.by_emotion["sad"][0][1]
    assert json.loads(to_json(result))["probes"][0][1]["balanced_accuracy"] == 0
    page = to_html(result)
    assert page == to_html(result)
    assert "<there>" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_sets_of_which_one_has_no_labels_are_compared_by_metrics_alone():
    near, far = made("near"), made("far", shift=8.0, seed=1)
    result = compared(near, replace(far, labels=np.full(60, "")))
    assert result.chance is None
    assert result.probes == result.distances == ()
    matrix = result.metrics["energy"]
    assert matrix[0][1] > 0.5 > abs(matrix[0][0])
    assert matrix[1][1] < 0.2
    row = list(csv.DictReader(to_csv(result).splitlines()))[1]
    assert row["balanced_accuracy"] == ""
    assert float(row["energy"]) == matrix[0][1]
    page = to_html(result)
    assert "Energy coefficient: 0 where" in page
    assert "<svg" not in page
    assert compared(near, far).metrics == result.metrics, "labels change nothing"
    with pytest.raises(InputError, match="few has 12 faces, a comparison needs 20"):
        compared(near, made("few", n=12))
