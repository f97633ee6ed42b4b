"""Where in a picture the landmark model looks: a turned square."""

import math
from dataclasses import dataclass

import numpy as np

from fecemo.imaging.landmarks import points

CROP_SIDE = 256
"""Side in pixels of the square that the model takes."""
MIDDLE = (CROP_SIDE - 1) / 2
MARGIN = 1.5
"""By how much the square is larger than the mesh, as the model was trained."""


@dataclass(frozen=True)
class Region:
    """A turned square of a picture.

    Parameters
    ----------
    x, y : float
        Its middle, in pixels of the picture; a pixel's middle has whole coordinates.
    angle : float
        Radians from the picture's x axis to the square's, clockwise as seen.
    side : float
        In pixels of the picture.
    """

    x: float
    y: float
    angle: float
    side: float

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

        turn = self._turn() * (CROP_SIDE / self.side)
        move = MIDDLE - turn @ (self.x, self.y)
        cut: np.ndarray = cv2.warpAffine(picture, np.column_stack([turn, move]), (CROP_SIDE, CROP_SIDE),
                                         flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return cut

    def to_picture(self, landmarks: np.ndarray) -> np.ndarray:
        """Return points of the upright square, (n, 3) in its pixels, in pixels of the picture."""
        scale = self.side / CROP_SIDE
        # The transpose of a turn is the turn back, and rows of points are multiplied from the left.
        flat = (landmarks[:, :2] - MIDDLE) @ self._turn() * scale + (self.x, self.y)
        return np.column_stack([flat, landmarks[:, 2] * scale])

    def _turn(self) -> np.ndarray:
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
    upright = landmarks[:, :2] @ turned._turn().T
    low, high = upright.min(axis=0), upright.max(axis=0)
    middle = (low + high) / 2 @ turned._turn()
    return Region(float(middle[0]), float(middle[1]), turned.angle, float(MARGIN * np.max(high - low)))
