"""Splits and samples: hand-computed shares, and what must hold for any set of faces."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fecemo.data.splits import (
    capped_sample,
    held_out_per_class,
    make_splits,
    proportional_counts,
    split_of,
    stratified_sample,
)
from fecemo.errors import InputError


def faces(**counts):
    """Return ids and labels of as many faces of each label."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    return [f"face{row:05d}" for row in range(len(labels))], labels


label_counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=1)


@pytest.mark.parametrize(("counts", "total", "expected"), [
    # Quotas 5, 3, 2: nothing to round.
    ({"a": 50, "b": 30, "c": 20}, 10, {"a": 5, "b": 3, "c": 2}),
    # Quotas 3.5, 2.1, 1.4 → 3, 2, 1; the one left goes to the remainder .5.
    ({"a": 50, "b": 30, "c": 20}, 7, {"a": 4, "b": 2, "c": 1}),
    # Quotas 1.5, 1.5: a tie of remainder and count goes to the first name.
    ({"b": 5, "a": 5}, 3, {"b": 1, "a": 2}),
    # Quotas 3.96, .02, .02: all four to "a"; both others are owed one, and "a" gives both.
    ({"a": 198, "b": 1, "c": 1}, 4, {"a": 2, "b": 1, "c": 1}),
    # Fewer faces than labels: nobody is owed one.
    ({"a": 198, "b": 1, "c": 1}, 2, {"a": 2, "b": 0, "c": 0}),
    # Quotas 2.8, 1.9, .1, .2 → 3, 2, 0, 0. Both are owed one; "a" stands .2 above its quota and gives to "c"; then
    # "b" stands .1 above, "a" .8 below, and "b" gives to "d".
    ({"a": 28, "b": 19, "c": 1, "d": 2}, 5, {"a": 2, "b": 1, "c": 1, "d": 1}),
    ({"a": 3, "none": 0}, 3, {"a": 3, "none": 0}),
    ({}, 0, {}),
])
def test_shares_are_the_hand_computed_ones(counts, total, expected):
    assert proportional_counts(counts, total) == expected


@given(label_counts, st.data())
def test_shares_are_proportional_and_add_up(counts, data):
    n = sum(counts.values())
    total = data.draw(st.integers(0, n))
    shares = proportional_counts(counts, total)
    assert sum(shares.values()) == total
    assert all(0 <= shares[label] <= counts[label] for label in counts)
    if total >= len(counts):
        assert min(shares.values()) >= 1
    if all(total * count >= n for count in counts.values()):  # nobody is owed a face: within one of the quota
        assert all(abs(shares[label] - total * count / n) < 1 for label, count in counts.items())


def test_splits_have_the_shares_of_every_label():
    ids, labels = faces(happy=100, contempt=10)
    splits = make_splits(ids, labels, test_fraction=0.2, valid_fraction=0.1)
    assert Counter(zip(labels, splits.tolist(), strict=True)) == {
        ("happy", "test"): 20, ("happy", "valid"): 10, ("happy", "train"): 70,
        ("contempt", "test"): 2, ("contempt", "valid"): 1, ("contempt", "train"): 7,
    }


@given(label_counts, st.integers(0, 5), st.randoms())
def test_splits_do_not_depend_on_the_order_of_faces(counts, seed, random):
    ids, labels = faces(**counts)
    order = list(range(len(ids)))
    random.shuffle(order)
    settled = dict(zip(ids, make_splits(ids, labels, valid_fraction=0.2, seed=seed), strict=True))
    shuffled = make_splits([ids[row] for row in order], [labels[row] for row in order], valid_fraction=0.2, seed=seed)
    assert settled == {ids[row]: split for row, split in zip(order, shuffled, strict=True)}


def test_one_face_more_moves_at_most_one_other():
    ids, labels = faces(happy=99, sad=50)
    before = make_splits(ids, labels, valid_fraction=0.1)
    after = make_splits([*ids, "new"], [*labels, "happy"], valid_fraction=0.1)[:-1]
    # The new face may push the last of the test split out, and by that the last of the validation split.
    assert (before != after).sum() <= 2


def test_the_test_split_does_not_depend_on_the_validation_share():
    ids, labels = faces(happy=40, sad=40)
    without, with_valid = make_splits(ids, labels), make_splits(ids, labels, valid_fraction=0.3)
    assert np.array_equal(without == "test", with_valid == "test")
    assert (with_valid == "valid").sum() == 24


def test_another_seed_gives_another_split_of_the_same_sizes():
    ids, labels = faces(happy=200)
    first, second = make_splits(ids, labels, seed=0), make_splits(ids, labels, seed=1)
    assert (first == "test").sum() == (second == "test").sum() == 40
    assert ((first == "test") & (second == "test")).sum() < 25  # 8 in expectation


@pytest.mark.parametrize(("valid", "test"), [(-0.1, 0.2), (0.0, 1.0), (0.5, 0.5), (0.1, -0.2)])
def test_impossible_fractions_are_refused(valid, test):
    with pytest.raises(InputError, match="below 1"):
        make_splits(["a"], ["happy"], valid_fraction=valid, test_fraction=test)


