"""A picture as the bytes of an image file."""

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
