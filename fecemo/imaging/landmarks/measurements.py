"""What is measured on a face: distances of its aligned mesh, its blendshapes, and gradients of mouth and brows."""

from collections.abc import Iterable

import numpy as np

from fecemo.imaging.landmarks.aligned_picture import eye_middles
from fecemo.imaging.landmarks.alignment import align
from fecemo.imaging.landmarks.blendshapes import BLENDSHAPE_NAMES, MODEL_NAMES
from fecemo.imaging.landmarks.distances import DISTANCE_NAMES, distances
from fecemo.imaging.landmarks.gradients import GRADIENT_NAMES, gradients
from fecemo.imaging.landmarks.mesh import Landmarker, find_mesh

GROUPS: dict[str, tuple[str, ...]] = {
    "distances": DISTANCE_NAMES, "blendshapes": BLENDSHAPE_NAMES, "gradients": GRADIENT_NAMES,
}
"""Names of the numbers of a face, by what they are."""
COLUMNS = tuple(name for names in GROUPS.values() for name in names)
"""Names of the 261 numbers of a face."""
SURE = 0.5
"""Score from which a mesh is taken for a face: the one that MediaPipe itself demands."""


def columns_of(groups: Iterable[str]) -> np.ndarray:
    """Return where the numbers of some groups stand among `COLUMNS`: ndarray of shape (d,), int64, ascending."""
    chosen = [name for group in groups for name in GROUPS[group]]
    return np.array(sorted(COLUMNS.index(name) for name in chosen), np.int64)


def measure(face: np.ndarray, landmarker: Landmarker) -> tuple[np.ndarray, float, np.ndarray]:
    """Measure one face.

    Parameters
    ----------
    face : ndarray of shape (side, side, 3), uint8
        RGB.
    landmarker : Landmarker

    Returns
    -------
    values : ndarray of shape (261,), float32
        In the order of `COLUMNS`: distances as shares of the face's height, blendshapes and gradients in [0, 1].
    score : float
        How sure the model is of a face, in [0, 1]; below `SURE` the values are not to be trusted.
    eyes : ndarray of shape (2, 2), float64
        Middles of the right and of the left eye, x and y in pixels of the face.
    """
    found = find_mesh(face, landmarker)
    lengths = distances(align(found.landmarks[None]))[0]
    shapes = found.blendshapes[[MODEL_NAMES.index(name) for name in BLENDSHAPE_NAMES]]
    values = np.concatenate([lengths, shapes, gradients(face, found.landmarks)]).astype(np.float32)
    return values, found.score, eye_middles(found.landmarks)
