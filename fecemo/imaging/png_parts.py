"""The parts that a PNG is made of: whether they are all there, and the picture without its animation."""

from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_HEAD = 8
"""Bytes of a part before its content: length and kind; four of a checksum come after it."""


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
