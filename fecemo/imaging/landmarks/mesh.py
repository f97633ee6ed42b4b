"""Find the mesh of a face that has been cut out already: no detector is asked, the mesh itself says where to look."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fecemo.imaging.landmarks.region import Region, middle_region, region_of

FIRST_SHARES = (1.3, 1.6)
"""Sides of the first squares, as shares of the picture's: a pack's faces fill it, and the model expects a margin."""
LIKELY_SHARES = (0.4, 3.0)
"""Sides of a second square that a face can have; where the mesh lies outside of them, the first pass was lost."""


class Landmarker(Protocol):
    """What reads a mesh off an upright square, and blendshapes off the mesh."""

    def mesh(self, crop: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the landmarks (478, 3), in pixels of the crop, and how sure it is of a face, in [0, 1].

        Parameters
        ----------
        crop : ndarray of shape (256, 256, 3), uint8
        """

    def blendshapes(self, landmarks: np.ndarray) -> np.ndarray:
        """Return 52 numbers in [0, 1] for landmarks (478, 3) in pixels of the crop."""


@dataclass(frozen=True)
class FaceMesh:
    """What was found in a picture of a face.

    Parameters
    ----------
    landmarks : ndarray of shape (478, 3), float64
        x and y in pixels of the picture, z in the same unit, away from the camera.
    score : float
        How sure the model is that this is a face, in [0, 1].
    blendshapes : ndarray of shape (52,), float32
        In [0, 1], in the order of `MODEL_NAMES`.
    """

    landmarks: np.ndarray
    score: float
    blendshapes: np.ndarray


def find_mesh(face: np.ndarray, landmarker: Landmarker) -> FaceMesh:
    """Find the mesh of a face in two passes.

    The first looks at upright squares in the middle of the picture and keeps the surer one; the second at the square
    in which that mesh stands upright.

    Parameters
    ----------
    face : ndarray of shape (side, side, 3), uint8
        RGB; a pack's.
    landmarker : Landmarker
    """
    looks = [_look(face, middle_region(face, share), landmarker) for share in FIRST_SHARES]
    region, crop_landmarks, score = max(looks, key=lambda look: look[2])
    closer = region_of(region.to_picture(crop_landmarks))
    least, most = (share * face.shape[0] for share in LIKELY_SHARES)
    if least <= closer.side <= most:
        region, crop_landmarks, score = _look(face, closer, landmarker)
    return FaceMesh(region.to_picture(crop_landmarks), score, landmarker.blendshapes(crop_landmarks))


def _look(face: np.ndarray, region: Region, landmarker: Landmarker) -> tuple[Region, np.ndarray, float]:
    return region, *landmarker.mesh(region.cut(face))
