"""Which faces a training sees, in which order, and that they arrive as they are stored."""

import keras
import numpy as np
import pytest

from fecemo.packs.variant import find_variant
from fecemo.training.device_view import DeviceView
from fecemo.training.face_feed import FaceFeed, kept_bytes
from fecemo.training.order import drawn_rows, epoch_order, padded_batches


def test_an_epochs_order_is_a_permutation_that_seed_phase_and_epoch_decide():
    order = epoch_order(100, 7, "reconstruct", 3)
    np.testing.assert_array_equal(np.sort(order), np.arange(100))
    np.testing.assert_array_equal(order, epoch_order(100, 7, "reconstruct", 3))
    for other in ((100, 8, "reconstruct", 3), (100, 7, "classify", 3), (100, 7, "reconstruct", 4)):
        assert (order != epoch_order(*other)).mean() > 0.9


def test_a_limited_training_set_is_drawn_from_everywhere_and_ascending():
    rows = drawn_rows(10_000, 500, seed=1)
    assert len(np.unique(rows)) == 500
    assert (np.diff(rows) > 0).all()
    assert abs(rows.mean() - 5000) < 500
    np.testing.assert_array_equal(rows, drawn_rows(10_000, 500, seed=1))
    assert not np.array_equal(rows, drawn_rows(10_000, 500, seed=2))


@pytest.mark.parametrize("faces", [None, 5, 6, 25_000])
def test_all_faces_are_used_where_there_are_not_more(faces):
    np.testing.assert_array_equal(drawn_rows(5, faces, seed=0), np.arange(5))


def test_batches_are_of_one_size_and_every_face_counts_once():
    batches = list(padded_batches(np.arange(10), 4))
    assert [positions.tolist() for positions, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 8, 8]]
    assert [n for _, n in batches] == [4, 4, 2]
    assert [(positions.tolist(), n) for positions, n in padded_batches(np.arange(2), 4)] == [([0, 1, 0, 0], 2)]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("faces") / "faces.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (70, 200, 200, 3), dtype=np.uint8))
    return np.load(path, mmap_mode="r")


def test_whole_faces_arrive_as_they_are_stored(stored):
    rows = np.array([3, 5, 8, 60, 69])
    feed = FaceFeed(stored, rows, DeviceView(find_variant("tight"), 150))
    got = list(feed.batches(padded_batches(np.array([4, 0, 2, 1, 3]), 2)))
    assert [n for _, _, n in got] == [2, 2, 1]
    for pixels, positions, _ in got:
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(pixels), stored[rows[positions], 25:175, 25:175])


def test_reduced_faces_are_the_same_kept_or_streamed(stored):
    view = DeviceView(find_variant("gray"), 48)
    rows = np.arange(1, 70)
    kept, streamed = FaceFeed(stored, rows, view), FaceFeed(stored, rows, view, resident_bytes=0)
    order = epoch_order(69, 0, "reconstruct", 0)
    for (kept_pixels, *_), (streamed_pixels, *_) in zip(kept.batches(padded_batches(order, 16)),
                                                        streamed.batches(padded_batches(order, 16)), strict=True):
        np.testing.assert_array_equal(kept_pixels, keras.ops.convert_to_numpy(streamed_pixels))
    assert kept_bytes(69, view) == 69 * 48 * 48 * 4
    assert kept_bytes(69, view, limit=69 * 48 * 48 * 4 - 1) == 0
    assert kept_bytes(69, DeviceView(find_variant("gray"), 200)) == 0


def test_a_fault_of_the_disk_comes_out_of_the_feed(stored):
    feed = FaceFeed(stored, np.array([0, 70]), DeviceView(find_variant("rgb"), 200))
    with pytest.raises(IndexError):
        list(feed.batches(padded_batches(np.arange(2), 2)))
