"""Faces by quarters: eyes level at a quarter of the height, the mouth at three quarters, grey, stretched.

The normalization of Gaya-Morey, Manresa-Yee, Martinie and Buades-Rubio, "Evaluating Facial Expression Recognition
Datasets for Deep Learning: A Benchmark Study" (2025), by the points of another landmark model than theirs. How far the
mouth lies below the eyes is measured down the face, so that a mouth pulled to one side is at three quarters too.
"""

import numpy as np

from fecemo.data.variants import FACE_SIDE, variants
from fecemo.imaging.landmarks import points

EYE_LINE, MOUTH_LINE = FACE_SIDE / 4 - 0.5, 3 * FACE_SIDE / 4 - 0.5
"""Rows of the eyes and of the mouth: a pixel's middle has whole coordinates, and the picture begins at −.5."""
MIDDLE = FACE_SIDE / 2 - 0.5
UNSURE = ((59.5, 80.0), (139.5, 80.0), (99.5, 150.0))
"""Where eyes and mouth are expected in a face of which the landmark model was unsure."""
MIN_DROP = 10.0
"""Pixels between the line of the eyes and the mouth below which they are no eyes and mouth of a face."""


def mouth_middle(landmarks: np.ndarray) -> np.ndarray:
    """Return the middle between the corners of the mouth, x and y, of landmarks of shape (478, 2 or 3)."""
    middle: np.ndarray = landmarks[[points.RIGHT_MOUTH_CORNER, points.LEFT_MOUTH_CORNER], :2].mean(axis=0)
    return middle


def mouth_drops(places: np.ndarray) -> np.ndarray:
    """Return how far the mouth lies below the line of the eyes, in the unit of the points.

    Parameters
    ----------
    places : ndarray of shape (n, 3, 2)
        Right eye, left eye and mouth, x and y, y down.

    Returns
    -------
    ndarray of shape (n,), float64
        Below 0 where the mouth is above the eyes; 0 where both eyes are in one place.
    """
    across = places[:, 1] - places[:, 0]
    lengths = np.linalg.norm(across, axis=1)
    below = places[:, 2] - places[:, :2].mean(axis=1)
    drops: np.ndarray = (across[:, 0] * below[:, 1] - across[:, 1] * below[:, 0]) / np.maximum(lengths, 1e-9)
    return drops


def quarter_map(places: np.ndarray) -> np.ndarray:
    """Return the (2, 3) map of points of the face to points of the picture: turned, scaled, moved, never mirrored.

    Parameters
    ----------
    places : ndarray of shape (3, 2)
        Right eye, left eye and mouth, in pixels of the face.

    Raises
    ------
    ValueError
        If the mouth is not below the eyes.
    """
    (drop,) = mouth_drops(places[None])
    if drop <= 0:
        raise ValueError(f"the mouth at {places[2].tolist()} is not below the eyes at {places[:2].tolist()}")
    across = places[1] - places[0]
    cosine, sine = across / np.linalg.norm(across)
    turn = np.array([[cosine, sine], [-sine, cosine]]) * (MOUTH_LINE - EYE_LINE) / drop
    return np.column_stack([turn, (MIDDLE, EYE_LINE) - turn @ places[:2].mean(axis=0)])


def quartered_picture(face: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return a face with its eyes level at a quarter of the height and its mouth at three, grey, from 0 to 255.

    Parameters
    ----------
    face : ndarray of shape (200, 200, 3), uint8
        RGB; what lies outside of it is its reflection.
    places : ndarray of shape (3, 2)
        Right eye, left eye and mouth, x and y in pixels of the face.

    Returns
    -------
    ndarray of shape (200, 200, 1), uint8
        Its darkest pixel is 0, its brightest 255; a picture of one level is 0.
    """
    import cv2

    luma = variants.find("gray").view(face[None])[0, ..., 0].astype(np.float32)
    framed = cv2.warpAffine(luma, quarter_map(np.asarray(places, np.float64)), (FACE_SIDE, FACE_SIDE),
                            borderMode=cv2.BORDER_REFLECT)
    darkest, brightest = float(framed.min()), float(framed.max())
    stretched: np.ndarray = (framed - darkest) * (255 / max(brightest - darkest, 1e-6))
    return np.rint(stretched).astype(np.uint8)[..., None]
