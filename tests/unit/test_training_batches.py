"""Which rows a training sees, in which order, and that they arrive as they are stored."""

import keras
import numpy as np
import pytest

from fecemo.data.variants import variants
from fecemo.training.device_view import DeviceView
from fecemo.training.loader import Concatenation, Loader
from fecemo.training.order import drawn_rows, epoch_order, padded_batches
from fecemo.training.pixel_store import BufferPool, kept_bytes


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


def pixels_of(loader, plan):
    return [(keras.ops.convert_to_numpy(batch["image"]), positions, n) for batch, positions, n in loader.batches(plan)]


def test_whole_faces_arrive_as_they_are_stored(stored):
    rows = np.array([3, 5, 8, 60, 69])
    loader = Loader({"image": stored}, rows, DeviceView(variants.find("tight"), 150))
    batches = pixels_of(loader, padded_batches(np.array([4, 0, 2, 1, 3]), 2))
    assert [n for _, _, n in batches] == [2, 2, 1]
    for pixels, positions, _ in batches:
        np.testing.assert_array_equal(pixels, stored[rows[positions], 25:175, 25:175])


def test_pixels_and_vectors_of_one_batch_are_of_the_same_rows(stored):
    distances = np.arange(140, dtype=np.float64).reshape(70, 2)
    ages = np.arange(70)
    rows = np.array([3, 5, 8, 60, 69])
    loader = Loader({"image": stored, "distances": distances, "age": ages}, rows, DeviceView(variants.find("rgb"), 200))
    for batch, positions, _ in loader.batches(padded_batches(np.array([4, 0, 2, 1, 3]), 2)):
        assert list(batch) == ["image", "distances", "age"]
        batch = {name: keras.ops.convert_to_numpy(values) for name, values in batch.items()}
        assert {values.dtype for values in batch.values()} == {np.dtype(np.float32)}
        np.testing.assert_array_equal(batch["image"], stored[rows[positions]])
        np.testing.assert_array_equal(batch["distances"], distances[rows[positions]])
        np.testing.assert_array_equal(batch["age"], rows[positions])


def test_rows_are_found_by_their_place_among_those_that_are_used():
    loader = Loader({"vector": np.zeros((10, 4))}, np.array([2, 3, 5, 9]))
    np.testing.assert_array_equal(loader.positions(np.array([[9, 2], [5, 3]])), [[3, 0], [2, 1]])


class TestConcatenation:
    """Several data sets in one phase."""

    def test_a_row_is_counted_through_all_data_sets(self, stored, monkeypatch):
        monkeypatch.setenv("FECEMO_FACES_ON", "disk")
        first, second = stored[:30], stored[30:]
        joined = Concatenation([first, second, stored[:3]])
        assert (joined.shape, len(joined), joined.dtype) == ((73, 200, 200, 3), 73, np.uint8)
        rows = np.array([70, 0, 29, 30, 69, 72])
        np.testing.assert_array_equal(joined[rows], stored[rows % 70])
        view = DeviceView(variants.find("gray"), 200)
        loaded, expected = (Loader({"image": column}, rows % 70, view).load(np.arange(6))
                            for column in (joined, stored))
        np.testing.assert_array_equal(loaded["image"], expected["image"])

    def test_rows_of_two_axes_such_as_triplets_keep_their_axes(self):
        joined = Concatenation([np.zeros((2, 3)), np.ones((2, 3))])
        assert joined[np.array([[0, 3], [2, 1]])][..., 0].tolist() == [[0, 1], [1, 0]]
        assert np.asarray(joined).sum() == 6

    def test_faces_of_different_kinds_do_not_join(self, stored):
        with pytest.raises(ValueError, match=r"float32 of shape \(4,\) and uint8 of shape \(200, 200, 3\)"):
            Concatenation([stored, np.zeros((3, 4), np.float32)])


def test_faces_without_a_view_and_no_columns_are_refused(stored):
    with pytest.raises(ValueError, match="'image' holds faces, and no view"):
        Loader({"image": stored}, np.arange(3))
    with pytest.raises(ValueError, match="columns is empty"):
        Loader({}, np.arange(3))


