"""Pictures moved by triangles: a piecewise-affine inverse warp."""

import numpy as np

SHIFT = 4
"""Corners of triangles are rounded to 1 / 2**SHIFT of a pixel where it is decided which triangle holds a pixel."""
MIN_AREA = 1e-6
"""Square pixels of a triangle that holds anything."""


def triangulate(points: np.ndarray) -> np.ndarray:
    """Return the Delaunay triangles of points, their corners in the same sense of rotation.

    Parameters
    ----------
    points : ndarray of shape (n, 2), float

    Returns
    -------
    ndarray of shape (t, 3), int64
        Rows of the points; `areas` of these points are positive.
    """
    from scipy.spatial import Delaunay

    triangles = np.asarray(Delaunay(points).simplices, np.int64)
    mirrored = areas(points, triangles) < 0
    triangles[mirrored] = triangles[mirrored][:, ::-1]
    return triangles


def areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return the signed area of each triangle, below 0 where it was turned over: ndarray of shape (t,), float64."""
    first, second, third = np.moveaxis(points[triangles], 1, 0)
    sides, others = second - first, third - first
    return 0.5 * np.asarray(sides[:, 0] * others[:, 1] - sides[:, 1] * others[:, 0], np.float64)


def inverse_warp(picture: np.ndarray, source: np.ndarray, destination: np.ndarray, triangles: np.ndarray,
                 side: int | None = None) -> np.ndarray:
    """Return a picture of which the points of each triangle were moved, and with them all that lies within.

    A pixel of the result with barycentric coordinates (a, b, c) in the moved triangle shows what is at a, b, c in the
    unmoved one, between pixels bilinearly. A pixel outside of all triangles stays as it is, or is 0 in a picture of
    another side; of triangles that cover each other the last is seen, and those that show their back are not. What lies
    outside of the picture repeats its edge.

    Parameters
    ----------
    picture : ndarray of shape (height, width, channels), uint8 or float32
    source, destination : ndarray of shape (n, 2), float
        Points before and after, x and y in pixels; a pixel's middle has whole coordinates.
    triangles : ndarray of shape (t, 3), int64
        In the order in which they are painted.
    side : int, optional
        Of a square that shows the triangles alone, in the place of a picture as large as this one.

    Returns
    -------
    ndarray of shape (height, width, channels), of the picture's type
        The picture itself, exactly, where no point was moved.
    """
    import cv2

    height, width = picture.shape[:2] if side is None else (side, side)
    holder = holders(destination, triangles, height, width)
    rows, columns = np.nonzero(holder >= 0)
    corners = triangles[holder[rows, columns]]
    shares = _barycentric(np.column_stack([columns, rows]).astype(np.float64), destination[corners])
    back = np.einsum("nk,nkd->nd", shares, (source - destination)[corners])
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x[rows, columns] += back[:, 0].astype(np.float32)
    y[rows, columns] += back[:, 1].astype(np.float32)
    warped: np.ndarray = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    warped = warped.reshape(height, width, -1)
    if side is not None:
        warped[holder < 0] = 0
    return warped


def holders(points: np.ndarray, triangles: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return which triangle holds each pixel, -1 for none: ndarray of shape (height, width), int32."""
    import cv2

    holder = np.full((height, width), -1, np.int32)
    fixed = np.rint(points * 2**SHIFT).astype(np.int32)
    for number in np.flatnonzero(areas(points, triangles) > MIN_AREA).tolist():
        cv2.fillConvexPoly(holder, fixed[triangles[number]], number, shift=SHIFT)
    return holder


def _barycentric(places: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return barycentric coordinates of places in triangles of area above 0, of places beyond an edge those on it.

    Parameters
    ----------
    places : ndarray of shape (n, 2), float64
    corners : ndarray of shape (n, 3, 2), float64

    Returns
    -------
    ndarray of shape (n, 3), float64
        In [0, 1], with sum 1.
    """
    first, second, third = np.moveaxis(corners, 1, 0)
    along, across, to = second - first, third - first, places - first
    area = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    of_second = (to[:, 0] * across[:, 1] - to[:, 1] * across[:, 0]) / area
    of_third = (along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0]) / area
    shares = np.clip(np.column_stack([1 - of_second - of_third, of_second, of_third]), 0, 1)
    return shares / shares.sum(axis=1, keepdims=True)
