"""Pictures of any shape become squares by a stated policy."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fecemo.imaging.resize import resize, square_face


def ramp(height, width):
    """Return a picture whose red is the row and whose green is the column."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    return np.dstack([rows, columns, np.full_like(rows, 7)])


def test_a_face_of_the_right_size_is_kept_to_the_last_bit():
    face = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    for shape in ("crop", "pad", "stretch"):
        squared = square_face(face, shape)
        assert np.array_equal(squared, face)
        assert not np.shares_memory(squared, face)


def test_crop_keeps_the_square_in_the_middle():
    # 3 columns and 1 column cannot be shared evenly: the odd one is lost on the right.
    squared = square_face(ramp(4, 7), "crop", side=4)
    assert squared[0, :, 1].tolist() == [1, 2, 3, 4]
    assert squared[:, 0, 0].tolist() == [0, 1, 2, 3]
    squared = square_face(ramp(7, 4), "crop", side=4)
    assert squared[:, 0, 0].tolist() == [1, 2, 3, 4]


def test_pad_keeps_everything_between_black_bars():
    squared = square_face(np.full((100, 200, 3), 90, np.uint8), "pad")
    assert squared.shape == (200, 200, 3)
    assert not squared[:50].any()
    assert not squared[150:].any()
    assert (squared[50:150] == 90).all()


def test_stretch_keeps_everything_and_fills_the_square():
    left_half = np.zeros((50, 100, 3), np.uint8)
    left_half[:, :50] = 255
    squared = square_face(left_half, "stretch", side=20)
    assert (squared[:, :9] == 255).all()
    assert not squared[:, 11:].any()


def test_what_shrinks_is_the_average_of_areas():
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:2, :2] = [[[10] * 3, [20] * 3], [[30] * 3, [40] * 3]]
    picture[2:, 2:] = 200
    assert resize(picture, 2, 2)[..., 0].tolist() == [[25, 0], [0, 200]]


def test_fine_stripes_shrink_to_gray_and_not_to_stripes():
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    shrunk = resize(stripes, 200, 200)
    assert np.unique(shrunk).tolist() in ([127], [128])


def test_what_grows_is_cubic_and_its_overshoot_is_cut_off():
    edge = np.zeros((8, 8, 3), np.uint8)
    edge[:, 4:] = 255
    grown = resize(edge, 32, 32)
    assert np.array_equal(grown, cv2.resize(edge, (32, 32), interpolation=cv2.INTER_CUBIC))
    assert (grown[:, :12] < 40).all()  # without the cut an undershoot below 0 would wrap to a bright line
    assert (grown[:, 20:] > 215).all()


def test_what_shrinks_one_way_and_grows_the_other_is_shrunk_first():
    stripes = np.zeros((400, 10, 3), np.uint8)
    stripes[::2] = 254
    both = resize(stripes, 200, 20)
    assert both.shape == (200, 20, 3)
    assert np.unique(both).tolist() == [127]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(["crop", "pad", "stretch"]), st.integers(0, 255))
def test_any_shape_becomes_a_square_and_a_plain_colour_stays(height, width, shape, level):
    squared = square_face(np.full((height, width, 3), level, np.uint8), shape)
    assert squared.shape == (200, 200, 3)
    assert squared.dtype == np.uint8
    assert set(np.unique(squared).tolist()) <= ({level, 0} if shape == "pad" else {level})


def test_a_thread_of_a_picture_is_padded_too():
    assert (square_face(np.full((5000, 1, 3), 200, np.uint8), "pad")[:, 99] == 200).all()


@pytest.mark.parametrize("image", [
    np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.uint16),
    np.zeros((0, 4, 3), np.uint8),
])
def test_anything_but_rgb_of_8_bits_is_a_fault_of_the_caller(image):
    with pytest.raises(ValueError, match="expected uint8 of shape"):
        square_face(image)
