"""What is drawn on, and with: curves through points, and a canvas that fills, shades and strokes them."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float32]
_TURN = np.array([-1, 1], np.float32)


@lru_cache(maxsize=64)
def _weights(count: int, samples: int, closed: bool) -> np.ndarray:
    """Return the (n_points, count) matrix, float32, that turns control points into points of a Catmull-Rom spline."""
    segments = count if closed else count - 1
    t = np.arange(samples) / samples
    basis = 0.5 * np.stack([-t**3 + 2 * t**2 - t, 3 * t**3 - 5 * t**2 + 2, -3 * t**3 + 4 * t**2 + t, t**3 - t**2], 1)
    weights = np.zeros((segments * samples + (not closed), count))
    for segment in range(segments):
        rows = slice(segment * samples, (segment + 1) * samples)
        for offset in range(4):
            index = segment + offset - 1
            if closed:
                weights[rows, index % count] += basis[:, offset]
            elif index < 0:  # the curve's straight continuation beyond its first point
                weights[rows, 0] += 2 * basis[:, offset]
                weights[rows, 1] -= basis[:, offset]
            elif index >= count:
                weights[rows, count - 1] += 2 * basis[:, offset]
                weights[rows, count - 2] -= basis[:, offset]
            else:
                weights[rows, index] += basis[:, offset]
    if not closed:
        weights[-1, count - 1] = 1.0
    return weights.astype(np.float32)


def spline(control: ArrayLike, samples: int = 6, closed: bool = False) -> Points:
    """Return a smooth curve through (n_control, 2) points: ndarray of shape (n_points, 2), float32.

    ``samples`` are the points of the curve for each control point; a ``closed`` one returns to its first point.
    """
    points = np.asarray(control, np.float32)
    return _weights(len(points), samples, closed) @ points


def as_points(x: np.ndarray, y: np.ndarray) -> Points:
    """Return points of shape (n, 2), float32."""
    return np.stack([x, y], 1).astype(np.float32)


def ribbon(curve: Points, widths: ArrayLike) -> Points:
    """Return the outline of a stroke along a curve: a closed polygon, ndarray of shape (2 * n, 2), float32.

    ``widths`` is the full width at each of the curve's n points, or at all of them, in the units of the curve.
    """
    along = np.empty_like(curve)
    along[1:-1] = curve[2:] - curve[:-2]
    along[0], along[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    lengths = np.maximum(np.hypot(along[:, 0], along[:, 1]), np.float32(1e-6))
    half = np.float32(0.5) * np.asarray(widths, np.float32) / lengths
    outline = np.empty((2 * len(curve), 2), np.float32)
    across = along[:, ::-1] * _TURN * half[:, None]
    outline[:len(curve)] = curve + across
    outline[len(curve):] = (curve - across)[::-1]
    return outline


@lru_cache(maxsize=256)
def taper(count: int, start: float = 0.0, end: float = 0.0) -> np.ndarray:
    """Return (count,) widths that swell from ``start`` to 1 in the middle and fall to ``end``, for `ribbon`."""
    t = np.linspace(0.0, 1.0, count, dtype=np.float32)
    swell = np.sin(np.pi * t)
    return np.maximum(swell, np.where(t < 0.5, start, end)).astype(np.float32)


@lru_cache(maxsize=16)
def _circle(count: int) -> Points:
    t = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(t), np.sin(t)], 1).astype(np.float32)


def ellipse(centre: tuple[float, float], radius_x: float, radius_y: float, angle: float = 0.0,
            count: int = 28) -> Points:
    """Return an ellipse as a polygon of shape (count, 2); ``angle`` is in radians, clockwise in a picture."""
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    axes = np.array([(cosine * radius_x, sine * radius_x), (-sine * radius_y, cosine * radius_y)], np.float32)
    return _circle(count) @ axes + np.array(centre, np.float32)


def mirrored(points: ArrayLike, side: int) -> Points:
    """Return (n, 2) points of the picture's right half for one side: as they are for 1, mirrored for -1."""
    return np.asarray(points, np.float32) * np.array([side, 1], np.float32)


_FRACTION_BITS = 4
"""cv2.fillPoly takes vertices in sixteenths of a pixel."""
_SHARPEST_SHRUNK = 1.5
"""Standard deviation, in pixels, that is left of a blur when its shape is painted smaller."""


@dataclass(frozen=True)
class Patch:
    """Where a shape covers a canvas, and how much."""

    window: tuple[slice, slice]  #: Rows and columns of the canvas.
    coverage: np.ndarray  #: Of shape (n_rows, n_columns), float32. From 0 to 1.

    def within(self, limit: "Patch") -> "Patch | None":
        """Return the part of this patch that another one lets through, or None if they do not meet."""
        rows = _overlap(self.window[0], limit.window[0])
        columns = _overlap(self.window[1], limit.window[1])
        if rows is None or columns is None:
            return None
        return Patch((rows, columns), self._at(rows, columns) * limit._at(rows, columns))

    def _at(self, rows: slice, columns: slice) -> np.ndarray:
        top, left = self.window[0].start, self.window[1].start
        return self.coverage[rows.start - top:rows.stop - top, columns.start - left:columns.stop - left]


