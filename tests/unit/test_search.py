"""Exact search: the same hits as a plain sort, whatever the blocks and threads."""

import numpy as np
import pytest

from fecemo.archive import search
from fecemo.archive.search import allowed_rows, by_likeness, by_shares, scan
from fecemo.archive.tags import Tags
from fecemo.errors import InputError


def plain(scores, top, allowed=None, min_score=-np.inf):
    rows = [row for row in np.lexsort((np.arange(len(scores)), -scores))
            if scores[row] > min_score and (allowed is None or allowed[row])]
    return rows[:top]


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize("shared", [10, 10_000])
def test_the_best_are_those_of_a_sort_with_equal_ones_in_order(monkeypatch, block, shared):
    monkeypatch.setattr(search, "SHARED_ROWS", shared)
    monkeypatch.setattr(search, "available_cores", lambda: 3)
    rng = np.random.default_rng(0)
    scores, allowed = rng.integers(0, 20, 500).astype(float), rng.random(500) < 0.5
    for mask in (None, allowed):
        hits = scan(500, lambda start, stop: scores[start:stop], 40, block=block, allowed=mask)
        assert hits.rows.tolist() == plain(scores, 40, mask)
        np.testing.assert_array_equal(hits.scores, scores[hits.rows])
    assert scan(500, lambda start, stop: scores[start:stop], 900, block=block, min_score=17).rows.tolist() == plain(
        scores, 900, min_score=17)
    assert not len(scan(0, lambda start, stop: scores[start:stop], 3, block=block).rows)


def test_likeness_is_the_distance_to_the_nearest_example(monkeypatch):
    monkeypatch.setattr(search, "BLOCK_BYTES", 999)
    vectors = np.random.default_rng(0).normal(3, 1, size=(300, 5)).astype(np.float32)
    for examples in (vectors[7:8], vectors[[7, 40]]):
        distances = np.linalg.norm(vectors[:, None].astype(float) - examples, axis=2).min(axis=1)
        hits = by_likeness(vectors, examples, 10)
        assert hits.rows.tolist() == plain(-distances, 10)
        np.testing.assert_allclose(-hits.scores, distances[hits.rows], atol=1e-6)


def test_words_weigh_shares_and_find_no_face_against_which_they_speak():
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0, 0]], np.float32)
    first = np.array([True, False, False, False])
    hits = by_shares(shares, np.array([1.0, -1.0]), 4, first)
    assert hits.rows.tolist() == [0]
    assert hits.scores[0] == pytest.approx(0.8)
    assert by_shares(shares, np.array([0.0, 1.0]), 2, np.array([False, True, True, False])).rows.tolist() == [1, 2]


def test_faces_called_so_come_first_and_others_only_where_they_are_half_as_sure():
    # Scores of those called so: .9, .5 and .3, of which .5 is the median; of the others .6, .26, .25 and .1.
    scores = np.array([0.6, 0.9, 0.25, 0.3, 0.1, 0.5, 0.26])
    shares, weights, called = np.stack([scores, 1 - scores], axis=1), np.array([1.0, 0.0]), np.array(
        [False, True, False, True, False, True, False])

    def hits(top, **filters):
        made = by_shares(shares, weights, top, called, **filters)
        return made.rows.tolist(), made.n_called

    assert hits(9) == ([1, 5, 3, 0, 6], 3)
    assert hits(9, less_alike=0.0) == ([1, 5, 3, 0, 6, 2, 4], 3)
    assert hits(4) == ([1, 5, 3, 0], 3)
    assert hits(2) == ([1, 5], 2)
    assert hits(9, allowed=~called) == ([], 0)  # where no face is called so, there is nothing to be less alike
    assert hits(9, allowed=scores < 0.5) == ([3, 6, 2], 1)


def tags(**columns) -> Tags:
    n = len(columns["taken"])
    blank = np.full(n, "")
    return Tags(None, np.arange(n), blank, **{"photo": blank, "confidence": np.ones(n, np.float32), **columns},
                shows=blank, second=blank, cluster=blank, box=np.zeros((n, 4)), vectors=np.zeros((n, 1)),
                shares=np.zeros((n, 1)))


def test_filters_by_date_folder_and_confidence():
    faces = tags(taken=np.array(["", "2019-05-01 10:00:00", "2019-12-31 23:59:59", "2020-01-01 00:00:00"]),
                 photo=np.array(["a/1.jpg", "a/b/2.jpg", "ab/3.jpg", "4.jpg"]),
                 confidence=np.array([0.9, 0.5, 0.4, 1], np.float32))
    assert allowed_rows(faces).all()
    assert allowed_rows(faces, since="2019-06").tolist() == [False, False, True, True]
    assert allowed_rows(faces, until="2019").tolist() == [False, True, True, False]
    assert allowed_rows(faces, since="2019-05-01", until="2019-05-01").tolist() == [False, True, False, False]
    assert allowed_rows(faces, folder="a").tolist() == [True, True, False, False]
    assert allowed_rows(faces, folder="/a/b/").tolist() == [False, True, False, False]
    assert allowed_rows(faces, confidence=0.5).tolist() == [True, True, False, True]
    with pytest.raises(InputError, match="until: 'May' is no date"):
        allowed_rows(faces, until="May")
