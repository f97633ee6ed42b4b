"""The size of an ordinary JPEG, read without a library: most photographs are one, and asking Pillow takes longer."""

_START = b"\xff\xd8"
_SCAN = 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive, all Huffman-coded."""
_SKIPPED = frozenset((*range(0xE0, 0xF0), 0xFE, 0xDB, 0xC4, 0xDD))
"""Application data, comments, tables and restart intervals: their length says where the next part begins."""
_APP1 = 0xE1


def ordinary_jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG that has nothing unusual before its first scan, or None for anything else.

    Unusual is whatever a decoder could understand in more than one way, and EXIF, which may turn the picture: None
    means that the data must be looked at more closely, not that they are damaged.

    Parameters
    ----------
    data : bytes

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
