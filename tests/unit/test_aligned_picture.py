"""What is taken out of a face when it is aligned, and what is left."""

import cv2
import numpy as np
import pytest

from fecemo.drawn import draw_face, sample_face
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import EYES, GRAY, OVAL, aligned_picture, eye_middles

DRAWN_EYES = np.array([(70.0, 85.0), (130.0, 85.0)])
"""About where a drawn face has its eyes."""


@pytest.fixture(scope="module")
def face():
    """A drawn face without the brightest and the darkest pixels, so that light can be added to it."""
    return (60 + 0.4 * draw_face(sample_face(np.random.default_rng(4), "surprise"))).astype(np.uint8)


def in_oval(shrunk=1.0):
    x, y, half_width, half_height = OVAL
    rows, columns = np.mgrid[:200, :200]
    return ((columns - x) / half_width) ** 2 + ((rows - y) / half_height) ** 2 <= shrunk**2


def difference(a, b):
    """Return the mean difference of two pictures within the oval, as a share of what the first one varies."""
    inside = in_oval(0.95)
    first, second = (picture[..., 0][inside].astype(float) for picture in (a, b))
    return np.abs(first - second).mean() / first.std()


def moved(face, degrees, scale, shift):
    turn = cv2.getRotationMatrix2D((99.5, 99.5), degrees, scale)
    turn[:, 2] += shift
    return (cv2.warpAffine(face, turn, (200, 200), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
            DRAWN_EYES @ turn[:, :2].T + turn[:, 2])


def test_the_middle_of_an_eye_lies_between_its_corners():
    landmarks = np.zeros((points.N_LANDMARKS, 3))
    landmarks[points.RIGHT_EYE_OUTER], landmarks[points.RIGHT_EYE_INNER] = (40, 60, 1), (60, 64, 2)
    landmarks[points.LEFT_EYE_INNER], landmarks[points.LEFT_EYE_OUTER] = (100, 70, 3), (124, 60, 4)
    np.testing.assert_array_equal(eye_middles(landmarks), [(50, 62), (112, 65)])


@pytest.mark.parametrize("eyes", [((70, 85), (130, 85)), ((62, 90), (120, 70)), ((110, 60), (120, 100)),
                                  ((150, 120), (80, 130))])
def test_eyes_come_to_lie_on_their_points(eyes):
    """Two white spots, wherever they are, also upside down; their own middles are found again."""
    picture = np.zeros((200, 200, 3), np.uint8)
    for x, y in eyes:
        cv2.circle(picture, (x, y), 3, (255, 255, 255), -1, cv2.LINE_AA)
    aligned = aligned_picture(picture, np.array(eyes))[..., 0].astype(float)
    rows, columns = np.mgrid[:200, :200]
    for x, y in EYES:
        bright = np.where(np.hypot(columns - x, rows - y) < 25, np.maximum(aligned - 200, 0), 0)
        result = (columns * bright).sum() / bright.sum(), (rows * bright).sum() / bright.sum()
        np.testing.assert_allclose(result, (x, y), atol=1)


@pytest.mark.parametrize(("degrees", "scale", "shift"), [(25, 1, (0, 0)), (0, 0.8, (0, 0)), (0, 1, (9, -14)),
                                                         (-15, 0.9, (-6, 5))])
def test_tilt_size_and_place_are_taken_out(face, degrees, scale, shift):
    aligned = aligned_picture(face, DRAWN_EYES)
    assert difference(aligned, aligned_picture(*moved(face, degrees, scale, shift))) < 0.08
    assert difference(aligned, aligned_picture(moved(face, degrees, scale, shift)[0], DRAWN_EYES)) > 0.5


def test_light_is_taken_out_and_features_are_not(face):
    aligned = aligned_picture(face, DRAWN_EYES)
    rows, columns = np.mgrid[:200, :200] / 199.0
    lights = [0.6 * face, face + 40.0, face + 70 * columns[..., None], face + 60 * (1 - rows[..., None])]
    for light in lights:
        assert light.max() <= 255
        assert difference(aligned, aligned_picture(np.rint(light).astype(np.uint8), DRAWN_EYES)) < 0.06
    b = (60 + 0.4 * draw_face(sample_face(np.random.default_rng(4), "happy"))).astype(np.uint8)
    assert difference(aligned, aligned_picture(b, DRAWN_EYES)) > 0.15


def test_a_brightness_that_rises_evenly_leaves_nothing():
    """Features stand on the left half alone; on the right one there is nothing but light."""
    lit = np.repeat(np.linspace(20, 190, 200)[None, :, None], 200, axis=0).repeat(3, axis=2)
    rows, columns = np.mgrid[:200, :200]
    lit[((rows // 10 + columns // 10) % 2 == 0) & (columns < 90)] += 60
    even = aligned_picture(np.rint(lit).astype(np.uint8), np.array(EYES))[..., 0].astype(int)
    assert np.abs(even - GRAY)[in_oval() & (columns > 125)].max() <= 4
    assert np.abs(even - GRAY)[in_oval() & (columns < 90)].mean() > 40


def test_outside_of_the_oval_and_of_the_picture_nothing_is_seen(face):
    aligned = aligned_picture(face, DRAWN_EYES)
    assert (aligned.shape, aligned.dtype) == ((200, 200, 1), np.uint8)
    assert (aligned[..., 0][~in_oval()] == GRAY).all()
    assert len(np.unique(aligned[..., 0][in_oval()])) > 100
    low = aligned_picture(face, DRAWN_EYES + np.array([0, 60]))  # the chin lies below the picture's edge
    assert (low[160:] == GRAY).all()
    assert (low[60:100, 60:140] != GRAY).mean() > 0.8


def test_a_flat_face_stays_flat():
    assert (aligned_picture(np.full((200, 200, 3), 90, np.uint8), np.array(EYES)) == GRAY).all()


def test_eyes_in_one_place_are_refused(face):
    with pytest.raises(ValueError, match="both eyes are at"):
        aligned_picture(face, np.array([(80.0, 80.0), (80.0, 80.0)]))
