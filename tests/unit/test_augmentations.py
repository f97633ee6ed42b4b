"""Altered faces: what each augmentation changes and what it leaves, and that a seed decides everything."""

from dataclasses import dataclass, field

import keras
import numpy as np
import pytest

from fecemo.training.augmentation import Augmentation, augment, augmentations, resample
from fecemo.training.augmentations.geometric import Crop, Flip, Rotation
from fecemo.training.augmentations.jigsaw import Jigsaw, shuffle
from fecemo.training.augmentations.photometric import GRAY, Blur, Colour, Erase, Mask, Noise, Resolution

FACES = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 3)).astype(np.float32)
FLAT = np.full((4, 20, 20, 3), 90, np.float32)
RAMP = np.broadcast_to(10 * np.arange(20, dtype=np.float32)[:, None, None], (50, 20, 20, 1)).copy()
SMALL = {"jigsaw": lambda: Jigsaw(pieces=2)}
"""Settings that fit 20 pixels."""


def altered(way, faces=FACES, seed=1):
    made = way.apply(keras.ops.convert_to_tensor(faces), keras.random.SeedGenerator(seed))
    return keras.ops.convert_to_numpy(made[0] if isinstance(made, tuple) else made)


@pytest.mark.parametrize("kind", augmentations().values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("channels", [1, 3])
class TestEveryWay:
    def test_gives_pixels_that_the_seed_decides(self, kind, channels):
        kind = SMALL.get(kind.name, kind)
        faces = FACES[..., :channels]
        made = altered(kind(), faces)
        assert made.shape == faces.shape
        assert made.dtype == np.float32
        assert made.min() >= 0
        assert made.max() <= 255.001
        np.testing.assert_array_equal(made, altered(kind(), faces))
        assert (made != altered(kind(), faces, seed=2)).any()

    def test_alters_every_face_in_its_own_way(self, kind, channels):
        alike = np.repeat(FACES[:1, ..., :channels], 12, axis=0)
        if kind.name == "mixup":  # of equal faces it makes no others
            alike[::2] = 255 - alike[::2]
        made = altered(SMALL.get(kind.name, kind)(), alike)
        assert len({face.tobytes() for face in made}) > 1


def test_pixels_are_mixed_down_the_rows_and_then_along_them():
    chance = np.random.default_rng(1)
    rows, columns = chance.random((2, 6, 20, 20)).astype(np.float32)
    result = keras.ops.convert_to_numpy(resample(keras.ops.convert_to_tensor(FACES), rows, columns))
    np.testing.assert_allclose(result, np.einsum("nij,njkc,nlk->nilc", rows, FACES, columns), rtol=1e-4)


def test_flip_exchanges_left_and_right_in_its_share_of_faces():
    np.testing.assert_array_equal(altered(Flip(probability=1.0)), FACES[:, :, ::-1])
    np.testing.assert_array_equal(altered(Flip(probability=0.0)), FACES)
    many = np.broadcast_to(FACES[:1], (400, 20, 20, 3))
    flipped = (altered(Flip(probability=0.25), many) != many).any(axis=(1, 2, 3))
    assert 0.15 < flipped.mean() < 0.35


def test_crop_enlarges_a_part():
    np.testing.assert_allclose(altered(Crop(min_side=1.0)), FACES, atol=1e-3)
    np.testing.assert_allclose(altered(Crop(min_side=0.5), FLAT), FLAT, rtol=1e-5)
    made = altered(Crop(min_side=0.5), RAMP)[..., 0]
    np.testing.assert_allclose(made, np.broadcast_to(made[:, :, :1], made.shape), atol=1e-2)
    slopes = np.diff(made[:, 5:15, 0], axis=1)
    np.testing.assert_allclose(slopes, np.broadcast_to(slopes[:, :1], slopes.shape), atol=2e-2)  # still a ramp …
    assert 5 <= slopes.min() < 6 < 9 < slopes.max() <= 10.01  # … of half to all of its steepness
    assert np.ptp(made[:, 0, 0]) > 20, "every part begins at the same place"


def test_rotation_is_about_the_centre():
    np.testing.assert_allclose(altered(Rotation(max_degrees=0.0)), FACES, atol=1e-3)
    np.testing.assert_allclose(altered(Rotation(max_degrees=45.0), FLAT), FLAT, rtol=1e-5)
    light = np.arange(21, dtype=np.float32) - 10
    slope = np.broadcast_to(100 + 5 * light[:, None, None], (30, 21, 21, 1))  # a plane that falls down the rows
    made = altered(Rotation(max_degrees=20.0), slope)[..., 0]
    np.testing.assert_allclose(made[:, 10, 10], 100, atol=1e-2)
    down, along = (made[:, 15, 10] - made[:, 5, 10]) / 50, (made[:, 10, 15] - made[:, 10, 5]) / 50
    np.testing.assert_allclose(np.hypot(down, along), 1, rtol=1e-3, err_msg="steepness is no longer what it was")
    angles = np.degrees(np.arctan2(along, down))
    assert -20 <= angles.min() < -12 < 12 < angles.max() <= 20


def test_colour_changes_light_contrast_and_saturation():
    none = Colour(brightness=0.0, contrast=0.0, saturation=0.0)
    np.testing.assert_allclose(altered(none), FACES, atol=1e-3)
    lighter = altered(Colour(brightness=0.5, contrast=0.0, saturation=0.0), FLAT)
    np.testing.assert_allclose(lighter, np.broadcast_to(lighter[:, :1, :1, :1], lighter.shape), rtol=1e-5)
    assert 45 <= lighter.min() < lighter.max() <= 135
    contrast = altered(Colour(brightness=0.0, contrast=0.5, saturation=0.0), 100 + FACES / 10)
    np.testing.assert_allclose(contrast.mean(axis=(1, 2, 3)), (100 + FACES / 10).mean(axis=(1, 2, 3)), rtol=1e-4)
    shares = contrast.std(axis=(1, 2, 3)) / (FACES / 10).std(axis=(1, 2, 3))
    assert 0.5 <= shares.min() < shares.max() <= 1.5
    gray = np.repeat(FACES[..., :1], 3, axis=-1)
    np.testing.assert_allclose(altered(Colour(brightness=0.0, contrast=0.0, saturation=1.0), gray), gray, atol=1e-3)


def test_blur_spreads_and_keeps_the_light():
    np.testing.assert_allclose(altered(Blur(max_sigma=0.3), FLAT), FLAT, rtol=1e-5)
    np.testing.assert_allclose(altered(Blur(max_sigma=1e-4)), FACES, atol=1e-2)
    dot = np.zeros((20, 21, 21, 1), np.float32)
    dot[:, 10, 10] = 255
    made = altered(Blur(max_sigma=0.1), dot)
    np.testing.assert_allclose(made.sum(axis=(1, 2, 3)), 255, rtol=1e-2)
    np.testing.assert_allclose(made, made[:, ::-1, ::-1], atol=1e-3)
    assert made[:, 10, 10].min() < 60 < made[:, 10, 10].max()


def test_noise_has_the_deviation_that_is_asked_for():
    gray = np.full((20, 20, 20, 3), 128, np.float32)
    difference = altered(Noise(deviation=10.0), gray) - gray
    assert difference.std() == pytest.approx(10, rel=0.05)
    assert abs(difference.mean()) < 0.5
    assert abs(np.corrcoef(difference[0].ravel(), difference[1].ravel())[0, 1]) < 0.15


@pytest.mark.parametrize("side", [20, 18])
def test_mask_hides_the_same_number_of_whole_squares_in_every_face(side):
    faces = FACES[:, :side, :side] + 0.25  # nothing is gray by itself
    made = altered(Mask(grid=5, mask_ratio=0.4), faces)
    hidden = (made == GRAY).all(axis=-1)
    np.testing.assert_array_equal(made[~hidden], faces[~hidden])
    square = np.arange(side) * 5 // side
    for face in hidden:
        by_square = [face[np.ix_(square == row, square == column)] for row in range(5) for column in range(5)]
        assert sum(cells.all() for cells in by_square) == 10
        assert sum(cells.any() for cells in by_square) == 10


@dataclass(frozen=True)
class Quarter(Augmentation):
    """Rotate each face by so many quarter turns, and emit how many: a pretext task (Gidaris et al. 2018)."""

    emitted: str = "quarters"
    name: str = field(default="quarter", init=False)

    targets = ("quarters",)

    def apply(self, faces, seed_generator):
        from keras import ops

        quarters = keras.random.randint((faces.shape[0],), 0, 4, seed=seed_generator)
        rotated = ops.stack([ops.rot90(faces, k, axes=(1, 2)) for k in range(4)], axis=1)
        chosen = ops.reshape(ops.one_hot(quarters, 4, dtype="float32"), (-1, 4, 1, 1, 1))
        return ops.sum(rotated * chosen, axis=1), {self.emitted: quarters}


class TestEmittedTargets:
    def test_they_come_with_the_faces_and_say_how_each_was_altered(self):
        faces, targets = augment(keras.ops.convert_to_tensor(FACES), [Flip(probability=1.0), Quarter(), Crop(1.0)],
                                 keras.random.SeedGenerator(3))
        faces, quarters = (keras.ops.convert_to_numpy(values) for values in (faces, targets["quarters"]))
        assert len(set(quarters.tolist())) > 1
        for face, original, k in zip(faces, FACES[:, :, ::-1], quarters, strict=True):
            np.testing.assert_allclose(face, np.rot90(original, k), atol=1e-3)

    def test_without_any_there_are_none(self):
        assert augment(keras.ops.convert_to_tensor(FACES), [Flip()], keras.random.SeedGenerator(3))[1] == {}

    def test_one_that_was_not_declared_is_refused(self):
        with pytest.raises(ValueError, match=r"'quarter' declares the targets \['quarters'\] and emits \['turns'\]"):
            augment(keras.ops.convert_to_tensor(FACES), [Quarter("turns")], keras.random.SeedGenerator(3))


@pytest.mark.parametrize(("kind", "settings", "key"), [
    (Flip, {"probability": 2}, "probability"), (Crop, {"min_side": 0}, "min_side"), (Mask, {"grid": 0}, "grid"),
    (Colour, {"contrast": -1}, "contrast"), (Noise, {"deviation": -1}, "deviation"),
    (Blur, {"max_sigma": 2}, "max_sigma"), (Resolution, {"min_side": 0}, "min_side"),
    (Mask, {"mask_ratio": 1.5}, "mask_ratio"), (Rotation, {"max_degrees": 200}, "max_degrees")])
def test_settings_that_are_not_sound_are_refused(kind, settings, key):
    with pytest.raises(ValueError, match=key):
        kind(**settings)


def test_tiles_are_shown_in_the_order_that_is_told_and_the_inverse_order_undoes_it():
    numbers = np.kron(np.arange(9).reshape(3, 3), np.ones((2, 2))).astype(np.float32)[None, :, :, None]
    order, inverse = np.array([[2, 6, 7, 4, 3, 5, 0, 8, 1]]), np.array([[6, 8, 0, 4, 3, 5, 1, 2, 7]])
    shuffled = keras.ops.convert_to_numpy(shuffle(numbers, order))
    np.testing.assert_array_equal(shuffled[0, ::2, ::2, 0].ravel(), order[0])
    faces = np.random.default_rng(0).uniform(0, 255, (1, 48, 48, 3)).astype(np.float32)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(shuffle(shuffle(faces, order), inverse)), faces)
    told = Jigsaw(2).apply(keras.ops.convert_to_tensor(FACES), keras.random.SeedGenerator(3))
    orders = keras.ops.convert_to_numpy(told[1]["jigsaw"])
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(4), (6, 1)))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(told[0]),
                                  keras.ops.convert_to_numpy(shuffle(FACES, orders)))


