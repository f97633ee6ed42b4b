"""The mesh of a face that is cut out already: no detector is asked, the mesh itself shows where to look again."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fecemo.imaging.landmarks import points

CROP_SIDE = 256
"""Side in pixels of the square that the model takes."""
MIDDLE = (CROP_SIDE - 1) / 2
MARGIN = 1.5
"""By how much the square is larger than the mesh, as the model was trained."""
NEAR_SHIFT, NEAR_ANGLE, NEAR_SIDE = 0.08, math.radians(10), 0.2
"""Squares whose middles, in sides, whose angles and whose sides differ by less show nearly the same."""


@dataclass(frozen=True)
class Region:
    """A turned square of a picture."""

    #: `x`, `y`: Its middle, in pixels of the picture; a pixel's middle has whole coordinates.
    x: float
    y: float
    angle: float  #: Radians from the picture's x axis to the square's, clockwise as seen.
    side: float  #: In pixels of the picture.

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """Return the square upright; what lies outside of the picture repeats its edge.

        Parameters
        ----------
        picture : ndarray of shape (height, width, 3), uint8

        Returns
        -------
        ndarray of shape (256, 256, 3), uint8
        """
        import cv2

        matrix = self._rotation() * (CROP_SIDE / self.side)
        move = MIDDLE - matrix @ (self.x, self.y)
        cut: np.ndarray = cv2.warpAffine(picture, np.column_stack([matrix, move]), (CROP_SIDE, CROP_SIDE),
                                         flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return cut

    def is_near(self, other: "Region") -> bool:
        """Tell whether another square shows nearly the same: a model would read nearly the same mesh off it."""
        return (math.hypot(other.x - self.x, other.y - self.y) < NEAR_SHIFT * self.side
                and abs(other.angle - self.angle) < NEAR_ANGLE
                and abs(other.side - self.side) < NEAR_SIDE * self.side)

    def to_picture(self, landmarks: np.ndarray) -> np.ndarray:
        """Return points of the upright square, (n, 3) in its pixels, in pixels of the picture."""
        scale = self.side / CROP_SIDE
        # The transpose of a rotation is its inverse, and rows of points are multiplied from the left.
        flat = (landmarks[:, :2] - MIDDLE) @ self._rotation() * scale + (self.x, self.y)
        return np.column_stack([flat, landmarks[:, 2] * scale])

    def _rotation(self) -> np.ndarray:
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cos, sin], [-sin, cos]])


def middle_region(picture: np.ndarray, share: float) -> Region:
    """Return an upright square in the middle of a square picture, of ``share`` times its side."""
    side = picture.shape[0]
    return Region((side - 1) / 2, (side - 1) / 2, 0.0, share * side)


def region_of(landmarks: np.ndarray) -> Region:
    """Return the square in which a mesh stands upright, with `MARGIN` around it.

    Parameters
    ----------
    landmarks : ndarray of shape (478, 3)
        In pixels of the picture.
    """
    across = landmarks[points.LEFT_EYE_OUTER] - landmarks[points.RIGHT_EYE_OUTER]
    turned = Region(0.0, 0.0, math.atan2(across[1], across[0]), 1.0)
    upright = landmarks[:, :2] @ turned._rotation().T
    low, high = upright.min(axis=0), upright.max(axis=0)
    middle = (low + high) / 2 @ turned._rotation()
    return Region(float(middle[0]), float(middle[1]), turned.angle, float(MARGIN * np.max(high - low)))


FIRST_SHARES = (1.3, 1.6)
"""Sides of the first squares, as shares of the picture's: stored faces fill it, and the model expects a margin."""
SURE = 0.9
"""A score from which further first squares would cost a pass and change nothing that a classifier notices."""
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
    """What was found in a picture of a face."""

    #: Of shape (478, 3), float64. x and y in pixels of the picture, z in the same unit, away from the camera.
    landmarks: np.ndarray
    score: float  #: How sure the model is that this is a face, in [0, 1].
    blendshapes: np.ndarray  #: Of shape (52,), float32. In [0, 1], in the order of `MODEL_NAMES`.


def find_mesh(face: np.ndarray, landmarker: Landmarker) -> FaceMesh:
    """Find the mesh of a face in one pass or two.

    The first looks at upright squares in the middle of the picture, until it is sure of a face, and keeps the surest;
    the second at the square in which that mesh is upright, unless a sure first look saw nearly that square.

    Parameters
    ----------
    face : ndarray of shape (side, side, 3), uint8
        RGB; a data set's.
    """
    looks: list[tuple[Region, np.ndarray, float]] = []
    for share in FIRST_SHARES:
        looks.append(_look(face, middle_region(face, share), landmarker))
        if looks[-1][2] >= SURE:
            break
    region, crop_landmarks, score = max(looks, key=lambda look: look[2])
    closer = region_of(region.to_picture(crop_landmarks))
    shortest, longest = (share * face.shape[0] for share in LIKELY_SHARES)
    is_seen_well = score >= SURE and region.is_near(closer)
    if shortest <= closer.side <= longest and not is_seen_well:
        region, crop_landmarks, score = _look(face, closer, landmarker)
    return FaceMesh(region.to_picture(crop_landmarks), score, landmarker.blendshapes(crop_landmarks))


def _look(face: np.ndarray, region: Region, landmarker: Landmarker) -> tuple[Region, np.ndarray, float]:
    return region, *landmarker.mesh(region.cut(face))
