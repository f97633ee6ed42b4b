"""From fractions to pixels: hand-computed boxes under each policy."""

import math
import tracemalloc

import cv2
import numpy as np
import pytest

from fecemo.data.reasons import FetchError, Reason
from fecemo.imaging.crop import CropPolicy, DecodePolicy, FaceCutter, PixelBox, crop_face, pixel_box

AS_IS = CropPolicy()


@pytest.mark.parametrize(("sides", "policy", "expected"), [
    ((0.25, 0.75, 0.1, 0.5), AS_IS, PixelBox(100, 300, 20, 100)),
    ((-0.5, 0.5, 0.5, 7.0), AS_IS, PixelBox(0, 200, 100, 200)),
    # 200×80 grows by half its size: 50 to the left and right, 20 up and down, cut off at the top edge.
    ((0.25, 0.75, 0.05, 0.45), CropPolicy(margin=0.5), PixelBox(50, 350, 0, 110)),
    # 80 high becomes 200 high about its centre at 60, and is moved down to lie inside.
    ((0.25, 0.75, 0.1, 0.5), CropPolicy(square=True), PixelBox(100, 300, 0, 200)),
    # 300 wide cannot be 300 high in a photograph 200 high: what is left of the square.
    ((0.0, 0.75, 0.0, 1.0), CropPolicy(square=True), PixelBox(0, 300, 0, 200)),
    # 40 wide becomes 100 wide; at the right edge it is moved left.
    ((0.9, 1.0, 0.0, 0.5), CropPolicy(square=True), PixelBox(300, 400, 0, 100)),
])
def test_boxes_of_a_photograph_400_wide_and_200_high(sides, policy, expected):
    assert pixel_box(sides, 400, 200, policy) == expected


@pytest.mark.parametrize("sides", [
    (math.nan, 1, 0, 1), (0, 1, 0, math.inf), (0.8, 0.2, 0, 1), (0, 1, 0.8, 0.2), (0.3, 0.3, 0, 1), (1.0, 1.2, 0, 1),
    (0, 1, -0.5, 0.0), (0.5, 0.5001, 0, 1), (1e300, 1e308, 0, 1)])
def test_boxes_without_a_pixel_have_a_reason(sides):
    with pytest.raises(FetchError) as caught:
        pixel_box(sides, 400, 200, CropPolicy(margin=0.0))
    assert caught.value.reason is Reason.BAD_BOX


def test_a_box_of_200_pixels_is_stored_to_the_last_bit_and_owns_its_memory():
    photo = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    face = crop_face(photo, PixelBox(50, 250, 20, 220))
    assert (face == photo[20:220, 50:250]).all()
    assert face.base is None


def test_a_larger_box_is_averaged_and_a_smaller_one_interpolated():
    photo = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    means = photo.reshape(200, 2, 200, 2, 3).mean(axis=(1, 3))
    assert np.abs(crop_face(photo, PixelBox(0, 400, 0, 400)) - means).max() <= 0.5
    flat = np.full((50, 80, 3), 77, np.uint8)
    assert (crop_face(flat, PixelBox(0, 80, 0, 50)) == 77).all()


def test_a_face_does_not_depend_on_the_other_faces_of_its_photograph():
    """A data set in pieces, or one taken up again, must hold the same pixels as one made at once."""
    rng = np.random.default_rng(1)
    photo = cv2.GaussianBlur(rng.integers(0, 256, (900, 1200, 3), dtype=np.uint8), (0, 0), 2)
    data = cv2.imencode(".jpg", photo)[1].tobytes()
    boxes = [(0.0, 1.0, 0.0, 1.0), (0.1, 0.2, 0.1, 0.2), (2.0, 3.0, 0.0, 1.0), (0.3, 0.8, 0.2, 0.9)]
    cutter = FaceCutter(DecodePolicy())
    together = dict(cutter.cut(data, boxes))
    assert isinstance(together[2], FetchError)
    for number in (0, 1, 3):
        assert (dict(cutter.cut(data, [boxes[number]]))[0] == together[number]).all()


def test_decoding_at_reduced_size_moves_a_face_by_less_than_half_a_stored_pixel():
    """Beside the decoder's own error, the box is rounded to pixels of the reduced photograph."""
    rng = np.random.default_rng(2)
    photo = cv2.GaussianBlur(rng.integers(0, 256, (1800, 2400, 3), dtype=np.uint8), (0, 0), 3)
    photo = cv2.normalize(photo, None, 0, 255, cv2.NORM_MINMAX)
    data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    for box in ((0.1, 0.9, 0.1, 0.9), (0.25, 0.5, 0.25, 0.6)):  # a quarter, and a half
        small, whole = (dict(FaceCutter(DecodePolicy(reduced=reduced)).cut(data, [box]))[0]
                        for reduced in (True, False))
        half_a_pixel = np.abs(np.diff(whole.astype(int), axis=1)).mean() / 2
        assert 0 < np.abs(small.astype(int) - whole).mean() < half_a_pixel


def test_thousands_of_boxes_of_one_photograph_are_cut_one_at_a_time():
    data = cv2.imencode(".jpg", np.full((300, 300, 3), 128, np.uint8))[1].tobytes()
    boxes = [(number / 4000, 1.0, 0.0, 1.0) for number in range(2000)]
    tracemalloc.start()
    numbers = [number for number, face in FaceCutter(DecodePolicy()).cut(data, boxes) if face.shape == (200, 200, 3)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sorted(numbers) == list(range(2000))
    assert peak < 20 << 20  # all of them are 240 MB
