"""Faces brought into one position: meshes by 3-D Procrustes, pictures by their eyes.

A loss over pixels pays for whatever moves many of them: where the head is, how it is tilted, light, hair, background.
An aligned picture shows none of these, so that the loss is left with the face itself: the eyes on fixed points, no
colour, no light, no background.
"""

from functools import cache

import numpy as np

from fecemo.data.variants import FACE_SIDE, variants
from fecemo.imaging.landmarks import points

STANDARD_HEAD = {
    points.RIGHT_EYE_OUTER: (-0.500, 0.007, -0.025), points.LEFT_EYE_OUTER: (0.500, 0.007, -0.025),
    points.RIGHT_EYE_INNER: (-0.200, 0.034, -0.082), points.LEFT_EYE_INNER: (0.200, 0.034, -0.082),
    points.RIGHT_TEMPLE: (-0.774, -0.027, 0.505), points.LEFT_TEMPLE: (0.774, -0.027, 0.505),
    points.NOSE_BRIDGE: (0.000, -0.012, -0.264), points.NOSE_BASE: (0.000, 0.533, -0.264),
    points.FOREHEAD: (0.000, -0.549, -0.269),
}
"""Where the points are that the skull holds: x to the person's left, y down, z away from the camera.

The unit is the distance between the outer corners of the eyes, the origin the points' mean. It is a mean of thousands
of meshes, made symmetric. No point is among them that a mouth, a jaw or a brow takes along.
"""


def align(landmarks: np.ndarray) -> np.ndarray:
    """Turn, move and scale each mesh so that its skull lies on `STANDARD_HEAD`, with the least squared error.

    The turn is a rotation (Kabsch 1976; Umeyama 1991 for the scale), never a reflection.

    Parameters
    ----------
    landmarks : ndarray of shape (n, 478, 3)
        In any unit that is the same along x, y and z; y down, z away from the camera.

    Returns
    -------
    ndarray of shape (n, 478, 3), float64
        In units of the distance between the outer corners of the eyes.

    Raises
    ------
    ValueError
        If the shape is another, or the points of a mesh are all in one place.
    """
    meshes = np.asarray(landmarks, np.float64)
    middles, rotations, scales = skull_similarities(meshes)
    head_middle = np.array(list(STANDARD_HEAD.values())).mean(axis=0)
    aligned: np.ndarray = (meshes - middles) @ rotations * scales[:, None, None] + head_middle
    return aligned


