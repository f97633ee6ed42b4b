"""Turning a head: where points of the frontal face fall in a picture, and the reverse for every pixel."""

from dataclasses import dataclass

import cv2
import numpy as np

from fecemo.drawn.canvas import Points
from fecemo.drawn.capture import Capture
from fecemo.drawn.skin import BOTTOM, LEFT, RIGHT, TOP

PIVOT = 0.30
"""Distance in depth between the head's axis and its outline, in face units: what stands further out goes with a turn,
what lies behind goes against it."""
_ROUND, _NOSE = 0.62, 0.15


@dataclass(frozen=True)
class Placement:
    """Where and how a head stands in a picture."""

    centre: tuple[float, float]  #: Pixel of the point between the eyes of a head that is not turned.
    pixels_per_unit: float  #: Pixels of the picture for one face unit.
    #: `yaw`, `pitch`, `roll`: In radians; see `Capture`.
    yaw: float
    pitch: float
    roll: float

    def project(self, points: Points) -> Points:
        """Return where (n, 2) points of the frontal face, in face units, fall: x, y in pixels, (n, 2), float32."""
        return self._in_picture(self.turned(points))

    def turned(self, points: Points, depth: np.ndarray | float | None = None) -> Points:
        """Return points of the frontal face after yaw and pitch, in face units."""
        x, y = points[:, 0], points[:, 1]
        out = (_depth(x, y) if depth is None else depth) - PIVOT
        return np.stack([x * _narrowed(self.yaw) + out * np.sin(self.yaw),
                         y * _narrowed(self.pitch) - out * np.sin(self.pitch)], 1).astype(np.float32)

    def behind(self) -> np.ndarray:
        """Return the affine transform, of shape (2, 3), from turned face units to pixels."""
        cosine, sine = np.cos(self.roll) * self.pixels_per_unit, np.sin(self.roll) * self.pixels_per_unit
        return np.array([[cosine, -sine, self.centre[0]], [sine, cosine, self.centre[1]]], np.float32)

    def _in_picture(self, turned: Points) -> Points:
        transform = self.behind()
        return turned @ transform[:, :2].T + transform[:, 2]

    def warp(self, head: np.ndarray, pixels_per_unit: float,
             size: tuple[int, int]) -> tuple[np.ndarray, tuple[slice, slice]]:
        """Return the painted head as the picture shows it.

        Parameters
        ----------
        head : ndarray of shape (4, head_height, head_width), float32
            The frontal head's canvas.
        pixels_per_unit : float
            Of that canvas.
        size : tuple of int
            Height and width of the picture.

        Returns
        -------
        pixels : ndarray of shape (4, n_rows, n_columns), float32
            Premultiplied.
        window : tuple of slice
            Rows and columns of the picture that they belong to.
        """
        corners = np.array([(LEFT, TOP), (RIGHT, TOP), (RIGHT, BOTTOM), (LEFT, BOTTOM)], np.float32)
        placed = self._in_picture(self.turned(corners, 0.0))
        low = np.maximum(np.floor(placed.min(0)).astype(int), 0)
        high = np.minimum(np.ceil(placed.max(0)).astype(int) + 1, (size[1], size[0]))
        if (high <= low).any():
            return np.zeros((4, 0, 0), np.float32), (slice(0, 0), slice(0, 0))
        rows = np.arange(low[1], high[1], dtype=np.float32)[:, None] - np.float32(self.centre[1])
        columns = np.arange(low[0], high[0], dtype=np.float32)[None] - np.float32(self.centre[0])
        cosine, sine = (np.float32(part(self.roll) / self.pixels_per_unit) for part in (np.cos, np.sin))
        seen_x, seen_y = cosine * columns + sine * rows, cosine * rows - sine * columns

        # The reverse of `turned` has no closed form: a few rounds of guessing the depth come near enough.
        x, y = seen_x, seen_y
        narrow_x, narrow_y = np.float32(1 / _narrowed(self.yaw)), np.float32(1 / _narrowed(self.pitch))
        turn_x, turn_y = np.float32(np.sin(self.yaw)), np.float32(np.sin(self.pitch))
        for _ in range(4):
            out = _depth(x, y) - np.float32(PIVOT)
            x, y = (seen_x - out * turn_x) * narrow_x, (seen_y + out * turn_y) * narrow_y
        scale = np.float32(pixels_per_unit)
        pixels = cv2.remap(cv2.merge(list(head)), (x - np.float32(LEFT)) * scale, (y - np.float32(TOP)) * scale,
                           cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0))
        return np.stack(cv2.split(pixels)), (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))


def placement(capture: Capture, centre: tuple[float, float], pixels_per_unit: float) -> Placement:
    """Return how a head stands in a picture, from its capture's pose."""
    yaw, pitch, roll = np.radians((capture.yaw, capture.pitch, capture.roll))
    return Placement(centre, pixels_per_unit, float(yaw), float(pitch), float(roll))


def _narrowed(angle: float) -> float:
    # A head is nearly as deep as wide: turning narrows it less than it would a mask.
    return float(1 - 0.4 * (1 - np.cos(angle)))


def _depth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far the face stands out, smooth enough that a turn never folds it over itself."""
    around = np.minimum((x * np.float32(1 / 0.98)) ** 2 + (y * np.float32(1 / 1.32)) ** 2, 1.0)
    nose = 1 + (x * np.float32(1 / 0.17)) ** 2 + ((y - np.float32(0.40)) * np.float32(1 / 0.26)) ** 2
    return np.float32(_ROUND) * (1 - around) + np.float32(_NOSE) / (nose * nose)
