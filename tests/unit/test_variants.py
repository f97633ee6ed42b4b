"""Variants are exact views of stored faces."""

import numpy as np
import pytest

from fecemo.data.variants import LUMA_WEIGHTS, find_dataset_variant, variants
from fecemo.errors import InputError


def faces_of(*colours):
    return np.stack([np.full((200, 200, 3), colour, np.uint8) for colour in colours])


@pytest.mark.parametrize(("colour", "luma"), [
    ((0, 0, 0), 0), ((255, 255, 255), 255), ((128, 128, 128), 128),
    ((255, 0, 0), 76),    # .299 · 255 = 76.245
    ((0, 255, 0), 150),   # .587 · 255 = 149.685
    ((0, 0, 255), 29),    # .114 · 255 = 29.07
    ((10, 20, 30), 18),   # 2.99 + 11.74 + 3.42 = 18.15
    ((200, 100, 50), 124),  # 59.8 + 58.7 + 5.7 = 124.2
])
def test_gray_is_rounded_luma(colour, luma):
    view = variants.find("gray").view(faces_of(colour))
    assert view.shape == (1, 200, 200, 1)
    assert view.dtype == np.uint8
    assert np.unique(view).tolist() == [luma]


def test_gray_is_within_half_a_level_of_exact_luma_for_any_colour():
    assert sum(LUMA_WEIGHTS) == 1 << 16
    faces = np.random.default_rng(0).integers(0, 256, (2, 200, 200, 3), dtype=np.uint8)
    exact = faces @ np.array([0.299, 0.587, 0.114])
    assert np.abs(variants.find("gray").view(faces)[..., 0] - exact).max() < 0.503  # the weights are 16-bit fractions


def test_tight_is_the_face_without_its_margin_and_no_copy():
    faces = np.random.default_rng(0).integers(0, 256, (2, 200, 200, 3), dtype=np.uint8)
    view = variants.find("tight").view(faces)
    assert view.shape == (2, 150, 150, 3)
    assert np.shares_memory(view, faces)
    assert np.array_equal(view[1, 0, 0], faces[1, 25, 25])
    assert np.array_equal(view[0, 149, 149], faces[0, 174, 174])


def test_rgb_is_the_face_itself():
    faces = faces_of((1, 2, 3))
    view = variants.find("rgb").view(faces)
    assert np.shares_memory(view, faces)
    assert np.array_equal(view, faces)


def test_aligned_faces_are_seen_as_they_are_and_the_datasets_in_gray():
    aligned = variants.find("aligned")
    one_channel = np.random.default_rng(0).integers(0, 256, (2, 200, 200, 1), dtype=np.uint8)
    assert (aligned.faces, aligned.face_shape) == ("aligned", (200, 200, 1))
    assert np.shares_memory(aligned.view(one_channel), one_channel)
    np.testing.assert_array_equal(aligned.view(one_channel), one_channel)
    assert np.unique(aligned.view(faces_of((255, 0, 0)))).tolist() == [76]
    assert variants.find("gray").face_shape == variants.find("rgb").face_shape == (200, 200, 3)


def test_a_dataset_alone_has_no_aligned_faces():
    assert find_dataset_variant("tight") is variants.find("tight")
    with pytest.raises(InputError, match=r"'aligned' shows faces that are no data set's, but made of one"):
        find_dataset_variant("aligned")


def test_views_of_a_read_only_map_stay_read_only(tmp_path):
    np.save(tmp_path / "faces.npy", faces_of((1, 2, 3)))
    mapped = np.load(tmp_path / "faces.npy", mmap_mode="r")
    assert not variants.find("tight").view(mapped).flags.writeable


def test_the_published_three_are_there_with_their_shapes():
    known = {name: (variant.side, variant.channels) for name, variant in variants().items()}
    assert known.items() >= {"rgb": (200, 3), "gray": (200, 1), "tight": (150, 3)}.items()


def test_an_unknown_variant_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'gray'"):
        variants.find("grey")