def skull_similarities(meshes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how `align` moves meshes: ``(mesh - middle) @ rotation * scale`` is one, less the standard head's middle.

    A move of an aligned mesh is ``move @ rotation.T / scale`` in the unit of the mesh: the similarity undone.

    Parameters
    ----------
    meshes : ndarray of shape (n, 478, 3), float64

    Returns
    -------
    middles : ndarray of shape (n, 1, 3), float64
    rotations : ndarray of shape (n, 3, 3), float64
    scales : ndarray of shape (n,), float64

    Raises
    ------
    ValueError
        As `align` does.
    """
    if meshes.shape[1:] != (points.N_LANDMARKS, 3):
        raise ValueError(f"expected landmarks of shape (n, {points.N_LANDMARKS}, 3), found {meshes.shape}")
    head = np.array(list(STANDARD_HEAD.values()))
    skulls = meshes[:, list(STANDARD_HEAD)]
    middles, head_middle = skulls.mean(axis=1, keepdims=True), head.mean(axis=0)
    skulls, head = skulls - middles, head - head_middle
    sizes = np.sum(skulls**2, axis=(1, 2))
    if not np.all(sizes > 0):
        raise ValueError(f"the points of mesh {int(np.argmin(sizes))} are all in one place")
    left, strengths, right = np.linalg.svd(np.einsum("nij,ik->njk", skulls, head))
    # A reflection would fit some flat meshes better; turning the weakest axis over gives the best rotation instead.
    mirrored = np.linalg.det(left @ right) < 0
    left[mirrored, :, 2] *= -1
    strengths[mirrored, 2] *= -1
    scales = strengths.sum(axis=1) / sizes
    return middles, left @ right, scales


EYES = ((67.5, 66.0), (131.5, 66.0))
"""Where the middles of the right and the left eye come to lie, x and y in pixels: a fallen chin is still seen."""
UNSURE_EYES = ((59.5, 80.0), (139.5, 80.0))
"""Where eyes are expected in a face of a data set of which the landmark model was unsure: such a face is not turned."""
OVAL = (99.5, 100.0, 72.0, 92.0)
"""The ellipse that is kept: x and y of its middle, half its width and height, in pixels."""
SPREAD = 10.0
"""Standard deviation in pixels of the Gaussian neighbourhood by which brightness and contrast are evened out."""
DEVIATIONS = 3.0
"""How many local standard deviations make the brightest pixel, and the darkest."""
MIN_DEVIATION = 0.5
"""Gray levels: what varies less is no more than rounding."""
MIN_APART = 10.0
"""Pixels between the eyes below which they are no eyes of a face that fills its picture."""
GRAY = 128
"""A pixel as bright as its neighbourhood, and everything outside of the ellipse and of the face's own picture."""


def eye_middles(landmarks: np.ndarray) -> np.ndarray:
    """Return the middles of the right and of the left eye, between their corners, which no gaze and no lid moves.

    Parameters
    ----------
    landmarks : ndarray of shape (478, 2 or 3)

    Returns
    -------
    ndarray of shape (2, 2)
        x and y, in the unit of the landmarks.
    """
    corners = landmarks[[points.RIGHT_EYE_OUTER, points.RIGHT_EYE_INNER, points.LEFT_EYE_INNER, points.LEFT_EYE_OUTER]]
    middles: np.ndarray = corners[:, :2].reshape(2, 2, 2).mean(axis=1)
    return middles


def aligned_picture(face: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """Return a face turned, scaled, freed of light and cut out.

    Light is taken out by subtractive and then divisive normalization over a Gaussian neighbourhood (Jarrett,
    Kavukcuoglu, Ranzato and LeCun 2009, section 2): what a lamp adds evenly or evenly rising vanishes, and so does its
    strength. A neighbourhood that varies less than the picture's mean one is not made to vary more than that, so that
    flat skin stays flat.

    Parameters
    ----------
    face : ndarray of shape (200, 200, 3), uint8
        RGB; a data set's.
    eyes : ndarray of shape (2, 2)
        Middles of the right and of the left eye, x and y in pixels of the face; a pixel's middle has whole coordinates.

    Returns
    -------
    ndarray of shape (200, 200, 1), uint8

    Raises
    ------
    ValueError
        If both eyes are in one place.
    """
    import cv2

    similarity, size = _similarity(np.asarray(eyes, np.float64)), (FACE_SIDE, FACE_SIDE)
    luma = variants.find("gray").view(face[None])[0, ..., 0]
    upright = cv2.warpAffine(luma.astype(np.float32), similarity, size, borderMode=cv2.BORDER_REPLICATE)
    kept = _oval() & (cv2.warpAffine(np.ones_like(luma), similarity, size, flags=cv2.INTER_NEAREST) > 0)
    varying = upright - _local_mean(upright)
    deviation = np.sqrt(_local_mean(varying**2))
    usual = float(deviation[kept].mean()) if kept.any() else 0.0
    even = varying / np.maximum(deviation, max(usual, MIN_DEVIATION))
    levels = np.rint(GRAY + (255 - GRAY) / DEVIATIONS * even)
    picture: np.ndarray = np.where(kept, np.clip(levels, 0, 255), GRAY).astype(np.uint8)[..., None]
    return picture


def _similarity(eyes: np.ndarray) -> np.ndarray:
    """Return the (2, 3) map of points of the face to points of the picture: turned, scaled, moved, never mirrored."""
    # Of points as complex numbers a similarity is rotation * point + move.
    here, there = eyes @ (1, 1j), np.array(EYES) @ (1, 1j)
    if here[0] == here[1]:
        raise ValueError(f"both eyes are at {eyes[0].tolist()}")
    rotation = (there[1] - there[0]) / (here[1] - here[0])
    move = there[0] - rotation * here[0]
    return np.array([[rotation.real, -rotation.imag, move.real], [rotation.imag, rotation.real, move.imag]])


def _local_mean(values: np.ndarray) -> np.ndarray:
    import cv2

    mean: np.ndarray = cv2.GaussianBlur(values, (0, 0), SPREAD, borderType=cv2.BORDER_REFLECT_101)
    return mean


@cache
def _oval() -> np.ndarray:
    x, y, half_width, half_height = OVAL
    rows, columns = np.mgrid[:FACE_SIDE, :FACE_SIDE]
    inside: np.ndarray = ((columns - x) / half_width) ** 2 + ((rows - y) / half_height) ** 2 <= 1
    return inside
