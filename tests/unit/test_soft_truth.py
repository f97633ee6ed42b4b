"""What people reach and how probabilities meet votes: by hand, and where a thing is not known."""

from dataclasses import replace

import numpy as np
import pytest
from cell_evidence import N, cell_evidence

from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.cell_metrics.soft_truth import (
    cross_entropy,
    human_line,
    measure_soft_truth,
    panel_answers,
    rater_answers,
)
from fecemo.evaluation.metrics.calibration import calibration_error


def test_one_rater_against_the_others_by_hand():
    # The first face: three of four raters said 0. One of them, left out, meets two against one; the fourth meets none.
    # The second: two and two. Whoever is left out, the others are two against one for the other emotion.
    shown, met = rater_answers(np.array([[3, 1], [2, 2]]))
    assert shown == pytest.approx(np.array([[1, 0], [0.5, 0.5]]))
    assert met == pytest.approx(np.array([[0.75, 0], [0, 0]]))
    # Two raters who disagree meet nobody. Of three, two of whom agree, one of these leaves a tie behind: half is met.
    assert rater_answers(np.array([[1, 1]]))[1].sum() == 0
    assert rater_answers(np.array([[2, 1]]))[1].sum() == pytest.approx(2 / 3 / 2)


def test_a_second_panel_agrees_where_the_first_was_of_one_mind():
    votes = np.array([[10, 0], [0, 10], [5, 5]])
    right = panel_answers(votes, np.array([0, 1, 0]), 0)
    assert right[:2].tolist() == [1, 1]
    assert right[2] == pytest.approx(0.5, abs=0.2)
    line = human_line(np.array([[9, 1]] * 40 + [[0, 10]] * 10), np.array([0] * 40 + [1] * 10), 0)
    assert line.rater_accuracy == pytest.approx((40 * 0.9 + 10) / 50)
    assert line.rater_balanced_accuracy == pytest.approx((0.9 + 1) / 2)
    assert min(line.panel_accuracy, line.panel_balanced_accuracy) > 0.99
    assert line.raters == 10


def test_calibration_error_and_cross_entropy_by_hand():
    # Two answers of confidence .95, one right: off by .45; two of .55, both right: off by .45.
    assert calibration_error(np.array([0.95, 0.95, 0.55, 0.55]), np.array([1, 0, 1, 1])) == pytest.approx(0.45)
    assert calibration_error(np.array([1.0, 1.0]), np.array([1, 1])) == 0
    # Three faces at .95, two of them right: |2 − 2.85|; one at .55, right: |1 − .55|. Over four faces.
    assert calibration_error(np.array([0.95, 0.95, 0.95, 0.55]), np.array([1, 1, 0, 1], bool)) == pytest.approx(
        (0.85 + 0.45) / 4)
    shares = np.array([[0.75, 0.25]])
    assert cross_entropy(shares, np.array([[0.5, 0.5]])) == pytest.approx(np.log(2))
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert cross_entropy(shares, shares) == pytest.approx(entropy)


def voted(predicts_by, share, *, without=""):
    """Of every face ten votes: eight for its emotion and two for the next; probabilities give it a share."""
    evidence = cell_evidence(predicts_by=predicts_by)
    shown = np.arange(N) % 8
    votes = 8 * np.eye(8)[shown] + 2 * np.eye(8)[(shown + 1) % 8]
    probabilities = share * np.eye(8)[shown] + (1 - share) * np.eye(8)[(shown + 1) % 8]
    return replace(evidence, predictions=replace(evidence.predictions, scores=probabilities.astype(np.float32)),
                   annotated={f"votes_{name}": votes[:, at] for at, name in enumerate(EMOTIONS) if name != without})


def test_probabilities_of_the_votes_are_calibrated_to_them_and_not_to_labels():
    result = measure_soft_truth(voted("classifier", 0.8))
    assert result.vote_calibration_error == pytest.approx(0, abs=1e-6)
    assert result.calibration_error == pytest.approx(0.2, abs=1e-6), "every answer is right, at .8"
    assert result.cross_entropy == pytest.approx(result.vote_entropy, abs=1e-6)
    assert result.human.rater_accuracy == pytest.approx(0.8)
    sure = measure_soft_truth(voted("classifier", 0.99))
    assert sure.calibration_error < result.calibration_error
    assert sure.cross_entropy > sure.vote_entropy


def test_shares_of_soft_labels_are_truth_and_say_nothing_of_raters():
    counted = voted("classifier", 0.99)
    soft = replace(counted, annotated={name: values / 10 for name, values in counted.annotated.items()})
    by_shares, by_votes = measure_soft_truth(soft), measure_soft_truth(counted)
    assert by_shares.human is None
    assert by_shares.cross_entropy == pytest.approx(by_votes.cross_entropy)
    assert by_shares.vote_calibration_error == pytest.approx(by_votes.vote_calibration_error)


def test_what_is_not_known_is_not_made_up():
    clusters = measure_soft_truth(voted("clusters", 0.8))
    assert clusters.human.n_faces == N
    assert clusters.calibration_error is clusters.cross_entropy is None
    without = measure_soft_truth(voted("classifier", 0.8, without="happy"))
    assert without.human is None
    assert without.calibration_error == pytest.approx(0.2, abs=1e-6)
    assert measure_soft_truth(voted("clusters", 0.8, without="happy")) is None
