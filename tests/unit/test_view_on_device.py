"""The view on the device is the view on the host, and its reduction is an average over areas."""

import keras
import numpy as np
import pytest

from fecemo.data.variants import variants
from fecemo.training.device_view import DeviceView, area_shares


@pytest.fixture(scope="module")
def faces():
    return np.random.default_rng(0).integers(0, 256, (3, 200, 200, 3), dtype=np.uint8)


def seen(faces, variant, side):
    view = DeviceView(variants.find(variant), side)
    made = keras.ops.convert_to_numpy(view(faces))
    assert made.shape == (len(faces), *view.compute_output_shape(faces.shape)[1:])
    assert made.dtype == np.float32
    return made


@pytest.mark.parametrize("variant", variants())
def test_without_reduction_it_equals_the_host_to_the_last_bit(faces, variant):
    np.testing.assert_array_equal(seen(faces, variant, variants.find(variant).side), variants.find(variant).view(faces))


def test_gray_agrees_where_rounding_turns():
    """Gray levels that lie on the edge between two levels, and the brightest there is."""
    colours = np.zeros((1, 200, 200, 3), np.uint8)
    colours[0] = np.random.default_rng(1).integers(0, 256, (1, 200, 3), np.uint8)
    colours[0, 0] = 255
    np.testing.assert_array_equal(seen(colours, "gray", 200), variants.find("gray").view(colours))
    assert seen(colours, "gray", 200).max() == 255


@pytest.mark.parametrize("variant", variants())
def test_a_whole_factor_gives_the_mean_of_each_block(faces, variant):
    host = variants.find(variant).view(faces).astype(np.float64)
    n, side, _, channels = host.shape
    blocks = host.reshape(n, side // 5, 5, side // 5, 5, channels).sum(axis=(2, 4))
    # The sums are whole numbers and exact; only the division rounds.
    np.testing.assert_array_equal(seen(faces, variant, side // 5), blocks.astype(np.float32) * np.float32(1 / 25))


@pytest.mark.parametrize(("variant", "side"), [("rgb", 48), ("gray", 48), ("tight", 36)])
def test_any_side_gives_each_area_its_share_of_every_pixel(faces, variant, side):
    host = variants.find(variant).view(faces[:1]).astype(np.float64)
    factor = host.shape[1] * side // np.gcd(host.shape[1], side)  # finest grid on which both sides fall on lines
    fine = np.repeat(np.repeat(host, factor // host.shape[1], axis=1), factor // host.shape[1], axis=2)
    wanted = fine.reshape(1, side, factor // side, side, factor // side, -1).mean(axis=(2, 4))
    np.testing.assert_allclose(seen(faces[:1], variant, side), wanted, rtol=3e-7)


def test_a_face_looks_the_same_in_any_batch(faces):
    together = seen(faces, "rgb", 48)
    for index in range(len(faces)):
        np.testing.assert_array_equal(seen(faces[index : index + 1], "rgb", 48)[0], together[index])


def test_shares_of_pixels():
    np.testing.assert_array_equal(area_shares(3, 2), [[2, 1, 0], [0, 1, 2]])
    np.testing.assert_array_equal(area_shares(4, 2), [[1, 1, 0, 0], [0, 0, 1, 1]])
    np.testing.assert_array_equal(area_shares(2, 2), np.eye(2))


def test_a_view_does_not_grow():
    with pytest.raises(ValueError, match="150 pixels"):
        DeviceView(variants.find("tight"), 200)