def test_every_order_of_the_tiles_is_as_likely():
    orders = Jigsaw(2).apply(keras.ops.convert_to_tensor(np.zeros((4800, 4, 4, 1), np.float32)),
                             keras.random.SeedGenerator(1))[1]["jigsaw"]
    counts = np.unique(keras.ops.convert_to_numpy(orders), axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert counts.min() > 140
    assert counts.max() < 260


def test_a_rectangle_is_hidden_whose_area_is_the_share_that_is_asked_for():
    many = np.full((300, 40, 40, 1), 90, np.float32)
    hidden = (altered(Erase(probability=0.5, min_area=0.05, max_area=0.1), many) == GRAY)[..., 0]
    areas = hidden.mean(axis=(1, 2))
    assert 0.4 < (areas > 0).mean() < 0.6
    assert 0.03 < areas[areas > 0].min() < areas.max() < 0.13
    face = hidden[areas.argmax()]
    assert face.sum() == face.any(axis=0).sum() * face.any(axis=1).sum(), "not a rectangle"
    square = (altered(Erase(1.0, 0.25, 0.25, 1.0), many) == GRAY)[..., 0]
    np.testing.assert_allclose(square.mean(axis=(1, 2)), 0.25, atol=0.02)
    assert len({face.tobytes() for face in square}) > 100


def test_a_centred_crop_keeps_the_centre():
    dot = np.zeros((30, 21, 21, 1), np.float32)
    dot[:, 10, 10] = 200
    made = altered(Crop(min_side=0.5, centred=True), dot)
    assert (made.reshape(30, -1).argmax(axis=1) == 10 * 21 + 10).all()
    assert np.ptp(made[:, 10, 11]) > 1, "sizes do not differ"
