"""Whether the odd face of three is told right, and how sure a share of such answers is."""

import numpy as np
import pytest

from fecemo.evaluation.metrics.intervals import wilson_interval
from fecemo.evaluation.metrics.triplets import BLOCK, odd_one_correct, share_interval


def test_the_odd_face_lies_farther_from_both_others_than_those_from_each_other():
    vectors = np.array([[0.0, 0], [1, 0], [0, 3], [0.5, 0.1], [2, 0]])
    triplets = np.array([[0, 1, 2], [0, 2, 1], [0, 1, 3], [0, 1, 4]])
    # The last: from the second face to the odd one it is as far as to the first.
    assert odd_one_correct(vectors, triplets).tolist() == [True, False, False, False]
    assert odd_one_correct(vectors.astype(np.float16), triplets).tolist() == [True, False, False, False]


def test_many_are_told_as_one_by_one():
    rng = np.random.default_rng(0)
    vectors, triplets = rng.normal(size=(50, 4)).astype(np.float32), rng.integers(50, size=(BLOCK + 7, 3))
    correct = odd_one_correct(vectors, triplets)
    for place in (0, BLOCK - 1, BLOCK, BLOCK + 6):
        assert correct[place] == odd_one_correct(vectors, triplets[place:place + 1])[0]


def test_triplets_that_share_no_face_have_wilson_s_interval():
    for n in (1, 2, 7, 9, 40, 333):
        for right in range(n + 1):
            correct = np.arange(n) < right
            result = share_interval(correct, np.arange(3 * n).reshape(n, 3), 0.95)
            assert result == wilson_interval(right / n, n, 0.95)


def test_triplets_that_share_a_face_tell_less():
    # Two triplets have a face in common, and are both right or both wrong.
    correct = np.repeat(np.arange(20) % 8 != 0, 2)
    places = np.arange(40)
    triplets = np.stack([places // 2, 100 + 2 * places, 101 + 2 * places], axis=1)
    share, right = correct.mean(), np.arange(20) % 8 != 0
    rest = np.where(right, 1 - share, -share)
    # Each pair's rests add up on the shared face: (2 r)² = 4 r², where two answers alone would give 2 r².
    reach = 1.959964 * np.sqrt(4 * np.square(rest).sum()) / 40
    result = share_interval(correct, triplets, 0.95)
    plain = wilson_interval(share, 40, 0.95)
    assert result.low == pytest.approx(min(plain.low, share - reach), abs=1e-6)
    assert result.high == pytest.approx(min(1, max(plain.high, share + reach)), abs=1e-6)
    assert result.low < plain.low


@pytest.mark.parametrize(("correct", "expected"), [(True, 1), (False, 0)])
def test_a_share_stays_within_bounds(correct, expected):
    result = share_interval(np.full(9, correct), np.tile([0, 1, 2], (9, 1)), 0.95)
    assert 0 <= result.low <= expected <= result.high <= 1


def test_the_interval_covers_where_faces_make_answers_alike():
    """Faces that are hard to place spoil all of their triplets: Wilson's interval is far too short for that."""
    rng = np.random.default_rng(3)
    covered = {"shared": 0, "wilson": 0}
    for _ in range(200):
        hard = rng.random(60) < 0.15
        triplets = np.stack([rng.choice(60, 3, replace=False) for _ in range(400)])
        correct = rng.random(400) < np.where(hard[triplets].any(axis=1), 0.2, 0.9)
        truth = 0.9 - 0.7 * (1 - 0.85**3)
        for name, interval in (("shared", share_interval(correct, triplets, 0.95)),
                          ("wilson", wilson_interval(correct.mean(), 400, 0.95))):
            covered[name] += interval.low <= truth <= interval.high
    assert covered["shared"] / 200 > 0.9
    assert covered["wilson"] / 200 < 0.75
