"""What makes a face one face: its photograph's address and its box."""

import hashlib


def face_id(url: str, left: float, right: float, top: float, bottom: float) -> str:
    """Return the id of a face: a digest of URL and box.

    Parameters
    ----------
    url : str
        Address of the photograph, or an imported image's path relative to its folder.
    left, right, top, bottom : float
        Box as fractions of the photograph's width and height. They are compared to six decimals, about a
        thousandth of a pixel, so that two spellings of a number are one face.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    box = ",".join(f"{side:.6f}" for side in (left, right, top, bottom))
    return hashlib.sha256(f"{url}\n{box}".encode()).hexdigest()[:32]
