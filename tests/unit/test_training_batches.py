"""Which faces a training sees, in which order, and that they arrive as they are stored."""

import keras
import numpy as np
import pytest

from fecemo.data.variant import find_variant
from fecemo.training.device_view import DeviceView
from fecemo.training.face_feed import FaceFeed, kept_bytes
from fecemo.training.lent_buffers import LentBuffers
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
    assert [positions.tolist() for positions, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]]
    assert [n for _, n in batches] == [4, 4, 2]
    assert [(positions.tolist(), n) for positions, n in padded_batches(np.arange(2), 4)] == [([0, 1, 0, 1], 2)]
    shared = [(positions.tolist(), n) for positions, n in padded_batches(np.arange(6), 4, devices=3)]
    assert shared == [([0, 1, 2, 3, 0, 1], 4), ([4, 5, 0, 1, 2, 3], 2)]


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


@pytest.mark.parametrize("rows", [[0, 70], [-1, 3]])
def test_rows_that_the_pack_does_not_have_are_refused(stored, rows):
    with pytest.raises(IndexError, match="of 70 faces"):
        FaceFeed(stored, np.array(rows), DeviceView(find_variant("rgb"), 200))


@pytest.mark.parametrize(("variant", "side"), [("rgb", 200), ("tight", 150), ("gray", 48)])
def test_faces_that_lie_on_the_device_are_the_same_to_the_last_bit(stored, monkeypatch, variant, side):
    view, rows = DeviceView(find_variant(variant), side), np.arange(60, 3, -1)
    order = epoch_order(len(rows), 0, "reconstruct", 0)

    def fed(place):
        monkeypatch.setenv("FECEMO_FACES_ON", place)
        feed = FaceFeed(stored, rows, view)
        sent = next(iter(feed.stored_batches(padded_batches(order, 16))))[0]
        return sent, [(keras.ops.convert_to_numpy(pixels), positions, n)
                      for pixels, positions, n in feed.batches(padded_batches(order, 16))]

    (sent, on_device), (_, on_disk) = fed("device"), fed("disk")
    np.testing.assert_array_equal(sent, order[:16])  # positions are all that leaves the host
    for (pixels, positions, n), (same, same_positions, same_n) in zip(on_device, on_disk, strict=True):
        np.testing.assert_array_equal(pixels, same)
        np.testing.assert_array_equal(positions, same_positions)
        assert n == same_n


@pytest.mark.parametrize("place", ["disk", "device"])
def test_faces_of_one_channel_are_fed_as_they_are(monkeypatch, place):
    monkeypatch.setenv("FECEMO_FACES_ON", place)
    faces = np.random.default_rng(0).integers(0, 256, (5, 200, 200, 1), dtype=np.uint8)
    rows = np.array([4, 0, 2])
    for side, expected in ((200, faces[rows]), (40, faces[rows].reshape(3, 40, 5, 40, 5, 1).mean(axis=(2, 4)))):
        feed = FaceFeed(faces, rows, DeviceView(find_variant("aligned"), side))
        np.testing.assert_allclose(feed.pixels(np.arange(3)), expected, rtol=1e-6)


def test_what_is_kept_is_counted_where_it_lies(monkeypatch):
    view = DeviceView(find_variant("gray"), 48)
    monkeypatch.setenv("FECEMO_FACES_ON", "device")
    assert kept_bytes(10, view) == 10 * 200 * 200 * 3
    assert kept_bytes(10, DeviceView(find_variant("aligned"), 48)) == 10 * 200 * 200
    assert kept_bytes(10, view, limit=0) == 0, "faces that go through once are put nowhere"
    monkeypatch.setenv("FECEMO_FACES_ON", "disk")
    assert kept_bytes(10, view) == 10 * 48 * 48 * 4


class TestLentBuffers:
    def test_memory_is_lent_again_when_no_view_of_it_is_left(self):
        buffers = LentBuffers((4, 4, 3))
        array = buffers.lend(3)
        place, part = array.ctypes.data, array[1:, :2][0]
        del array
        assert buffers.lend(3).ctypes.data != place, "a view still looks at it"
        del part
        held = [buffers.lend(2) for _ in range(2)]
        assert place in [array.ctypes.data for array in held]
        assert held[0].shape == (2, 4, 4, 3)
        assert not np.shares_memory(*held)

    def test_a_batch_that_is_kept_does_not_change(self, stored):
        feed = FaceFeed(stored, np.arange(70), DeviceView(find_variant("rgb"), 200))
        kept = [(read, positions) for read, positions, _ in feed.stored_batches(padded_batches(np.arange(70), 8))]
        for read, positions in kept:
            np.testing.assert_array_equal(read, stored[positions])
