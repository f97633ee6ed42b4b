"""Bytes and image files to pixels: 8-bit RGB, whatever they were."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.durable import refuse_endless
from fecemo.data.reasons import FetchError, Reason
from fecemo.imaging.headers import FORMATS, read_header, still_png
from fecemo.machine import install_command

REDUCTIONS = (8, 4, 2)
_REDUCED = {1: 0, 2: 16, 4: 32, 8: 64}
"""OpenCV names a reduction together with BGR (``IMREAD_REDUCED_COLOR_2`` is 16 | 1); these are the reductions alone."""

MAX_SECONDS = 60.0
"""For which anyone waits for one picture; a hundred megapixels take about two."""
UNTIMED_BYTES = 1 << 18
"""Less can hold no more than a few seconds' work, as pixels and scans are counted before, and is not worth a thread."""

FILE_FORMATS = (*FORMATS, "TIFF")
"""Files of one's own may be scans; strangers' TIFFs are not read."""

MAX_FILE_BYTES = 1 << 29
MAX_FILE_PIXELS = 200_000_000
CANNOT_OPEN, NEEDS_PILLOW_HEIF = "cannot_open", "needs_pillow_heif"

_REDUCIBLE = ("JPEG", "MPO")


def reduction_for(shorter_side: int, target: int) -> int:
    """Return by how much a photograph may be reduced while decoding and a crop still have ``target`` pixels a side."""
    return next((factor for factor in REDUCTIONS if shorter_side // factor >= target), 1)


def decode(data: bytes, *, reduction: int = 1, apply_exif: bool = True) -> np.ndarray:
    """Decode a picture whose header was found sound.

    Grey, palette, CMYK, 16-bit and transparent pictures become 8-bit RGB; an animation gives its first frame.

    Parameters
    ----------
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
        ``damaged_image`` if the data are truncated or damaged where the decoder can tell; ``too_costly`` if they take
        too long.
    """
    import cv2

    flags = _REDUCED[reduction] | cv2.IMREAD_COLOR_RGB | (0 if apply_exif else cv2.IMREAD_IGNORE_ORIENTATION)
    def decoded() -> np.ndarray | None:
        picture: np.ndarray | None = cv2.imdecode(np.frombuffer(still_png(data), np.uint8), flags)
        return picture

    try:
        picture = decoded() if len(data) <= UNTIMED_BYTES else _in_time(decoded)
    except cv2.error as error:
        raise FetchError(Reason.DAMAGED_IMAGE) from error
    if picture is None or picture.dtype != np.uint8 or picture.ndim != 3:
        raise FetchError(Reason.DAMAGED_IMAGE)
    return picture


def _in_time(call: Callable[[], np.ndarray | None]) -> np.ndarray | None:
    """Return what a call returns; raise `FetchError` if it takes too long, for it cannot be cut and is left behind."""
    outcome: Future[np.ndarray | None] = Future()

    def work() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            outcome.set_exception(error)

    threading.Thread(target=work, name="decode", daemon=True).start()
    try:
        return outcome.result(MAX_SECONDS)
    except TimeoutError:
        raise FetchError(Reason.TOO_COSTLY, f"not decoded within {MAX_SECONDS:g} seconds") from None


class ImageFileError(Exception):
    """A file that cannot be read as a picture.

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
    """Decode an image file: `read_file`, then `decode_file`."""
    return decode_file(read_file(path), at_least)


def read_file(path: Path) -> bytes:
    """Return the bytes of an image file.

    Raises `ImageFileError` if it cannot be opened, is no file, is empty or is too large.
    """
    try:
        refuse_endless(path)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ImageFileError(Reason.TOO_LARGE.value, f"more than {MAX_FILE_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise ImageFileError(CANNOT_OPEN, error.strerror or str(error)) from error
    if not data:
        raise ImageFileError(Reason.EMPTY.value)
    return data


def decode_file(data: bytes, at_least: int | None = None) -> np.ndarray:
    """Decode the bytes of an image file.

    Grey, palette, CMYK, 16-bit and transparent pictures become 8-bit RGB, as `decode` does it; an animation or a
    file of many pages gives its first; a picture with an EXIF orientation is turned upright.

    Parameters
    ----------
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
        If it is no picture, has too many pixels, or is damaged where the decoder can tell.
    """
    try:
        if is_heif(data):
            return decode_heif(data)
        header = read_header(data, MAX_FILE_PIXELS, FILE_FORMATS)
        reduction = 1
        if at_least is not None and header.format in _REDUCIBLE:
            reduction = reduction_for(min(header.width, header.height), at_least)
        return decode(data, reduction=reduction)
    except FetchError as failure:
        raise ImageFileError(failure.reason.value, failure.detail) from failure


def pixels_of(data: bytes) -> int:
    """Return how many pixels a picture claims to have, before any is decoded. Raises `ImageFileError`."""
    try:
        if is_heif(data):
            width, height = open_heif(data).size
            return int(width * height)
        header = read_header(data, MAX_FILE_PIXELS, FILE_FORMATS)
    except FetchError as failure:
        raise ImageFileError(failure.reason.value, failure.detail) from failure
    return header.width * header.height


_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_heif(data: bytes) -> bool:
    """Tell whether bytes begin as HEIC or HEIF does, the format of many telephones."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS


def open_heif(data: bytes) -> Any:
    """Return a HEIF picture as Pillow opens it, nothing decoded yet.

    Raises
    ------
    ImageFileError
        ``needs_pillow_heif`` where that package is not installed.
    FetchError
        ``damaged_image``; ``too_many_pixels``.
    """
    try:
        import pillow_heif
        from PIL import Image
    except ImportError as error:
        raise ImageFileError(NEEDS_PILLOW_HEIF, install_command("heic")) from error
    pillow_heif.register_heif_opener()
    try:
        picture = Image.open(io.BytesIO(data), formats=("HEIF",))
    except Image.DecompressionBombError as error:
        raise FetchError(Reason.TOO_MANY_PIXELS, f"more than {MAX_FILE_PIXELS}") from error
    except (OSError, ValueError, RuntimeError, SyntaxError) as error:
        raise FetchError(Reason.DAMAGED_IMAGE) from error
    if picture.width * picture.height > MAX_FILE_PIXELS:
        raise FetchError(Reason.TOO_MANY_PIXELS, f"{picture.width}×{picture.height}, more than {MAX_FILE_PIXELS}")
    return picture


def decode_heif(data: bytes) -> np.ndarray:
    """Decode a HEIF picture, turned upright; see `open_heif`."""
    picture = open_heif(data)
    try:
        pixels = _in_time(lambda: np.asarray(picture.convert("RGB")))
    except (OSError, ValueError, RuntimeError, SyntaxError, EOFError) as error:
        raise FetchError(Reason.DAMAGED_IMAGE) from error
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 3:
        raise FetchError(Reason.DAMAGED_IMAGE)
    return pixels
