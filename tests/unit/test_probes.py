"""Probes: what can be read off an embedding with labels, on faces that were not learned from."""

import numpy as np
import pytest
from cell_evidence import cell_evidence

from fecemo.evaluation.cell_metrics.probes import measure_probes
from fecemo.evaluation.probing.probe import PROBES, draw_budget, fit_standard_vectors, score_answers
from fecemo.evaluation.settings import EvaluationSettings, ProbeSettings, Resampling


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_answers_for_faces_that_it_has_not_seen(probe):
    train = np.array([[-2, 0], [-1, 0], [1, 0], [2, 0]], np.float32)
    answers = PROBES[probe](train, np.array(["sad", "sad", "happy", "happy"]), np.array([[-3, 0], [3, 0]], np.float32),
                            ProbeSettings(neighbours=1))
    assert answers.tolist() == ["sad", "happy"]


def test_the_linear_probe_is_balanced():
    # Nine sad faces for one happy face, mirror images: without weights, the border would lie far on the happy side.
    train = np.array([[-1.0]] * 9 + [[1.0]], np.float32)
    labels = np.array(["sad"] * 9 + ["happy"])
    assert PROBES["linear"](train, labels, np.array([[0.2]], np.float32), ProbeSettings()).tolist() == ["happy"]


def test_neighbours_are_never_more_than_there_are():
    train, labels = np.array([[1.0, 0], [0, 1]], np.float32), np.array(["sad", "happy"])
    assert len(PROBES["neighbours"](train, labels, train, ProbeSettings(neighbours=20))) == 2


def test_accuracy_and_balanced_accuracy_by_hand():
    truth, answers = np.array(["sad", "sad", "sad", "happy"]), np.array(["sad", "sad", "happy", "sad"])
    score = score_answers(truth, answers, ("happy", "sad", "fear"), Resampling(200, 0.95, 1))
    assert (score.accuracy, score.balanced_accuracy) == (pytest.approx(2 / 4), pytest.approx((0 + 2 / 3) / 2))
    assert score.intervals["accuracy"].low < 0.5 < score.intervals["accuracy"].high


def test_a_budget_keeps_the_proportions_of_the_labels():
    rows, labels = np.arange(100) + 7, np.array(["sad"] * 60 + ["happy"] * 30 + ["fear"] * 10)
    drawn = draw_budget(rows, labels, 10, seed=3)
    assert [int((labels[drawn - 7] == name).sum()) for name in ("sad", "happy", "fear")] == [6, 3, 1]
    assert drawn.tolist() == sorted(drawn)
    assert draw_budget(rows, labels, 10, seed=4).tolist() != drawn.tolist()
    assert draw_budget(rows, labels, None, seed=3).tolist() == rows.tolist()


def test_standard_vectors_have_mean_0_and_variance_1_and_leave_constants_at_0():
    rng = np.random.default_rng(0)
    vectors = np.column_stack([rng.normal(5, 3, 50), np.full(50, 0.1), rng.normal(0, 1e-3, 50)]).astype(np.float32)
    rows = np.arange(40)
    standard = fit_standard_vectors(vectors, rows, components=3, seed=0).of(vectors, rows)
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(standard.std(axis=0), [1, 0, 1], atol=1e-4)


def test_wide_vectors_keep_their_main_directions_whether_or_not_they_fit_into_memory():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(300, 2))
    vectors = (hidden @ rng.normal(size=(2, 80)) + 0.01 * rng.normal(size=(300, 80))).astype(np.float32)
    rows = np.arange(300)
    for whole_bytes in (10**9, 100 * 80 * 4):
        standard = fit_standard_vectors(vectors, rows, components=2, seed=1, whole_bytes=whole_bytes)
        assert standard.axes is not None
        assert standard.axes.shape == (2, 80)
        reduced = standard.of(vectors, rows)
        assert reduced.var(axis=0).mean() == pytest.approx(1, rel=0.2)
        # All that was hidden in 80 numbers is in the two: a linear map brings it back.
        result, *_ = np.linalg.lstsq(reduced, hidden - hidden.mean(axis=0), rcond=None)
        assert np.abs(reduced @ result - hidden + hidden.mean(axis=0)).max() < 0.1


def test_an_embedding_that_is_the_emotion_is_read_off_by_both_probes():
    result = measure_probes(cell_evidence(vectors="emotion"))
    assert result is not None
    assert (result.linear.accuracy, result.nearest.accuracy) == (1, 1)
    assert (result.labels, result.n_scored) == (120, 40)
    assert result.chance == 1 / 8


def test_an_embedding_that_is_the_identity_says_nothing_of_the_emotion():
    result = measure_probes(cell_evidence(vectors="identity"))
    assert result is not None
    interval = result.linear.intervals["balanced_accuracy"]
    # Nobody in the test split has been met: to the probe all are alike, and it gives all of them one answer.
    assert result.linear.balanced_accuracy == 1 / 8
    assert interval.low <= 1 / 8 < interval.high


def test_the_label_budget_is_kept_and_said():
    settings = EvaluationSettings(bootstrap=50, probe=ProbeSettings(labels=16, neighbours=50))
    result = measure_probes(cell_evidence(vectors="emotion", settings=settings))
    assert result is not None
    assert (result.labels, result.neighbours, result.linear.accuracy) == (16, 16, 1)


def test_no_probe_where_there_is_no_embedding_or_nothing_to_learn_or_to_score():
    assert measure_probes(cell_evidence(predicts_by="classifier")) is None
    assert measure_probes(cell_evidence(split="train")) is None
    assert measure_probes(cell_evidence(split="test")) is None
    assert measure_probes(cell_evidence(emotions=("happy",))) is None
