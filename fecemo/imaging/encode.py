"""Pictures as the bytes of image files: one, or many faces on one sheet."""

from collections.abc import Iterable

import numpy as np

SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
"""Of the image files that can be written."""


def encode_image(picture: np.ndarray, kind: str, quality: int | None = None) -> bytes:
    """Return a picture as an image file.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 1 or 3), uint8
        Gray, or RGB.
    kind : {"png", "jpeg"}
        PNG loses nothing.
    quality : int, optional
        Of a JPEG, 1 to 100. Colours are kept at full resolution.

    Returns
    -------
    bytes
    """
    import cv2

    options = []
    if quality is not None:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality,
                   cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, data = cv2.imencode(SUFFIXES[kind], np.ascontiguousarray(picture[:, :, ::-1]), options)
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} could not be encoded as {kind}")
    return data.tobytes()


TILE = 100


def contact_sheet(faces: Iterable[np.ndarray], columns: int = 20, kind: str = "jpeg") -> bytes:
    """Return faces in rows as an image file.

    Parameters
    ----------
    faces : iterable of ndarray of shape (height, width, 3), uint8
        RGB; at least one.
    columns : int
        Faces in a row.
    kind : {"jpeg", "png"}
    """
    import cv2

    tiles = [cv2.resize(face, (TILE, TILE), interpolation=cv2.INTER_AREA) for face in faces]
    columns = min(columns, len(tiles))
    tiles += [np.zeros((TILE, TILE, 3), np.uint8)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start:start + columns]) for start in range(0, len(tiles), columns)]
    return encode_image(np.vstack(rows), kind)
