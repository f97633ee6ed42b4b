"""Areas under curves from clusters, and their bootstrap against the library face by face."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from fecemo.clustering.naming import class_margins
from fecemo.evaluation.metrics import intervals
from fecemo.evaluation.metrics.classification import class_areas
from fecemo.evaluation.metrics.intervals import resampled_areas

TWO = ("happy", "sad")


def test_the_margin_of_two_faces_among_three_centres():
    margins = class_margins(np.array([[1.0, 3.0, 9.0], [4.0, 4.0, 2.0]]), ("happy", "sad", "happy"), TWO)
    # Face 0: the nearest happy centre is at 1, the nearest other at 3. Face 1: 2 and 4.
    np.testing.assert_allclose(margins, [[2 / 4, -2 / 4], [2 / 6, -2 / 6]], rtol=1e-6)


def test_an_emotion_without_a_cluster_ranks_no_face_before_another():
    margins = class_margins(np.array([[1.0, 2.0], [2.0, 1.0]]), ("happy", ""), TWO)
    assert margins[:, 1].tolist() == [-1, -1]
    assert margins[0, 0] > 0 > margins[1, 0]
    assert class_areas(np.array([True, False]), margins[:, 1])[0] == 0.5
    assert class_margins(np.array([[1.0, 2.0]]), ("happy", "happy"), TWO).tolist() == [[1, -1]]


def test_names_may_differ_from_face_to_face_where_clusters_were_divided():
    margins = class_margins(np.array([[1.0, 3.0], [1.0, 3.0]]), np.array([["happy", "sad"], ["sad", "sad"]]), TWO)
    assert margins.tolist() == [[0.5, -0.5], [-1, 1]]


def test_a_face_between_two_equal_centres_has_no_margin():
    assert class_margins(np.zeros((1, 2)), TWO, TWO).tolist() == [[0, 0]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations(range(5)))
def test_renumbering_clusters_changes_no_margin(seed, order):
    rng = np.random.default_rng(seed)
    distances, names = rng.random((7, 5)), np.array(["happy", "sad", "", "sad", "fear"])
    first = class_margins(distances, names, ("happy", "sad", "fear", "anger"))
    second = class_margins(distances[:, order], names[order], ("happy", "sad", "fear", "anger"))
    np.testing.assert_array_equal(first, second)
    predicted = names[distances.argmin(axis=1)]
    assert all((first[:, column] > 0).tolist() == (predicted == name).tolist()
               for column, name in enumerate(("happy", "sad", "fear")))


def test_one_class_has_no_areas():
    assert class_areas(np.array([True, True]), np.array([1.0, 2.0])) == (None, None)
    assert class_areas(np.array([False]), np.array([1.0])) == (None, None)
    drawn = resampled_areas(np.zeros(5, int), np.zeros((5, 2)), resamples=3, rng=np.random.default_rng(0))
    assert np.isnan(drawn["roc_auc"]).all()
    assert np.isnan(drawn["pr_auc"]).all()


def test_resampled_areas_are_those_of_the_drawn_faces():
    rng = np.random.default_rng(3)
    n, resamples = 60, 25
    truth = rng.integers(3, size=n)
    scores = np.round(rng.random((n, 4)) + (truth[:, None] == np.arange(4)) / 2, 1)  # with ties; class 3 is absent
    result = resampled_areas(truth, scores, resamples=resamples, rng=np.random.default_rng(5))
    drawn = np.random.default_rng(5).integers(n, size=(resamples, n))
    for number, rows in enumerate(drawn):
        shows = [truth[rows] == column for column in range(3)]
        assert result["roc_auc"][number] == pytest.approx(np.mean(
            [roc_auc_score(shown, scores[rows, column]) for column, shown in enumerate(shows)]), abs=1e-12)
        assert result["pr_auc"][number] == pytest.approx(np.mean(
            [average_precision_score(shown, scores[rows, column]) for column, shown in enumerate(shows)]), abs=1e-12)


def test_resampled_areas_by_hand():
    class Drawn:  # the resamples of a generator that is known
        def __init__(self):
            self.rows = iter([np.array([0, 1, 2, 3]), np.array([0, 0, 2, 3]), np.array([1, 1, 1, 1])])

        def integers(self, n, size):
            return next(self.rows)

    # By falling score: face 0 shows class 0; 1 and 2 are tied, and 1 does not show it; 3 does not.
    areas = resampled_areas(np.array([0, 1, 0, 1]), np.array([[0.9], [0.5], [0.5], [0.1]]), resamples=3, rng=Drawn())
    # Pairs of a right face before a wrong: 4 with one tie; then 3 against the one wrong face; then no right face.
    np.testing.assert_allclose(areas["roc_auc"], [3.5 / 4, 1, np.nan], rtol=1e-15)
    np.testing.assert_allclose(areas["pr_auc"], [(1 + 2 / 3) / 2, 1, np.nan], rtol=1e-15)


def test_blocks_of_resamples_change_no_area(monkeypatch):
    rng = np.random.default_rng(4)
    truth = rng.integers(4, size=200)
    scores = np.round(rng.random((200, 4)), 2)
    at_once = resampled_areas(truth, scores, resamples=30, rng=np.random.default_rng(6))
    monkeypatch.setattr(intervals, "BLOCK_CELLS", 7 * 200)
    in_blocks = resampled_areas(truth, scores, resamples=30, rng=np.random.default_rng(6))
    for name, areas in at_once.items():
        np.testing.assert_allclose(in_blocks[name], areas, rtol=1e-12)
