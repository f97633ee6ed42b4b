"""Gradients of a face and its mirror image, on pictures whose gradients are known."""

import numpy as np
import pytest

from fecemo.imaging.descriptors.symmetric_hog import CELL, described_shape, oriented_gradients
from fecemo.models.approaches.symmetric_hog import SymmetricHogConfig

CELLS, DIRECTIONS = 4, 9
SIDE = CELLS * CELL


def describe(picture, cells=CELLS, share=1.0, below=0.0):
    described = oriented_gradients(np.asarray(picture, np.uint8)[..., None], cells=cells, directions=DIRECTIONS,
                                   share=share, below=below)
    assert described.shape == described_shape(cells, DIRECTIONS)
    return described


def ramp(rises):
    """Return a picture that rises by so much a pixel to the right and downward."""
    down, right = np.mgrid[:SIDE, :SIDE]
    picture = rises[0] * right + rises[1] * down
    return picture - picture.min()


def test_an_even_ramp_has_one_direction_in_every_cell():
    # Rising to the right: 0° lies halfway between the middles of the last bin and the first (±10°), which share it.
    right = describe(ramp((4, 0)))
    assert right[..., [0, 8]].min() > 0.2
    np.testing.assert_allclose(right[..., 1:8], 0, atol=1e-6)
    # Rising downward: 90° is the middle of the fifth of nine bins of 20°.
    down = describe(ramp((0, 4)))
    assert down[..., 4].min() > 0.3
    np.testing.assert_allclose(np.delete(down, 4, axis=-1), 0, atol=1e-6)


def test_a_slope_and_its_mirror_image_are_alike():
    falling, rising = describe(ramp((4, 4))), describe(ramp((-4, 4)))
    np.testing.assert_allclose(falling, rising, atol=1e-6)
    # 45° and 135° are there in equal parts: bins around the third and the seventh.
    assert falling[..., 2].min() > 0.1
    np.testing.assert_allclose(falling[..., 2], falling[..., 6], atol=1e-6)


def test_any_face_is_described_as_its_mirror_image_is():
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE))
    np.testing.assert_array_equal(describe(picture), describe(picture[:, ::-1]))
    assert np.abs(describe(picture) - describe(picture[::-1])).max() > 0.1, "above and below are told apart"


def test_light_and_contrast_do_not_matter():
    picture = np.random.default_rng(1).integers(0, 100, (SIDE, SIDE)) * 2
    np.testing.assert_allclose(describe(picture), describe(picture // 2 + 90), atol=0.01)


def test_rows_of_blocks_run_from_above_and_columns_to_the_middle():
    edge = np.full((SIDE, SIDE), 100)
    edge[:, :3] = 200  # along the left side, and so of its mirror image along the right
    result = describe(edge)[..., [0, 8]].sum(-1)
    assert result.shape == (3, 2, 2, 2)  # of the three blocks along a row of four cells, the first and the middle one
    assert (result[:, 0, 0] > 0.2).all(), "the cells at the side"
    np.testing.assert_allclose(result[:, 1], 0, atol=1e-6)
    below = np.full((SIDE, SIDE), 100)
    below[-3:] = 200
    result = describe(below)[..., 4]
    assert (result[2, :, :, 1] > 0.2).all(), "the lower cells of the lowest blocks"
    np.testing.assert_allclose(result[:2], 0, atol=1e-6)


def test_only_the_share_around_the_middle_is_described():
    picture = np.random.default_rng(2).integers(0, 256, (40, 40))
    framed = np.zeros((50, 50), int)
    framed[5:45, 5:45] = picture
    np.testing.assert_array_equal(describe(framed, share=0.8), describe(picture))


def test_the_part_may_lie_lower_and_ends_with_the_picture():
    picture = np.random.default_rng(2).integers(0, 256, (40, 40))
    framed = np.zeros((50, 50), int)
    framed[8:48, 5:45] = picture
    np.testing.assert_array_equal(describe(framed, share=0.8, below=0.06), describe(picture))
    np.testing.assert_array_equal(describe(framed, share=0.8, below=0.3), describe(framed, share=0.8, below=0.1))


def test_the_middle_column_of_an_odd_number_of_blocks_is_kept():
    assert described_shape(4, 9) == (3, 2, 2, 2, 9)
    assert described_shape(5, 9) == (4, 2, 2, 2, 9)
    assert describe(np.zeros((30, 30)), cells=5).shape == (4, 2, 2, 2, 9)


@pytest.mark.parametrize(("sizes", "message"), [
    ({"cells": 1}, "cells must be at least 2"), ({"share": 0.0}, "share must be above 0"),
    ({"share": 1.1}, "share must be above 0 and at most 1"), ({"below": -0.1}, "below must be from 0 to 1"),
    ({"directions": 0}, "directions")])
def test_sizes_that_describe_nothing_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        SymmetricHogConfig(**sizes)
