"""Histograms of oriented gradients of mouth and brows (Dalal and Triggs 2005): creases, teeth, lids.

Distances know where lips and brows are; what lies between them is seen here. Both parts are cut out upright, and in
proportion to the face, around landmarks of its mesh.
"""

import math
from dataclasses import dataclass

import numpy as np

from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.region import CROP_SIDE, Region

DIRECTIONS = 8
"""Into which the circle is divided: whether teeth are brighter than lips, or an open mouth darker, is told apart."""
CELL = 16
"""Side of a cell in pixels of the part."""
BLOCK = 2
"""Cells along a block, in which contrast is made equal. Blocks begin at every cell, so that they share cells."""


@dataclass(frozen=True)
class Part:
    """A part of a face.

    Parameters
    ----------
    around : tuple of int
        Landmarks whose mean is its middle.
    share : float
        Its width, as a share of the distance between the outer corners of the eyes.
    rows, columns : int
        Cells; at least `BLOCK`.
    """

    around: tuple[int, ...]
    share: float
    rows: int
    columns: int

    def cut(self, face: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Return the part upright, in gray levels: ndarray of shape (16 rows, 16 columns), uint8."""
        import cv2

        across = (landmarks[points.LEFT_EYE_OUTER] - landmarks[points.RIGHT_EYE_OUTER])[:2]
        x, y = landmarks[list(self.around), :2].mean(axis=0)
        # A lost mesh may have both eyes in one place; a square of no size could not be cut.
        side = max(1.0, self.share * float(np.hypot(*across)))
        square = Region(float(x), float(y), math.atan2(across[1], across[0]), side).cut(face)
        above = CROP_SIDE * (self.columns - self.rows) // (2 * self.columns)
        part: np.ndarray = cv2.resize(cv2.cvtColor(square[above : CROP_SIDE - above], cv2.COLOR_RGB2GRAY),
                                      (CELL * self.columns, CELL * self.rows), interpolation=cv2.INTER_AREA)
        return part

    @property
    def names(self) -> tuple[str, ...]:
        """Tuple of str: What its numbers are, in OpenCV's order: blocks, and cells of a block, by columns."""
        return tuple(f"block {column + 1} {row + 1}, cell {along + 1} {down + 1}, "
                     f"{360 * (2 * step + 1) // (2 * DIRECTIONS)}°"
                     for column in range(self.columns - BLOCK + 1) for row in range(self.rows - BLOCK + 1)
                     for along in range(BLOCK) for down in range(BLOCK) for step in range(DIRECTIONS))


PARTS: dict[str, Part] = {
    "mouth": Part((points.RIGHT_MOUTH_CORNER, points.LEFT_MOUTH_CORNER), 1.3, rows=3, columns=3),
    "brows": Part((points.RIGHT_BROW, points.LEFT_BROW, points.RIGHT_EYE_OUTER, points.LEFT_EYE_OUTER), 1.5, rows=2,
                  columns=3),
}
GRADIENT_NAMES = tuple(f"{part}: {name}" for part, its in PARTS.items() for name in its.names)


def gradients(face: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return the histograms of a face.

    Each block of four cells is scaled to unit length, limited to 0.2 and scaled again ("L2-Hys"), so that light and
    contrast do not matter.

    Parameters
    ----------
    face : ndarray of shape (side, side, 3), uint8
        RGB.
    landmarks : ndarray of shape (478, 3)
        In pixels of the face.

    Returns
    -------
    ndarray of shape (192,), float32
        In [0, 1], in the order of `GRADIENT_NAMES`.
    """
    return np.concatenate([_histograms(part.cut(face, landmarks)) for part in PARTS.values()])


def _histograms(part: np.ndarray) -> np.ndarray:
    import cv2

    cell = (CELL, CELL)
    describe = cv2.HOGDescriptor(_winSize=part.shape[::-1], _blockSize=(BLOCK * CELL, BLOCK * CELL), _blockStride=cell,
                                 _cellSize=cell, _nbins=DIRECTIONS, _signedGradient=True)
    return np.asarray(describe.compute(part), np.float32).ravel()
