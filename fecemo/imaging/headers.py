"""What a picture's header claims, read and judged before anything is decoded."""

import io
import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from fecemo.data.reasons import FetchError, Reason

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
"""What is read, as Pillow names it. Its JPEG reader also opens MPO, a JPEG with more pictures behind the first."""
STARTS = {"JPEG": (b"\xff\xd8\xff",), "PNG": (b"\x89PNG\r\n\x1a\n",), "GIF": (b"GIF87a", b"GIF89a"),
          "WEBP": (b"RIFF",), "BMP": (), "TIFF": (b"II*\0", b"MM\0*")}
"""How files of these formats begin, where that is more than two letters that a text may begin with."""
MAX_SCANS = 100
MAX_SCANNED_MEGAPIXELS = 2000.0
"""Each scan of a progressive JPEG goes over the whole picture, in few bytes if it likes: 0.3 MB can take half a minute.

Photographs have about ten scans.
"""
_ORIENTATION_TAG = 0x0112
_TURNED = (5, 6, 7, 8)
_START = b"\xff\xd8"
_SCAN = 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive, all Huffman-coded."""
_APP1 = 0xE1
_SCAN_START = b"\xff\xda"
_END = 0xD9
SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_HEAD = 8
"""Bytes of a part before its content: length and kind; four of a checksum come after it."""
_ORIENTATION, _DATE, _TAKEN, _INNER = 0x0112, 0x0132, 0x9003, 0x8769


_one_at_a_time = threading.Lock()
"""What is done to warnings is done to those of all threads."""


@dataclass(frozen=True)
class Header:
    """What a picture says of itself."""

    format: str  #: One of the accepted formats, or ``"MPO"``.
    #: `width`, `height`: As stored, before any turning.
    width: int
    height: int
    turned: bool  #: Whether the EXIF orientation exchanges width and height.

    def size(self, *, apply_exif: bool) -> tuple[int, int]:
        """Return width and height as they are after decoding."""
        return (self.height, self.width) if self.turned and apply_exif else (self.width, self.height)


def read_header(data: bytes, max_pixels: int, formats: tuple[str, ...] = FORMATS) -> Header:
    """Read a picture's header without decoding a pixel.

    Parameters
    ----------
    formats : tuple of str
        What is accepted, as Pillow names it.

    Raises
    ------
    FetchError
        ``not_an_image``; ``too_many_pixels`` for a header that claims more than ``max_pixels``; ``too_costly`` for a
        JPEG of very many scans; ``damaged_image`` for what begins as a picture and does not hold what it claims.
    """
    size = ordinary_jpeg_size(data) if "JPEG" in formats else None
    header = _read_by_pillow(data, max_pixels, formats) if size is None else Header("JPEG", *size, turned=False)
    if header.width * header.height > max_pixels:
        raise FetchError(Reason.TOO_MANY_PIXELS, f"{header.width}×{header.height}, more than {max_pixels}")
    if header.format == "PNG" and not png_is_whole(data):
        raise FetchError(Reason.DAMAGED_IMAGE, "truncated, or a part that claims more than there is")
    if header.format in ("JPEG", "MPO"):
        megapixels, scans = header.width * header.height / 1e6, jpeg_scans(data)
        if scans > MAX_SCANS or scans * megapixels > MAX_SCANNED_MEGAPIXELS:
            raise FetchError(Reason.TOO_COSTLY, f"{scans} scans of {megapixels:.1f} megapixels")
    return header


def _read_by_pillow(data: bytes, max_pixels: int, formats: tuple[str, ...]) -> Header:
    from PIL import Image

    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; they are refused below
            with Image.open(io.BytesIO(data), formats=formats) as picture:
                kind, (width, height) = picture.format, picture.size
                if kind == "TIFF" and picture.mode in ("F", "I"):
                    raise FetchError(Reason.NOT_AN_IMAGE, "a TIFF of 32-bit samples, which is not a kind that is read")
                # Asked for EXIF that its header does not hold, Pillow decodes all of a PNG to look behind the pixels.
                orientation = picture.getexif().get(_ORIENTATION_TAG) if "exif" in picture.info else None
    except Image.DecompressionBombError as error:
        raise FetchError(Reason.TOO_MANY_PIXELS, f"more than {max_pixels}") from error
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError) as error:
        # Pillow's readers meet broken headers with any of these.
        if any(data.startswith(start) for name in formats for start in STARTS[name]) and (
                not data.startswith(b"RIFF") or data[8:12] == b"WEBP"):
            raise FetchError(Reason.DAMAGED_IMAGE, "its header is cut or damaged") from error
        raise FetchError(Reason.NOT_AN_IMAGE) from error
    return Header(str(kind), width, height, turned=orientation in _TURNED)
_SKIPPED = frozenset((*range(0xE0, 0xF0), 0xFE, 0xDB, 0xC4, 0xDD))
"""Application data, comments, tables and restart intervals: their length says where the next part begins."""


def ordinary_jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG that has nothing unusual before its first scan, or None for anything else.

    Unusual is whatever a decoder could understand in more than one way, and EXIF, which may turn the picture: None
    means that the data must be looked at more closely, not that they are damaged.

    Returns
    -------
    tuple of int, or None
        In pixels, as stored; each at least 1.
    """
    if data[:2] != _START:
        return None
    size = None
    at, end = 2, len(data) - 4
    while at <= end and data[at] == 0xFF:
        marker, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if marker == _SCAN:
            return size
        if marker in _FRAMES:
            frame = data[at + 4 : at + 10]
            # Eight bits a sample; gray, YCbCr or CMYK; said once.
            if size is not None or len(frame) < 6 or frame[0] != 8 or frame[5] not in (1, 3, 4):
                return None
            size = frame[3] << 8 | frame[4], frame[1] << 8 | frame[2]
            if length != 8 + 3 * frame[5] or not all(size):
                return None
        elif marker not in _SKIPPED or length < 2 or (marker == _APP1 and data[at + 4 : at + 8] == b"Exif"):
            return None
        at += 2 + length
    return None
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""What ends coded data: neither a stuffed byte nor a restart."""


def jpeg_scans(data: bytes) -> int:
    """Return how many scans a JPEG has up to its end; what lies behind it, or in thumbnails, does not count."""
    if data.count(_SCAN_START) <= 1:
        return data.count(_SCAN_START)
    scans, at = 0, len(_START)
    while (marker := _MARKER.search(data, at)) is not None:
        at, code = marker.end(), marker[0][1]
        if code == _END:
            break
        scans += code == _SCAN
        at += int.from_bytes(data[at:at + 2])
    return scans


def png_is_whole(data: bytes) -> bool:
    """Tell whether every part of a PNG lies within the data, up to its last one.

    OpenCV makes room for what a part claims before it reads it: a file of 4 KB can ask for 2 GB.
    """
    return any(kind == b"IEND" for kind, _, _ in _parts(data))


def still_png(data: bytes) -> bytes:
    """Return an animated PNG as the still picture that it also is; anything else as it came.

    OpenCV reads animations row by row, and shows whatever was in memory for rows that are not there: pixels of another
    photograph. Of a still picture it tells that data are missing.
    """
    if not data.startswith(SIGNATURE) or _ANIMATION[0] not in data:
        return data
    kept = [data[start:end] for kind, start, end in _parts(data) if kind not in _ANIMATION]
    return b"".join([SIGNATURE, *kept])


def _parts(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, first byte and byte after the last of each part, up to the last one or the end of the data."""
    at = len(SIGNATURE)
    while at + _HEAD + 4 <= len(data):
        kind, end = data[at + 4:at + _HEAD], at + _HEAD + int.from_bytes(data[at:at + 4]) + 4
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


