"""From a picture of any shape to a square face: the two policies that decide how, for shape and for resampling."""

from typing import Literal

import numpy as np

from fecemo.data.variants import FACE_SIDE

Shape = Literal["crop", "pad", "stretch"]


def square_face(image: np.ndarray, shape: Shape = "crop", side: int = FACE_SIDE) -> np.ndarray:
    """Return a picture as a square.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
    shape : {"crop", "pad", "stretch"}
        What happens to a picture that is not square. ``"crop"`` keeps the square in its middle (where the rest is
        odd, the half pixel goes to the right or bottom), ``"pad"`` keeps all of it between black bars, ``"stretch"``
        keeps all of it and changes its proportions.
    side : int
        Pixels.

    Returns
    -------
    ndarray of shape (side, side, 3), uint8
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected uint8 of shape (height, width, 3), found {image.dtype} of shape {image.shape}")
    height, width = image.shape[:2]
    if shape == "crop":
        kept = min(height, width)
        top, left = (height - kept) // 2, (width - kept) // 2
        return resize(image[top : top + kept, left : left + kept], side, side)
    if shape == "stretch":
        return resize(image, side, side)
    scale = side / max(height, width)
    inner = resize(image, max(1, round(height * scale)), max(1, round(width * scale)))
    padded = np.zeros((side, side, 3), np.uint8)
    top, left = (side - inner.shape[0]) // 2, (side - inner.shape[1]) // 2
    padded[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return padded


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resample a picture: what shrinks is averaged over areas, what grows is interpolated by cubics.

    Averaging takes every pixel into account, so that fine detail does not turn into false patterns; cubic
    interpolation keeps edges, and its overshoot is cut off at 0 and 255. A picture that shrinks along one axis and
    grows along the other is shrunk first.

    Parameters
    ----------
    image : ndarray of shape (h, w, channels), uint8
    height, width : int
        Pixels, at least 1.

    Returns
    -------
    ndarray of shape (height, width, channels), uint8
        A contiguous array of its own.
    """
    import cv2

    shrunk = (min(width, image.shape[1]), min(height, image.shape[0]))
    resized = np.ascontiguousarray(image)
    if shrunk != (image.shape[1], image.shape[0]):
        resized = cv2.resize(resized, shrunk, interpolation=cv2.INTER_AREA)
    if shrunk != (width, height):
        resized = cv2.resize(resized, (width, height), interpolation=cv2.INTER_CUBIC)
    return resized.copy() if np.may_share_memory(resized, image) else resized
