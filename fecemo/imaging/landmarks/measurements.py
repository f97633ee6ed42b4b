"""What is measured on a face: distances of its aligned mesh, and its blendshapes."""

import numpy as np

from fecemo.imaging.landmarks.alignment import align
from fecemo.imaging.landmarks.blendshapes import BLENDSHAPE_NAMES, MODEL_NAMES
from fecemo.imaging.landmarks.distances import DISTANCE_NAMES, distances
from fecemo.imaging.landmarks.mesh import Landmarker, find_mesh

COLUMNS = (*DISTANCE_NAMES, *BLENDSHAPE_NAMES)
"""Names of the 69 numbers of a face."""
SURE = 0.5
"""Score from which a mesh is taken for a face: the one that MediaPipe itself demands."""


def measure(face: np.ndarray, landmarker: Landmarker) -> tuple[np.ndarray, float]:
    """Measure one face.

    Parameters
    ----------
    face : ndarray of shape (side, side, 3), uint8
        RGB.
    landmarker : Landmarker

    Returns
    -------
    values : ndarray of shape (69,), float32
        In the order of `COLUMNS`: distances as shares of the face's height, blendshapes in [0, 1].
    score : float
        How sure the model is of a face, in [0, 1]; below `SURE` the values are not to be trusted.
    """
    found = find_mesh(face, landmarker)
    lengths = distances(align(found.landmarks[None]))[0]
    shapes = found.blendshapes[[MODEL_NAMES.index(name) for name in BLENDSHAPE_NAMES]]
    return np.concatenate([lengths, shapes]).astype(np.float32), found.score
