"""Smooth curves through control points, and ribbons along them."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float32]
_TURN = np.array([-1, 1], np.float32)


@lru_cache(maxsize=64)
def _weights(count: int, samples: int, closed: bool) -> np.ndarray:
    """Return the matrix that turns control points into points of a Catmull-Rom spline.

    Returns
    -------
    ndarray of shape (n_points, count), float32
    """
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
    """Return a smooth curve that passes through control points.

    Parameters
    ----------
    control : array-like of shape (n_control, 2)
        Points to pass through.
    samples : int
        Points of the curve for each control point.
    closed : bool
        Whether the curve returns to its first point.

    Returns
    -------
    ndarray of shape (n_points, 2), float32
    """
    points = np.asarray(control, np.float32)
    return _weights(len(points), samples, closed) @ points


def ribbon(curve: Points, widths: ArrayLike) -> Points:
    """Return the outline of a stroke along a curve whose width may change.

    Parameters
    ----------
    curve : ndarray of shape (n, 2)
        Middle of the stroke.
    widths : array-like of shape (n,) or ()
        Full width at each point, in the units of the curve.

    Returns
    -------
    ndarray of shape (2 * n, 2), float32
        A closed polygon.
    """
    along = np.empty_like(curve)
    along[1:-1] = curve[2:] - curve[:-2]
    along[0], along[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    half = (
        np.float32(0.5)
        * np.asarray(widths, np.float32)
        / np.maximum(np.hypot(along[:, 0], along[:, 1]), np.float32(1e-6))
    )
    outline = np.empty((2 * len(curve), 2), np.float32)
    across = along[:, ::-1] * _TURN * half[:, None]
    outline[:len(curve)] = curve + across
    outline[len(curve):] = (curve - across)[::-1]
    return outline


@lru_cache(maxsize=256)
def taper(count: int, start: float = 0.0, end: float = 0.0) -> np.ndarray:
    """Return widths that swell from ``start`` to 1 in the middle and fall to ``end``, for `ribbon`.

    Returns
    -------
    ndarray of shape (count,), float32
    """
    t = np.linspace(0.0, 1.0, count, dtype=np.float32)
    swell = np.sin(np.pi * t)
    return np.maximum(swell, np.where(t < 0.5, start, end)).astype(np.float32)


@lru_cache(maxsize=16)
def _circle(count: int) -> Points:
    t = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(t), np.sin(t)], 1).astype(np.float32)


def ellipse(
    centre: tuple[float, float], radius_x: float, radius_y: float, angle: float = 0.0, count: int = 28
) -> Points:
    """Return an ellipse as a polygon; ``angle`` is in radians, clockwise in a picture.

    Returns
    -------
    ndarray of shape (count, 2), float32
    """
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    axes = np.array([(cosine * radius_x, sine * radius_x), (-sine * radius_y, cosine * radius_y)], np.float32)
    polygon: Points = _circle(count) @ axes + np.array(centre, np.float32)
    return polygon


def mirrored(points: ArrayLike, side: int) -> Points:
    """Return points of the picture's right half for one side: as they are for 1, mirrored for -1.

    Returns
    -------
    ndarray of shape (n, 2), float32
    """
    mirrored_points: Points = np.asarray(points, np.float32) * np.array([side, 1], np.float32)
    return mirrored_points