def test_reduced_faces_are_the_same_kept_or_streamed(stored):
    view = DeviceView(variants.find("gray"), 48)
    rows = np.arange(1, 70)
    kept, streamed = (Loader({"image": stored}, rows, view, **limit) for limit in ({}, {"resident_bytes": 0}))
    order = epoch_order(69, 0, "reconstruct", 0)
    for (kept_pixels, *_), (streamed_pixels, *_) in zip(pixels_of(kept, padded_batches(order, 16)),
                                                        pixels_of(streamed, padded_batches(order, 16)), strict=True):
        np.testing.assert_array_equal(kept_pixels, streamed_pixels)
    assert kept_bytes(69, view) == 69 * 48 * 48 * 4
    assert kept_bytes(69, view, limit=69 * 48 * 48 * 4 - 1) == 0
    assert kept_bytes(69, DeviceView(variants.find("gray"), 200)) == 0


@pytest.mark.parametrize("rows", [[0, 70], [-1, 3]])
def test_rows_that_the_dataset_does_not_have_are_refused(stored, rows):
    with pytest.raises(IndexError, match="of 70 rows"):
        Loader({"image": stored}, np.array(rows), DeviceView(variants.find("rgb"), 200))


@pytest.mark.parametrize(("variant", "side"), [("rgb", 200), ("tight", 150), ("gray", 48)])
def test_faces_that_lie_on_the_device_are_the_same_to_the_last_bit(stored, monkeypatch, variant, side):
    view, rows = DeviceView(variants.find(variant), side), np.arange(60, 3, -1)
    order = epoch_order(len(rows), 0, "reconstruct", 0)

    def loaded(place):
        monkeypatch.setenv("FECEMO_FACES_ON", place)
        loader = Loader({"image": stored}, rows, view)
        sent = next(iter(loader.host_batches(padded_batches(order, 16))))[0]["image"]
        return sent, pixels_of(loader, padded_batches(order, 16))

    (sent, on_device), (_, on_disk) = loaded("device"), loaded("disk")
    np.testing.assert_array_equal(sent, order[:16])  # positions are all that leaves the host
    for (pixels, positions, n), (same, same_positions, same_n) in zip(on_device, on_disk, strict=True):
        np.testing.assert_array_equal(pixels, same)
        np.testing.assert_array_equal(positions, same_positions)
        assert n == same_n


@pytest.mark.parametrize("place", ["disk", "device"])
def test_faces_of_one_channel_are_loaded_as_they_are(monkeypatch, place):
    monkeypatch.setenv("FECEMO_FACES_ON", place)
    faces = np.random.default_rng(0).integers(0, 256, (5, 200, 200, 1), dtype=np.uint8)
    rows = np.array([4, 0, 2])
    for side, expected in ((200, faces[rows]), (40, faces[rows].reshape(3, 40, 5, 40, 5, 1).mean(axis=(2, 4)))):
        loader = Loader({"image": faces}, rows, DeviceView(variants.find("aligned"), side))
        np.testing.assert_allclose(loader.load(np.arange(3))["image"], expected, rtol=1e-6)


def test_what_is_kept_is_counted_where_it_lies(monkeypatch):
    view = DeviceView(variants.find("gray"), 48)
    monkeypatch.setenv("FECEMO_FACES_ON", "device")
    assert kept_bytes(10, view) == 10 * 200 * 200 * 3
    assert kept_bytes(10, DeviceView(variants.find("aligned"), 48)) == 10 * 200 * 200
    assert kept_bytes(10, view, limit=0) == 0, "faces that go through once are put nowhere"
    monkeypatch.setenv("FECEMO_FACES_ON", "disk")
    assert kept_bytes(10, view) == 10 * 48 * 48 * 4


class TestBufferPool:
    def test_memory_is_lent_again_when_no_view_of_it_is_left(self):
        buffers = BufferPool((4, 4, 3))
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
        loader = Loader({"image": stored}, np.arange(70), DeviceView(variants.find("rgb"), 200))
        kept = [(batch["image"], positions) for batch, positions, _ in
                loader.host_batches(padded_batches(np.arange(70), 8))]
        for faces, positions in kept:
            np.testing.assert_array_equal(faces, stored[positions])
