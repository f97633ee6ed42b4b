"""A local image file, of whatever kind, as 8-bit RGB."""

from pathlib import Path

import numpy as np

from fecemo.data.reasons import FetchError, Reason
from fecemo.imaging.decode import FORMATS, decode, read_header, reduction_for

FILE_FORMATS = (*FORMATS, "TIFF")
"""Files of one's own may be scans; strangers' TIFFs are not read."""

MAX_FILE_BYTES = 1 << 29
MAX_FILE_PIXELS = 200_000_000
CANNOT_OPEN = "cannot_open"

_REDUCIBLE = ("JPEG", "MPO")


class ImageFileError(Exception):
    """A file that cannot be had as a picture.

    Parameters
    ----------
    reason : str
        Short and fixed: a `Reason`, or ``"cannot_open"``.
    detail : str
        Free text.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def read_image(path: Path, at_least: int | None = None) -> np.ndarray:
    """Decode an image file.

    Grey, palette, CMYK, 16-bit and transparent pictures become 8-bit RGB, as `decode` does it; an animation or a
    file of many pages gives its first; a picture with an EXIF orientation is turned upright.

    Parameters
    ----------
    path : Path
    at_least : int, optional
        A large JPEG may be decoded at a half, a quarter or an eighth of its size, as long as its shorter side keeps
        this many pixels. That costs a fraction of the time and under one gray level on average.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        RGB.

    Raises
    ------
    ImageFileError
        If the file cannot be opened, is too large, is no picture, or is damaged where the decoder can tell.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ImageFileError(Reason.TOO_LARGE.value, f"more than {MAX_FILE_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise ImageFileError(CANNOT_OPEN, error.strerror or str(error)) from error
    if not data:
        raise ImageFileError(Reason.EMPTY.value)
    try:
        header = read_header(data, MAX_FILE_PIXELS, FILE_FORMATS)
        reduction = 1
        if at_least is not None and header.format in _REDUCIBLE:
            reduction = reduction_for(min(header.width, header.height), at_least)
        return decode(data, reduction=reduction)
    except FetchError as failure:
        raise ImageFileError(failure.reason.value, failure.detail) from failure
