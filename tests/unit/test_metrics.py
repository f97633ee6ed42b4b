"""Figures of predictions against values computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fecemo.errors import InputError
from fecemo.evaluation.metrics import score_predictions

THREE = ("neutral", "happy", "sad")


def of(*names):
    return np.array(names, dtype=str)


def test_figures_of_five_faces():
    metrics = score_predictions(of("neutral", "neutral", "happy", "happy", "happy"),
                                of("neutral", "happy", "happy", "happy", "sad"), THREE)
    assert metrics.confusion.tolist() == [[1, 1, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0]]
    assert metrics.accuracy == pytest.approx(3 / 5)
    assert metrics.recall == {"neutral": 1 / 2, "happy": 2 / 3, "sad": None}
    assert metrics.balanced_accuracy == pytest.approx((1 / 2 + 2 / 3) / 2)
    # neutral: precision 1/1, recall 1/2 → 2/3; happy: precision 2/3, recall 2/3 → 2/3; sad does not occur.
    assert metrics.macro_f1 == pytest.approx(2 / 3)
    # Chance agreement: (2·1 + 3·3 + 0·1) / 25 = 0.44, so kappa = (0.6 - 0.44) / (1 - 0.44).
    assert metrics.cohen_kappa == pytest.approx(0.16 / 0.56)
    assert metrics.support == {"neutral": 2, "happy": 3, "sad": 0}
    assert (metrics.chance.uniform, metrics.chance.majority) == (pytest.approx(1 / 3), pytest.approx(3 / 5))
    assert metrics.abstained == 0


def test_an_abstention_is_wrong_and_counted_apart():
    metrics = score_predictions(of("neutral", "happy", "happy", "sad"), of("", "happy", "", "sad"), THREE)
    assert metrics.accuracy == pytest.approx(1 / 2)
    assert metrics.abstained == 2
    assert metrics.confusion[:, -1].tolist() == [1, 1, 0]
    assert metrics.balanced_accuracy == pytest.approx((0 + 1 / 2 + 1) / 3)
    # happy: precision 1, recall 1/2 → 2/3; sad → 1; neutral → 0.
    assert metrics.macro_f1 == pytest.approx((0 + 2 / 3 + 1) / 3)


def test_all_abstained_scores_nothing():
    metrics = score_predictions(of("neutral", "happy"), of("", ""), THREE)
    assert (metrics.accuracy, metrics.balanced_accuracy, metrics.macro_f1, metrics.abstained) == (0, 0, 0, 2)
    assert metrics.cohen_kappa == 0


def test_one_emotion_throughout_leaves_kappa_undefined():
    metrics = score_predictions(of("sad", "sad"), of("sad", "sad"), THREE)
    assert (metrics.accuracy, metrics.balanced_accuracy, metrics.macro_f1) == (1, 1, 1)
    assert metrics.cohen_kappa is None
    assert metrics.chance.majority == 1


def test_a_class_predicted_and_absent_costs_no_recall():
    metrics = score_predictions(of("sad", "sad"), of("sad", "happy"), THREE)
    assert metrics.balanced_accuracy == pytest.approx(1 / 2)
    assert metrics.recall["happy"] is None


@pytest.mark.parametrize(("truth", "prediction", "says"), [
    (("hapy",), ("happy",), "did you mean 'happy'"),
    (("",), ("happy",), "no emotion that a truth may have"),
    (("sad",), ("mixed",), "no emotion that a prediction may have"),
    ((), (), "no labelled face"),
    (("sad",), ("sad", "sad"), "one prediction a face"),
])
def test_what_cannot_be_scored_is_refused(truth, prediction, says):
    with pytest.raises(InputError, match=says):
        score_predictions(of(*truth), of(*prediction), THREE)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(THREE), st.sampled_from((*THREE, ""))), min_size=1, max_size=30),
       st.randoms())
def test_the_order_of_faces_changes_nothing(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    first, second = (score_predictions(of(*(truth for truth, _ in faces)), of(*(said for _, said in faces)), THREE)
                     for faces in (pairs, shuffled))
    assert first.confusion.tolist() == second.confusion.tolist()
    assert first.accuracy == second.accuracy == np.mean([truth == said for truth, said in pairs])
    assert first.macro_f1 == pytest.approx(second.macro_f1)
    assert 0 <= first.balanced_accuracy <= 1
