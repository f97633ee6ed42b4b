"""Figures of predictions against values computed by hand, and against the libraries."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, cohen_kappa_score, confusion_matrix, f1_score, roc_auc_score

from fecemo.errors import InputError
from fecemo.evaluation.metrics.classification import score_predictions

THREE = ("neutral", "happy", "sad")


def of(*names):
    return np.array(names, dtype=str)


def score(truth, prediction, scores=None):
    if scores is None:  # as certain as the answers
        scores = (np.asarray(prediction)[:, None] == np.array(THREE)).astype(float)
    return score_predictions(truth, prediction, THREE, scores)


def test_figures_of_five_faces():
    metrics = score(of("neutral", "neutral", "happy", "happy", "happy"),
                    of("neutral", "happy", "happy", "happy", "sad"))
    assert metrics.confusion.tolist() == [[1, 1, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0]]
    assert metrics.values["accuracy"] == pytest.approx(3 / 5)
    assert [metrics.classes[name].recall for name in THREE] == [1 / 2, 2 / 3, None]
    assert metrics.values["balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    # neutral: precision 1/1, recall 1/2 → 2/3; happy: precision 2/3, recall 2/3 → 2/3; sad does not occur.
    assert metrics.values["macro_f1"] == pytest.approx(2 / 3)
    # Chance agreement: (2·1 + 3·3 + 0·1) / 25 = 0.44, so kappa = (0.6 - 0.44) / (1 - 0.44).
    assert metrics.values["cohen_kappa"] == pytest.approx(0.16 / 0.56)
    # Pooled answers: neutral 3, happy 6, sad 1 of N = 10. D_o = 0.4, D_e = (100 - 46) / 90 = 0.6.
    assert metrics.values["krippendorff_alpha"] == pytest.approx(1 - 0.4 / 0.6)
    assert [metrics.classes[name].support for name in THREE] == [2, 3, 0]
    assert [metrics.classes[name].answered for name in THREE] == [1, 3, 1]
    assert (metrics.chance.uniform, metrics.chance.majority) == (pytest.approx(1 / 3), pytest.approx(3 / 5))
    assert metrics.abstained == 0


def test_one_emotion_against_the_rest():
    metrics = score(of("neutral", "neutral", "happy", "happy", "happy"),
                    of("neutral", "happy", "happy", "happy", "sad"))
    neutral = metrics.classes["neutral"]
    assert (neutral.precision, neutral.recall, neutral.f1) == (1, 1 / 2, pytest.approx(2 / 3))
    # Neutral or not: agreement 4/5, by chance (2·1 + 3·4) / 25 = 0.56.
    assert neutral.kappa == pytest.approx((0.8 - 0.56) / 0.44)
    # Neutral 3 times of 10: D_o = 0.2, D_e = (100 - 9 - 49) / 90.
    assert neutral.alpha == pytest.approx(1 - 0.2 / (42 / 90))
    # Neutral faces score 1 and 0, the others 0, 0, 0: of 6 pairs 3 right, 3 tied.
    assert neutral.roc_auc == pytest.approx((3 + 3 / 2) / 6)
    # The first face let in is right; the other four come in together: (1/2)·1 + (1/2)·(2/5).
    assert neutral.pr_auc == pytest.approx(0.5 + 0.5 * 2 / 5)
    happy = metrics.classes["happy"]
    assert metrics.values["class_kappa"] == pytest.approx((neutral.kappa + happy.kappa) / 2)
    assert metrics.values["roc_auc"] == pytest.approx((neutral.roc_auc + happy.roc_auc) / 2)
    sad = metrics.classes["sad"]  # answered once, and never right or wrong about
    assert (sad.recall, sad.precision, sad.f1, sad.kappa, sad.alpha, sad.roc_auc, sad.pr_auc) == (None,) * 7


def test_an_abstention_is_wrong_and_counted_apart():
    metrics = score(of("neutral", "happy", "happy", "sad"), of("", "happy", "", "sad"))
    assert metrics.values["accuracy"] == pytest.approx(1 / 2)
    assert metrics.abstained == 2
    assert metrics.confusion[:, -1].tolist() == [1, 1, 0]
    assert metrics.values["balanced_accuracy"] == pytest.approx((0 + 1 / 2 + 1) / 3)
    # happy: precision 1, recall 1/2 → 2/3; sad → 1; neutral → 0.
    assert metrics.values["macro_f1"] == pytest.approx((0 + 2 / 3 + 1) / 3)
    # An abstention is an answer of its own: pooled neutral 1, happy 3, sad 2, none 2 of N = 8; D_e = (64 - 18) / 56.
    assert metrics.values["krippendorff_alpha"] == pytest.approx(1 - 0.5 / (46 / 56))
    assert metrics.classes["neutral"].precision is None


def test_all_abstained_scores_nothing():
    metrics = score(of("neutral", "happy"), of("", ""))
    assert [metrics.values[name] for name in ("accuracy", "balanced_accuracy", "macro_f1")] == [0, 0, 0]
    assert metrics.abstained == 2
    assert metrics.values["cohen_kappa"] == 0
    assert metrics.values["roc_auc"] == 0.5  # no face is ranked before another


def test_one_emotion_throughout_leaves_agreement_and_ranking_undefined():
    metrics = score(of("sad", "sad"), of("sad", "sad"))
    assert [metrics.values[name] for name in ("accuracy", "balanced_accuracy", "macro_f1")] == [1, 1, 1]
    undefined = ("cohen_kappa", "krippendorff_alpha", "roc_auc", "pr_auc", "class_kappa", "class_alpha")
    assert [metrics.values[name] for name in undefined] == [None] * 6
    assert metrics.chance.majority == 1


def test_a_class_predicted_and_absent_costs_no_recall():
    metrics = score(of("sad", "sad"), of("sad", "happy"))
    assert metrics.values["balanced_accuracy"] == pytest.approx(1 / 2)
    assert metrics.classes["happy"].recall is None
    assert metrics.classes["happy"].answered == 1


def test_ties_count_half():
    scores = np.zeros((4, 3))
    scores[:, 1] = (0.9, 0.5, 0.5, 0.1)
    metrics = score(of("happy", "happy", "sad", "sad"), of("happy", "happy", "happy", "sad"), scores)
    assert metrics.classes["happy"].roc_auc == pytest.approx((2 + 1 + 0.5) / 4)
    assert metrics.classes["sad"].roc_auc == 0.5


@pytest.mark.parametrize(("truth", "prediction", "says"), [
    (("hapy",), ("happy",), "did you mean 'happy'"),
    (("",), ("happy",), "no emotion that a truth may have"),
    (("sad",), ("mixed",), "no emotion that a prediction may have"),
    ((), (), "no labelled face"),
    (("sad",), ("sad", "sad"), "one prediction a face"),
])
def test_what_cannot_be_scored_is_refused(truth, prediction, says):
    with pytest.raises(InputError, match=says):
        score_predictions(of(*truth), of(*prediction), THREE, np.zeros((len(truth), 3)))


@pytest.mark.parametrize("scores", [np.zeros((1, 2)), np.full((1, 3), np.nan)])
def test_scores_that_are_missing_or_no_numbers_are_refused(scores):
    with pytest.raises(InputError, match="3 finite scores for each of 1 faces"):
        score_predictions(of("sad"), of("sad"), THREE, scores)


ANSWERS = st.lists(st.tuples(st.sampled_from(THREE), st.sampled_from((*THREE, ""))), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None)
@given(ANSWERS, st.randoms())
def test_the_order_of_faces_changes_nothing(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    first, second = (score(of(*(truth for truth, _ in faces)), of(*(answer for _, answer in faces)))
                     for faces in (pairs, shuffled))
    assert first.confusion.tolist() == second.confusion.tolist()
    assert first.values["accuracy"] == np.mean([truth == answer for truth, answer in pairs])
    assert first.values == pytest.approx(second.values)
    assert first.classes == second.classes


def alpha_of_library(truth, prediction):
    codes = np.unique([truth, prediction], return_inverse=True)[1].reshape(2, -1)
    return krippendorff.alpha(reliability_data=codes, level_of_measurement="nominal")


@settings(max_examples=60, deadline=None)
@given(ANSWERS)
def test_figures_of_a_confusion_matrix_agree_with_the_libraries_on_its_faces(pairs):
    truth, answer = of(*(truth for truth, _ in pairs)), of(*(answer for _, answer in pairs))
    metrics = score(truth, answer)
    assert metrics.confusion.tolist() == confusion_matrix(truth, answer, labels=[*THREE, ""])[:-1].tolist()
    present = sorted(set(truth))
    assert metrics.values["macro_f1"] == pytest.approx(
        f1_score(truth, answer, labels=present, average="macro", zero_division=0.0), abs=1e-12)
    for figures, (shown, answered) in [
            ((metrics.values["cohen_kappa"], metrics.values["krippendorff_alpha"]), (truth, answer)),
            *(((metrics.classes[name].kappa, metrics.classes[name].alpha), (truth == name, answer == name))
              for name in present)]:
        if len(set(shown.tolist()) | set(answered.tolist())) == 1:
            assert figures == (None, None)
        else:
            assert figures == pytest.approx((cohen_kappa_score(shown, answered), alpha_of_library(shown, answered)),
                                            abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(ANSWERS, st.permutations(range(3)))
def test_calling_emotions_otherwise_changes_nothing(pairs, order):
    """Emotions are names: whatever they are called and however they are ordered, the figures are the same."""
    other = {THREE[at]: THREE[to] for at, to in enumerate(order)} | {"": ""}
    first = score(of(*(truth for truth, _ in pairs)), of(*(answer for _, answer in pairs)))
    second = score(of(*(other[truth] for truth, _ in pairs)), of(*(other[answer] for _, answer in pairs)))
    assert first.values == pytest.approx(second.values)
    assert {other[name]: figures_of.f1 for name, figures_of in first.classes.items()} == {
        name: figures_of.f1 for name, figures_of in second.classes.items()}


def test_figures_of_many_faces_are_those_of_the_libraries():
    rng = np.random.default_rng(0)
    emotions = tuple(f"emotion {number}" for number in range(11))  # not eight
    truth = np.array(emotions)[rng.integers(11, size=400)]
    scores = rng.random((400, 11)) + (truth[:, None] == np.array(emotions))
    answer = np.array(emotions)[scores.argmax(axis=1)]
    metrics = score_predictions(truth, answer, emotions, scores)
    assert metrics.values["cohen_kappa"] == pytest.approx(cohen_kappa_score(truth, answer))
    assert metrics.values["krippendorff_alpha"] == pytest.approx(alpha_of_library(truth, answer))
    shows = truth[:, None] == np.array(emotions)
    assert metrics.values["roc_auc"] == pytest.approx(roc_auc_score(shows, scores, average="macro"))
    assert metrics.values["pr_auc"] == pytest.approx(average_precision_score(shows, scores, average="macro"))