_DATE_FORM = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True)
class ExifFacts:
    """What is read of a photograph's EXIF."""

    orientation: int = 1  #: 1 to 8; 1 where nothing is said.
    taken: str = ""  #: ``YYYY-MM-DD HH:MM:SS`` by the camera's clock, or ``""``.


def read_exif(data: bytes) -> ExifFacts:
    """Return what EXIF says of a photograph; of what is damaged there, nothing.

    Parameters
    ----------
    data : bytes
        A picture whose header was found sound.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            # Asked for EXIF that its header does not hold, Pillow decodes all of a PNG to look behind the pixels.
            if "exif" not in picture.info and picture.format not in ("TIFF", "MPO"):
                return ExifFacts()
            exif = picture.getexif()
            orientation = exif.get(_ORIENTATION, 1)
            taken = exif.get_ifd(_INNER).get(_TAKEN) or exif.get(_DATE)
    except Exception:  # noqa: BLE001  # of Pillow's readers, which meet broken EXIF with many kinds
        return ExifFacts()
    date = _DATE_FORM.match(taken) if isinstance(taken, str) else None
    return ExifFacts(orientation if orientation in range(1, 9) else 1,
                     "{}-{}-{} {}:{}:{}".format(*date.groups()) if date and date[1] != "0000" else "")