class Canvas:
    """Pixels on which shapes are painted over each other.

    Parameters
    ----------
    height, width : int
        Size in pixels.
    to_pixels : array-like of shape (2, 3)
        Affine transform from face units to pixels, where the middle of the first pixel is (0, 0).

    Attributes
    ----------
    pixels : ndarray of shape (4, height, width), float32
        RGB times alpha, and alpha, from 0 to 1. Channels come first: NumPy is several times faster along rows of
        pixels than along three colours.
    shade : ndarray of shape (3, height, width), float32 or None
        Factor of light on everything painted with ``lit=True``.
    """

    def __init__(self, height: int, width: int, to_pixels: ArrayLike) -> None:
        self.pixels = np.zeros((4, height, width), np.float32)
        self.shade: np.ndarray | None = None
        self.to_pixels = np.asarray(to_pixels, np.float32)
        self.pixels_per_unit = float(np.sqrt(abs(np.linalg.det(self.to_pixels[:, :2]))))

    def covered(self, shapes: Points | list[Points], softness: float = 0.0) -> Patch | None:
        """Return where one polygon, or several together, cover the canvas; None outside of it.

        Polygons of shape (n, 2) are in face units, as is ``softness``, the standard deviation of the edge's blur.
        """
        shapes = shapes if isinstance(shapes, list) else [shapes]
        corners = self.placed(np.concatenate(shapes) if len(shapes) > 1 else shapes[0])
        sigma = softness * self.pixels_per_unit
        margin = 2 + int(2.5 * sigma)
        height, width = self.pixels.shape[1:]
        lowest, highest = corners.min(0), corners.max(0)
        left, top = max(0, int(lowest[0]) - margin), max(0, int(lowest[1]) - margin)
        right, bottom = min(width, int(highest[0]) + margin + 2), min(height, int(highest[1]) + margin + 2)
        if right <= left or bottom <= top:
            return None
        # What is very soft is made small and enlarged: the same picture for a fraction of the time.
        shrink = max(1, int(sigma / _SHARPEST_SHRUNK))
        mask: np.ndarray = np.zeros((-(-(bottom - top) // shrink), -(-(right - left) // shrink)), np.uint8)
        offset = np.array([left, top], np.float32) + np.float32(0.5 * (shrink - 1))
        vertices = np.rint((corners - offset) * np.float32((1 << _FRACTION_BITS) / shrink)).astype(np.int32)
        start = 0
        for shape in shapes:  # one by one: filled together, overlapping polygons would cut holes into each other
            cv2.fillPoly(mask, [vertices[start:start + len(shape)]], 255, cv2.LINE_AA, _FRACTION_BITS)
            start += len(shape)
        if sigma > 0.3:
            mask = cv2.GaussianBlur(mask, (0, 0), sigma / shrink, borderType=cv2.BORDER_CONSTANT)
        if shrink > 1:
            mask = cv2.resize(mask, (mask.shape[1] * shrink, mask.shape[0] * shrink))[:bottom - top, :right - left]
        return Patch((slice(top, bottom), slice(left, right)), mask.astype(np.float32) * np.float32(1 / 255))

    def paint(self, patch: Patch | None, colour: ArrayLike, opacity: float = 1.0, lit: bool = True) -> None:
        """Paint a patch over what is there.

        Parameters
        ----------
        patch : Patch or None
            Where; None paints nothing.
        colour : array-like of shape (3,) or (3, n_rows, n_columns)
            RGB from 0 to 1, of the whole patch or of each of its pixels.
        opacity : float
            From 0 to 1.
        lit : bool
            Whether the face's light falls on it.
        """
        if patch is None or opacity <= 0:
            return
        region = self.pixels[:, *patch.window]
        cover = patch.coverage * np.float32(opacity)
        paint = _planes(colour)
        if lit and self.shade is not None:
            paint = paint * self.shade[:, *patch.window]
        region *= 1 - cover
        region[:3] += cover * paint
        region[3] += cover

    def tint(self, patch: Patch | None, factor: ArrayLike, opacity: float = 1.0) -> None:
        """Multiply what is there by a colour, without adding to alpha: shadows, blush, creases."""
        if patch is None or opacity <= 0:
            return
        cover = patch.coverage * np.float32(opacity)
        self.pixels[:3, *patch.window] *= 1 + cover * (_planes(factor) - 1)

    def fill(self, shapes: Points | list[Points], colour: ArrayLike, *, softness: float = 0.0, opacity: float = 1.0,
             lit: bool = True) -> None:
        """Paint polygons; see `covered` and `paint`."""
        self.paint(self.covered(shapes, softness), colour, opacity, lit)

    def shadow(self, shapes: Points | list[Points], factor: ArrayLike, *, softness: float = 0.0,
               opacity: float = 1.0) -> None:
        """Multiply polygons by a colour; see `covered` and `tint`."""
        self.tint(self.covered(shapes, softness), factor, opacity)

    def placed(self, points: Points) -> Points:
        """Return where points in face units fall, in pixels."""
        return points @ self.to_pixels[:, :2].T + self.to_pixels[:, 2]


def _planes(colour: ArrayLike) -> np.ndarray:
    planes = np.asarray(colour, np.float32)
    return planes[:, None, None] if planes.ndim == 1 else planes


def _overlap(first: slice, second: slice) -> slice | None:
    start, stop = max(first.start, second.start), min(first.stop, second.stop)
    return slice(start, stop) if stop > start else None
