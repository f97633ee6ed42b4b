"""Bytes to pixels: the header is read and judged before anything is decoded."""

import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np

from fecemo.data.reasons import FetchError, Reason
from fecemo.imaging.jpeg_header import ordinary_jpeg_size
from fecemo.imaging.png_parts import png_is_whole, still_png

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
"""What is read, as Pillow names it. Its JPEG reader also opens MPO, a JPEG with more pictures behind the first."""

REDUCTIONS = (8, 4, 2)
_REDUCED = {1: 0, 2: 16, 4: 32, 8: 64}
"""OpenCV names a reduction together with BGR (``IMREAD_REDUCED_COLOR_2`` is 16 | 1); these are the reductions alone."""

_ORIENTATION_TAG = 0x0112
_TURNED = (5, 6, 7, 8)
_one_at_a_time = threading.Lock()
"""What is done to warnings is done to those of all threads."""


@dataclass(frozen=True)
class Header:
    """What a picture says of itself.

    Parameters
    ----------
    format : str
        One of the accepted formats, or ``"MPO"``.
    width, height : int
        As stored, before any turning.
    turned : bool
        Whether the EXIF orientation exchanges width and height.
    """

    format: str
    width: int
    height: int
    turned: bool

    def size(self, *, apply_exif: bool) -> tuple[int, int]:
        """Return width and height as they are after decoding."""
        return (self.height, self.width) if self.turned and apply_exif else (self.width, self.height)


def read_header(data: bytes, max_pixels: int, formats: tuple[str, ...] = FORMATS) -> Header:
    """Read a picture's header without decoding a pixel.

    Parameters
    ----------
    data : bytes
    max_pixels : int
    formats : tuple of str
        What is accepted, as Pillow names it.

    Raises
    ------
    FetchError
        ``not_an_image``; ``too_many_pixels`` for a header that claims more than ``max_pixels``; ``damaged_image`` for a
        PNG that does not hold what it claims.
    """
    size = ordinary_jpeg_size(data) if "JPEG" in formats else None
    header = _read_by_pillow(data, max_pixels, formats) if size is None else Header("JPEG", *size, turned=False)
    if header.width * header.height > max_pixels:
        raise FetchError(Reason.TOO_MANY_PIXELS, f"{header.width}×{header.height}, more than {max_pixels}")
    if header.format == "PNG" and not png_is_whole(data):
        raise FetchError(Reason.DAMAGED_IMAGE, "truncated, or a part that claims more than there is")
    return header


def _read_by_pillow(data: bytes, max_pixels: int, formats: tuple[str, ...]) -> Header:
    from PIL import Image

    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; they are refused below
            with Image.open(io.BytesIO(data), formats=formats) as picture:
                kind, (width, height) = picture.format, picture.size
                # Asked for EXIF that its header does not hold, Pillow decodes all of a PNG to look behind the pixels.
                orientation = picture.getexif().get(_ORIENTATION_TAG) if "exif" in picture.info else None
    except Image.DecompressionBombError as error:
        raise FetchError(Reason.TOO_MANY_PIXELS, f"more than {max_pixels}") from error
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError) as error:
        # Pillow's readers meet broken headers with any of these.
        raise FetchError(Reason.NOT_AN_IMAGE) from error
    return Header(str(kind), width, height, turned=orientation in _TURNED)


def reduction_for(shorter_side: int, target: int) -> int:
    """Return by how much a photograph may be reduced while decoding and a crop still have ``target`` pixels a side."""
    return next((factor for factor in REDUCTIONS if shorter_side // factor >= target), 1)


def decode(data: bytes, *, reduction: int = 1, apply_exif: bool = True) -> np.ndarray:
    """Decode a picture whose header was found sound.

    Grey, palette, CMYK, 16-bit and transparent pictures become 8-bit RGB; an animation gives its first frame.

    Parameters
    ----------
    data : bytes
    reduction : {1, 2, 4, 8}
        Decode at this fraction of the size; a JPEG costs the less for it.
    apply_exif : bool
        Whether the picture is turned as its EXIF orientation says.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        RGB.

    Raises
    ------
    FetchError
        ``damaged_image`` if the data are truncated or damaged where the decoder can tell.
    """
    import cv2

    flags = _REDUCED[reduction] | cv2.IMREAD_COLOR_RGB | (0 if apply_exif else cv2.IMREAD_IGNORE_ORIENTATION)
    try:
        picture = cv2.imdecode(np.frombuffer(still_png(data), np.uint8), flags)
    except cv2.error as error:
        raise FetchError(Reason.DAMAGED_IMAGE) from error
    if picture is None or picture.dtype != np.uint8 or picture.ndim != 3:
        raise FetchError(Reason.DAMAGED_IMAGE)
    return picture
