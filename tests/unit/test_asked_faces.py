"""In which order labelled faces are asked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fecemo.clustering.asked_faces import order_of_asking
from fecemo.clustering.naming_method import NamingEvidence, find_naming_method

LABELS = np.array(["happy"] * 1000 + ["fear"] * 200)


@pytest.mark.parametrize("balanced", [False, True])
def test_every_face_comes_once_in_an_order_that_the_seed_decides(balanced):
    order = order_of_asking(LABELS, 3, balanced=balanced)
    assert sorted(order.tolist()) == list(range(1200))
    assert order.tolist() == order_of_asking(LABELS, 3, balanced=balanced).tolist()
    assert order.tolist() != order_of_asking(LABELS, 4, balanced=balanced).tolist()


def test_emotions_come_alike_often_while_the_rare_ones_last():
    def share_of_fear(n, balanced):
        return np.mean([np.mean(LABELS[order_of_asking(LABELS, seed, balanced=balanced)[:n]] == "fear")
                        for seed in range(200)])

    assert share_of_fear(1, True) == pytest.approx(0.5, abs=0.1)
    assert share_of_fear(40, True) == pytest.approx(0.5, abs=0.04)
    assert share_of_fear(40, False) == pytest.approx(200 / 1200, abs=0.02)
    assert share_of_fear(1200, True) == pytest.approx(200 / 1200)


def test_faces_of_one_emotion_are_as_likely_as_each_other():
    first = [int(order_of_asking(np.array(["fear"] * 4 + ["happy"] * 40), seed, balanced=True)[0])
             for seed in range(800)]
    assert np.bincount(first, minlength=44)[:4].tolist() == pytest.approx([100] * 4, abs=40)


@pytest.mark.parametrize("method", ["vote", "few"])
def test_both_ways_of_naming_ask_in_that_order(method):
    asked = NamingEvidence(
        approach="", variant="", clustering="", hand_names=Path(), centres=np.zeros((2, 1), np.float32), labels=LABELS,
        clusters=(np.arange(1200) % 2).astype(np.int32), distances=np.ones((1200, 2), np.float32), sample=40, seed=0,
        per_cluster=20)
    fear = {balanced: np.mean(LABELS[find_naming_method(method).run(replace(asked, balanced=balanced)).seen] == "fear")
            for balanced in (False, True)}
    assert fear[False] < 0.3 < fear[True]
    assert find_naming_method(method).run(asked).names.method == method
    assert find_naming_method(method).run(replace(asked, balanced=True)).names.method == f"balanced {method}"