def test_counts_hold_out_equally_many_of_every_label():
    """The study's rule: 500 a class for validation, 500 for test, the rest to learn from; a hundredth of its faces."""
    ids, labels = faces(happy=1349, contempt=42)
    splits = make_splits(ids, labels, valid_per_class=5, test_per_class=5)
    assert Counter(zip(labels, splits.tolist(), strict=True)) == {
        ("happy", "train"): 1339, ("happy", "valid"): 5, ("happy", "test"): 5,
        ("contempt", "train"): 32, ("contempt", "valid"): 5, ("contempt", "test"): 5}


@pytest.mark.parametrize(("quotas", "expected"), [
    ({"valid": 500, "test": 500}, {"valid": 30, "test": 30}),  # 61 of 123: 30.5 each
    ({"valid": 100, "test": 500}, {"valid": 10, "test": 50}),
    ({"valid": 500}, {"valid": 61}),
    ({"valid": 31, "test": 30}, {"valid": 31, "test": 30}),
    ({}, {}),
])
def test_half_of_the_rarest_label_stays_to_be_learnt_from(quotas, expected):
    assert held_out_per_class({"happy": 7917, "disgust": 123, "contempt": 126}, quotas) == expected


def test_a_count_beside_a_share():
    ids, labels = faces(happy=80, sad=20)
    splits = make_splits(ids, labels, test_fraction=0.2, valid_per_class=4)
    held = Counter(zip(labels, splits.tolist(), strict=True))
    assert [held[label, split] for split in ("test", "valid") for label in ("happy", "sad")] == [16, 4, 4, 4]


def test_too_few_faces_to_hold_out_are_refused_with_the_label():
    with pytest.raises(InputError, match=r"500 faces of every label .* the test split, and of 'contempt' there are 3"):
        make_splits(*faces(happy=50, contempt=3), valid_per_class=500, test_per_class=500)


@settings(max_examples=50)
@given(label_counts, st.floats(0, 1), st.integers(0, 3))
def test_a_sample_is_stratified(counts, fraction, seed):
    ids, labels = faces(**counts)
    count = int(fraction * len(ids) + 0.5)
    rows = stratified_sample(ids, labels, count=count, seed=seed)
    assert rows.dtype == np.int64
    assert np.array_equal(rows, np.unique(rows))
    drawn = Counter(labels[row] for row in rows)
    assert drawn == +Counter(proportional_counts(counts, count))


@given(label_counts, st.randoms())
def test_a_sample_names_the_same_faces_in_any_order(counts, random):
    ids, labels = faces(**counts)
    order = list(range(len(ids)))
    random.shuffle(order)
    count = len(ids) // 2
    expected = {ids[row] for row in stratified_sample(ids, labels, count=count)}
    shuffled = stratified_sample([ids[row] for row in order], [labels[row] for row in order], count=count)
    assert {ids[order[row]] for row in shuffled} == expected


def test_a_larger_sample_holds_the_smaller_one():
    ids, labels = faces(happy=50, sad=30)
    small, large = (set(stratified_sample(ids, labels, count=count).tolist()) for count in (16, 40))
    assert small < large


def test_samples_by_another_seed_differ_and_samples_are_not_tied_to_splits():
    ids, labels = faces(happy=1000)
    first, second = (set(stratified_sample(ids, labels, count=200, seed=seed).tolist()) for seed in (0, 1))
    test = set(np.flatnonzero(make_splits(ids, labels, test_fraction=0.2, seed=0) == "test").tolist())
    assert len(first & second) < 80  # 40 in expectation
    assert 0 < len(first & test) < 80


@pytest.mark.parametrize("count", [4, -1])
def test_an_impossible_sample_is_refused(count):
    with pytest.raises(InputError, match=f"a sample of {count} faces was asked for, and there are 3"):
        stratified_sample(["a", "b", "c"], ["happy"] * 3, count=count)


def test_a_cap_holds_for_every_label_and_keeps_the_share_of_its_splits():
    ids, labels = faces(happy=100, sad=5)
    splits = ["train"] * 75 + ["test"] * 25 + ["train"] * 5
    rows = capped_sample(ids, labels, splits, per_class=20)
    assert Counter((labels[row], splits[row]) for row in rows) == {
        ("happy", "train"): 15, ("happy", "test"): 5, ("sad", "train"): 5,
    }
    with pytest.raises(InputError, match="per_class"):
        capped_sample(ids, labels, splits, per_class=0)


@pytest.mark.parametrize(("spelling", "split"), [
    ("train", "train"), ("Training", "train"), ("val", "valid"), ("Validation", "valid"), ("valid ", "valid"),
    ("TEST", "test"), ("val_set", "valid"), ("happy", None), ("", None),
])
def test_common_spellings_of_splits_are_known(spelling, split):
    assert split_of(spelling) == split
