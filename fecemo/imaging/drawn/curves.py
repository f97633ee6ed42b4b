"""Smooth curves through control points, and ribbons along them."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float32]


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
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    half = 0.5 * np.asarray(widths, np.float32)
    across = np.stack([-along[:, 1], along[:, 0]], 1) * (half[:, None] if half.ndim else half)
    return np.concatenate([curve + across, (curve - across)[::-1]]).astype(np.float32)


def taper(count: int, start: float = 0.0, end: float = 0.0) -> np.ndarray:
    """Return widths that swell from ``start`` to 1 in the middle and fall to ``end``, for `ribbon`.

    Returns
    -------
    ndarray of shape (count,), float32
    """
    t = np.linspace(0.0, 1.0, count, dtype=np.float32)
    swell = np.sin(np.pi * t)
    return np.maximum(swell, np.where(t < 0.5, start, end)).astype(np.float32)


def ellipse(centre: tuple[float, float], radius_x: float, radius_y: float, angle: float = 0.0, count: int = 28) -> Points:
    """Return an ellipse as a polygon; ``angle`` is in radians, clockwise in a picture.

    Returns
    -------
    ndarray of shape (count, 2), float32
    """
    t = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    x, y = radius_x * np.cos(t), radius_y * np.sin(t)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([centre[0] + cosine * x - sine * y, centre[1] + sine * x + cosine * y], 1).astype(np.float32)


def mirrored(points: ArrayLike, side: int) -> Points:
    """Return points of the picture's right half for one side: as they are for 1, mirrored for -1.

    Returns
    -------
    ndarray of shape (n, 2), float32
    """
    return (np.asarray(points, np.float32) * np.array([side, 1], np.float32)).astype(np.float32)
