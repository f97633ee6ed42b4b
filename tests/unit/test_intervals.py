"""Bootstrap intervals against exact distributions and against resampling faces one by one."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from sklearn.metrics import roc_auc_score

from fecemo.errors import InputError
from fecemo.evaluation.catalogue import PAIRED
from fecemo.evaluation.metrics.classification import score_predictions
from fecemo.evaluation.metrics.intervals import (
    bootstrap_intervals,
    holm,
    mcnemar_p,
    paired_differences,
    wilson_interval,
)
from fecemo.evaluation.settings import Resampling


def intervals(confusion, resamples=2000, confidence=0.95, seed=0):
    confusion = np.array(confusion)
    if confusion.shape[1] == len(confusion):  # nobody abstained
        confusion = np.pad(confusion, ((0, 0), (0, 1)))
    return bootstrap_intervals(confusion, Resampling(resamples, confidence, seed))


def test_accuracy_follows_the_binomial_distribution():
    # The number of right faces in a resample of 20, of which 15 are right, is binomial (20, 3/4).
    # Of hundred times as many, Wilson's interval is no wider than a step of the distribution.
    result = intervals([[800, 200], [300, 700]], resamples=20000)["accuracy"]
    assert (result.low, result.high) == pytest.approx((binom.ppf(0.025, 2000, 0.75) / 2000,
                                                     binom.ppf(0.975, 2000, 0.75) / 2000), abs=1e-3)


def test_balanced_accuracy_agrees_with_resampling_face_by_face():
    truth = np.repeat([0, 1, 2], [40, 25, 10])
    right = np.concatenate([np.arange(40) < 30, np.arange(25) < 10, np.arange(10) < 9])
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(4000):
        rows = rng.integers(len(truth), size=len(truth))
        drawn.append(np.mean([right[rows][truth[rows] == each].mean() for each in np.unique(truth[rows])]))
    result = intervals([[30, 10, 0], [15, 10, 0], [0, 1, 9]], resamples=4000)["balanced_accuracy"]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert low - 0.05 < result.low < low + 0.01  # of ten faces of a class, the bootstrap alone is too narrow
    assert high - 0.01 < result.high < high + 0.05


def test_wilson_by_hand():
    # z = 1.96: (5/8 + z²/80 ± z √(15/64/40 + z²/6400)) / (1 + z²/40) = (0.67302 ± 0.15753) / 1.09604
    result = wilson_interval(25 / 40, 40, 0.95)
    assert (result.low, result.high) == pytest.approx((0.47032, 0.75777), abs=2e-5)


@pytest.mark.parametrize(("right", "n", "confidence"), [(0, 7, 0.95), (7, 7, 0.9), (1, 1, 0.99), (412, 700, 0.8)])
def test_wilson_as_scipy_has_it(right, n, confidence):
    known = binomtest(right, n).proportion_ci(confidence, method="wilson")
    result = wilson_interval(right / n, n, confidence)
    assert (result.low, result.high) == pytest.approx((known.low, known.high), abs=1e-9)


def test_it_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(300):
        right = rng.binomial(200, 0.4)
        result = intervals([[right, 200 - right], [0, 0]], resamples=400, confidence=0.9, seed=trial)["accuracy"]
        covered += result.low <= 0.4 <= result.high
    assert 0.84 <= covered / 300 <= 0.96


def test_a_seed_gives_the_same_interval_and_another_seed_another():
    assert intervals([[30, 20], [10, 40]], resamples=99) == intervals([[30, 20], [10, 40]], resamples=99)
    assert intervals([[30, 20], [10, 40]], resamples=99) != intervals([[30, 20], [10, 40]], resamples=99, seed=1)


def test_ten_faces_alike_leave_doubt():
    assert intervals([[5, 0], [0, 5]])["accuracy"] == wilson_interval(1, 10, 0.95)
    result = intervals([[0, 5], [5, 0]])["balanced_accuracy"]
    assert (result.low, result.high) == (0, pytest.approx(0.41, abs=0.01))


def test_abstentions_are_in_the_number_of_faces():
    result = intervals([[0, 0, 10], [0, 0, 0]])
    assert result["accuracy"] == wilson_interval(0, 10, 0.95)


def test_a_lone_face_of_a_class_may_be_missing_from_a_resample():
    result = intervals([[1, 0], [99, 0]], resamples=500)["balanced_accuracy"]
    # Resamples hold the lone face, mean of 1 and 0, or do not, 0; of one face, little is known.
    assert (result.low, result.high) == (0, pytest.approx(0.53, abs=0.01))


@pytest.mark.parametrize("wrong", [{"resamples": 0}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="bootstrap must be"):
        intervals([[1, 0], [0, 1]], **wrong)
    with pytest.raises(InputError, match="no scored face"):
        intervals([[0, 0], [0, 0]])


def test_areas_have_an_interval_only_where_the_faces_are_known():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 40)
    scores = rng.random((80, 2)) + (truth[:, None] == [0, 1]) / 3
    confusion = np.array([[30, 10, 0], [10, 30, 0]])
    result = bootstrap_intervals(confusion, Resampling(300, 0.95, 0), truth=truth, scores=scores)
    assert result["roc_auc"].low < np.mean([roc_auc_score(truth == each, scores[:, each]) for each in (0, 1)])
    assert result["roc_auc"].high < 1
    assert "roc_auc" not in intervals(confusion)


def test_an_undefined_figure_has_no_interval():
    result = intervals([[5, 0], [0, 0]])
    assert result["accuracy"] == wilson_interval(1, 5, 0.95)
    assert "cohen_kappa" not in result
    assert "krippendorff_alpha" not in result


def paired(truth, a, b, resamples=200, seed=0):
    return paired_differences(truth, a, b, ("happy", "sad"), Resampling(resamples, 0.95, seed))


def test_paired_differences_know_that_the_faces_are_the_same():
    truth = np.repeat(["happy", "sad"], 50)
    b = np.where(np.arange(100) % 2, truth, "")
    a = np.where(np.arange(100) % 10 == 0, truth, b)  # right wherever B is, and on ten faces more
    result = paired(truth, a, b, resamples=20000)["accuracy"]
    assert result.value == pytest.approx(0.1)
    assert (result.low, result.high) == pytest.approx(binom.ppf([0.025, 0.975], 100, 0.1) / 100)
    assert result.low > 0
    same = paired(truth, a, a)
    assert {(each.value, each.low, each.high) for each in same.values()} == {(0, 0, 0)}
    with pytest.raises(InputError, match="same faces"):
        paired(truth, a, b[:50])


def test_paired_differences_are_those_of_the_two_scores():
    rng = np.random.default_rng(1)
    truth, a, b = (np.array(["happy", "sad", ""])[rng.integers(size, size=90)] for size in (2, 3, 3))
    result = paired(truth, a, b)
    of_a, of_b = (score_predictions(truth, answered, ("happy", "sad"), np.zeros((90, 2))).values for answered in (a, b))
    assert {name: each.value for name, each in result.items()} == pytest.approx(
        {name: of_a[name] - of_b[name] for name in PAIRED})


def test_a_paired_interval_is_narrower_than_that_of_unrelated_faces():
    rng = np.random.default_rng(2)
    truth = np.repeat(["happy", "sad"], 100)
    hard = rng.random(200) < 0.5
    a = np.where(hard, "", truth)
    b = np.where(hard | (rng.random(200) < 0.05), "", truth)
    together, apart = paired(truth, a, b), paired(truth, a, b[rng.permutation(200)])
    assert together["accuracy"].high - together["accuracy"].low < 0.1
    assert apart["accuracy"].high - apart["accuracy"].low > 0.15


@pytest.mark.parametrize("n", [2, 3, 5, 10, 20, 50])
@pytest.mark.parametrize("chance_of_right", [0.5, 0.7, 0.95])
def test_intervals_of_few_faces_hold_the_truth_as_often_as_they_say(n, chance_of_right):
    rng, trials, held = np.random.default_rng([n, int(100 * chance_of_right)]), 150, {}
    for trial in range(trials):
        right = rng.random((2, n)) < chance_of_right
        confusion = [[right[0].sum(), n - right[0].sum()], [n - right[1].sum(), right[1].sum()]]
        result = intervals(confusion, resamples=200, seed=trial)
        for name in ("accuracy", "balanced_accuracy"):
            held[name] = held.get(name, 0) + (result[name].low <= chance_of_right <= result[name].high)
    # Wilson's own coverage of a handful of faces goes down to 14 in 16.
    assert {name: share / trials for name, share in held.items() if share / trials < (0.82 if n < 4 else 0.89)} == {}


def test_two_right_answers_are_no_certainty():
    result = intervals([[1, 0], [0, 1]], resamples=100)
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "cohen_kappa", "krippendorff_alpha"):
        assert result[name].low < 0.5, name
        assert result[name].high == 1


def test_mcnemar_counts_the_faces_that_divide_two_answerers():
    a = np.array([True] * 5 + [False] + [True] * 20)
    b = np.array([False] * 5 + [True] + [True] * 20)
    # Six faces divide them, five for A: of six coins at most one falls that way with (1 + 6) / 64, and twice that.
    assert mcnemar_p(a, b) == mcnemar_p(b, a) == pytest.approx(2 * 7 / 64)
    assert mcnemar_p(a, a) == 1


def test_holm_multiplies_by_what_is_left_and_never_falls():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([]) == []
