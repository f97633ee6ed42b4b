"""Landmark features of a face: distances of its aligned mesh, its blendshapes, and gradients of mouth and brows.

The distances follow what single muscles of the face do (Ekman's action units, AU): where lips and brows are. What lies
between them, creases, teeth and lids, is in the histograms of oriented gradients (Dalal and Triggs 2005) of two parts,
which are cut out upright, and in proportion to the face, around landmarks of the mesh.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import align, eye_middles
from fecemo.imaging.landmarks.mesh import CROP_SIDE, Landmarker, Region, find_mesh
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES, MODEL_NAMES
from fecemo.imaging.landmarks.quarters import mouth_middle

BETWEEN: dict[str, tuple[int, int]] = {
    "mouth width": (points.RIGHT_MOUTH_CORNER, points.LEFT_MOUTH_CORNER),  # AU 12, 20 widen it, 18 narrows it
    "mouth opening": (points.UPPER_LIP_INSIDE, points.LOWER_LIP_INSIDE),  # AU 25, 26, 27
    "lips height": (points.UPPER_LIP, points.LOWER_LIP),  # AU 25 to 27; 23, 24 press it together
    "upper lip thickness": (points.UPPER_LIP, points.UPPER_LIP_INSIDE),  # AU 10, 23, 28
    "lower lip thickness": (points.LOWER_LIP_INSIDE, points.LOWER_LIP),  # AU 16, 23, 28
    "right eye opening": (points.RIGHT_UPPER_LID, points.RIGHT_LOWER_LID),  # AU 5 widens it, 6, 7, 43 close it
    "left eye opening": (points.LEFT_UPPER_LID, points.LEFT_LOWER_LID),
    "right brow height": (points.RIGHT_BROW, points.RIGHT_UPPER_LID),  # AU 2 raises it, 4 lowers it
    "left brow height": (points.LEFT_BROW, points.LEFT_UPPER_LID),
    "brows apart": (points.RIGHT_BROW_INNER, points.LEFT_BROW_INNER),  # AU 4 draws them together
    "right inner brow height": (points.RIGHT_BROW_INNER, points.RIGHT_EYE_INNER),  # AU 1 raises it
    "left inner brow height": (points.LEFT_BROW_INNER, points.LEFT_EYE_INNER),
    "nose to lip": (points.NOSE_BASE, points.UPPER_LIP),  # AU 9, 10 shorten it
    "lip to chin": (points.LOWER_LIP, points.CHIN),  # AU 17 shortens it
    "right cheek": (points.RIGHT_MOUTH_CORNER, points.RIGHT_EYE_SIDE),  # AU 6, 12 shorten it, 15 lengthens it
    "left cheek": (points.LEFT_MOUTH_CORNER, points.LEFT_EYE_SIDE),
}
"""The two landmarks of each distance."""

BELOW: dict[str, tuple[int, int]] = {
    "right mouth corner below lip": (points.RIGHT_MOUTH_CORNER, points.UPPER_LIP_INSIDE),  # AU 12 lifts it, 15 lowers
    "left mouth corner below lip": (points.LEFT_MOUTH_CORNER, points.UPPER_LIP_INSIDE),
}
"""How far down the first landmark stands from the second; below 0 where it stands higher."""

DISTANCE_NAMES = (*BETWEEN, *BELOW)


def distances(aligned: np.ndarray) -> np.ndarray:
    """Return the distances of meshes as shares of the face's height, from forehead to chin.

    Parameters
    ----------
    aligned : ndarray of shape (n, 478, 3)
        As `align` gives them.

    Returns
    -------
    ndarray of shape (n, 18), float64
        In the order of `DISTANCE_NAMES`.
    """
    first, second = np.array(list(BETWEEN.values())).T
    lower, upper = np.array(list(BELOW.values())).T
    between = np.linalg.norm(aligned[:, first] - aligned[:, second], axis=-1)
    below = aligned[:, lower, 1] - aligned[:, upper, 1]
    height = np.linalg.norm(aligned[:, points.FOREHEAD] - aligned[:, points.CHIN], axis=-1)
    measured: np.ndarray = np.concatenate([between, below], axis=1) / height[:, None]
    return measured


DIRECTIONS = 8
"""Into which the circle is divided: whether teeth are brighter than lips, or an open mouth darker, is told apart."""
CELL = 16
"""Side of a cell in pixels of the part."""
BLOCK = 2
"""Cells along a block, in which contrast is made equal. Blocks begin at every cell, so that they share cells."""


@dataclass(frozen=True)
class Part:
    """A part of a face."""

    around: tuple[int, ...]  #: Landmarks whose mean is its middle.
    share: float  #: Its width, as a share of the distance between the outer corners of the eyes.
    #: `rows`, `columns`: Cells; at least `BLOCK`.
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
GRADIENT_NAMES = tuple(f"{name}: {number}" for name, part in PARTS.items() for number in part.names)


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


GROUPS: dict[str, tuple[str, ...]] = {
    "distances": DISTANCE_NAMES, "blendshapes": BLENDSHAPE_NAMES, "gradients": GRADIENT_NAMES,
}
"""Names of the numbers of a face, by what they are."""
COLUMNS = tuple(name for names in GROUPS.values() for name in names)
"""Names of the 261 numbers of a face."""
SURE = 0.5
"""Score from which a mesh is taken for a face: the one that MediaPipe itself demands."""


def columns_of(groups: Iterable[str]) -> np.ndarray:
    """Return where the numbers of some groups are among `COLUMNS`: ndarray of shape (d,), int64, ascending."""
    chosen = [name for group in groups for name in GROUPS[group]]
    return np.array(sorted(COLUMNS.index(name) for name in chosen), np.int64)


def landmark_features(face: np.ndarray, landmarker: Landmarker) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the landmark features of one face.

    Parameters
    ----------
    face : ndarray of shape (side, side, 3), uint8
        RGB.

    Returns
    -------
    values : ndarray of shape (261,), float32
        In the order of `COLUMNS`: distances as shares of the face's height, blendshapes and gradients in [0, 1].
    score : float
        How sure the model is of a face, in [0, 1]; below `SURE` the values are not to be trusted.
    places : ndarray of shape (3, 2), float64
        Middles of the right eye, of the left eye and of the mouth, x and y in pixels of the face.
    """
    mesh = find_mesh(face, landmarker)
    lengths = distances(align(mesh.landmarks[None]))[0]
    shapes = mesh.blendshapes[[MODEL_NAMES.index(name) for name in BLENDSHAPE_NAMES]]
    values = np.concatenate([lengths, shapes, gradients(face, mesh.landmarks)]).astype(np.float32)
    return values, mesh.score, np.vstack([eye_middles(mesh.landmarks), mouth_middle(mesh.landmarks)])
