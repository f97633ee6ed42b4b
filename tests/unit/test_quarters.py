"""Faces by quarters: the geometry by hand, a turned face, the stretch, and faces whose points nobody is sure of."""

import cv2
import numpy as np
import pytest

from fecemo.data.variants import variants
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.framings import FRAMINGS
from fecemo.imaging.landmarks.quarters import mouth_drops, mouth_middle, quarter_map, quartered_picture

FACE = np.array([(70.0, 60.0), (130.0, 60.0), (100.0, 120.0)])
"""Eyes 60 pixels apart, the mouth 60 below them: the square is twice that, from x 40 and y 30 on."""


def moved(places, degrees, scale, shift):
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return places @ turn.T + shift


def at(places, to):
    """Return where a point of the face comes to lie."""
    matrix = quarter_map(places)
    return matrix[:, :2] @ to + matrix[:, 2]


def test_eyes_lie_at_a_quarter_and_the_mouth_at_three_quarters_of_the_height():
    # 60 pixels of the face are half of 200: a scale of 5/3. Middle of the eyes (100, 60) → (99.5, 49.5).
    assert quarter_map(FACE) == pytest.approx(np.array([[5 / 3, 0, 99.5 - 100 * 5 / 3], [0, 5 / 3, 49.5 - 100]]))
    assert at(FACE, FACE[0]) == pytest.approx([49.5, 49.5])
    assert at(FACE, FACE[1]) == pytest.approx([149.5, 49.5])
    assert at(FACE, FACE[2]) == pytest.approx([99.5, 149.5])
    assert at(FACE, np.array([40, 30])) == pytest.approx([-0.5, -0.5]), "the corner of the square: x − side/2, y − h"


@pytest.mark.parametrize(("degrees", "scale", "shift"), [(0, 1, (5, -7)), (25, 0.8, (30, 12)), (-40, 1.1, (0, 80)),
                                                        (180, 1, (210, 190))])
def test_a_turned_scaled_and_moved_face_gives_the_same_places(degrees, scale, shift):
    places = moved(FACE, degrees, scale, shift)
    assert at(places, places[0]) == pytest.approx([49.5, 49.5])
    assert at(places, places[2]) == pytest.approx([99.5, 149.5])
    assert np.linalg.det(quarter_map(places)[:, :2]) > 0, "never mirrored"


def test_a_mouth_pulled_aside_is_at_three_quarters_too():
    aside = FACE + np.array([(0, 0), (0, 0), (15, 0)])
    assert at(aside, aside[2]) == pytest.approx([99.5 + 15 * 5 / 3, 149.5])


def test_a_picture_is_grey_stretched_and_reflected_at_its_edges():
    face = np.full((200, 200, 3), 100, np.uint8)
    cv2.circle(face, (70, 60), 3, (60, 60, 60), -1)
    cv2.circle(face, (100, 120), 5, (180, 180, 180), -1)
    picture = quartered_picture(face, FACE)
    assert (picture.shape, picture.dtype) == ((200, 200, 1), np.uint8)
    assert picture[49, 49, 0] == picture.min() == 0, "the dark eye"
    assert picture[149, 99, 0] == picture.max() == 255, "the bright mouth"
    assert picture[10, 10, 0] == 85, "(100 − 60) / (180 − 60) of 255"
    low = np.array([(60.0, 20.0), (140.0, 20.0), (100.0, 100.0)])  # the square begins 20 rows above the picture
    striped = np.repeat(np.arange(200, dtype=np.uint8)[:, None, None], 200, axis=1).repeat(3, axis=2)
    rows = quartered_picture(striped, low)[:, 100, 0].astype(int)
    assert rows[0] > rows[24] < rows[60], "above the edge its reflection"
    assert (quartered_picture(np.full((200, 200, 3), 90, np.uint8), FACE) == 0).all()


def test_drops_are_measured_down_the_face():
    upside_down = FACE[[1, 0, 2]]
    assert mouth_drops(np.stack([FACE, moved(FACE, 33, 2, (1, 2)), upside_down])) == pytest.approx([60, 120, -60])
    with pytest.raises(ValueError, match="not below the eyes"):
        quarter_map(upside_down)


def test_faces_without_sure_points_are_placed_where_they_are_expected():
    framing = FRAMINGS["quarters"]
    result = np.stack([FACE, FACE, FACE[[1, 0, 2]], np.tile(FACE[0], (3, 1))])
    places, placed = framing.places(result, np.array([True, False, True, True]))
    assert placed.tolist() == [True, False, False, False], "unsure; mouth above the eyes; all points in one place"
    assert np.array_equal(places[0], FACE)
    assert (places[1:] == framing.unsure).all()
    assert at(framing.unsure, framing.unsure[2]) == pytest.approx([99.5, 149.5])


def test_the_mouth_lies_between_its_corners_and_the_variant_is_registered():
    landmarks = np.zeros((points.N_LANDMARKS, 3))
    landmarks[points.RIGHT_MOUTH_CORNER], landmarks[points.LEFT_MOUTH_CORNER] = (80, 118, 3), (120, 122, 9)
    assert mouth_middle(landmarks).tolist() == [100, 120]
    assert (variants.find("quarters").faces, variants.find("quarters").face_shape) == ("quarters", (200, 200, 1))
