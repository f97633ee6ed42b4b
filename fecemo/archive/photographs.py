"""What a photograph's file says of itself before it is decoded: its size as stored, its turn, its date."""

import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

_ORIENTATION, _DATE, _TAKEN, _INNER = 0x0112, 0x0132, 0x9003, 0x8769
_DATE_FORM = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True)
class PhotoHeader:
    """What a header says.

    Parameters
    ----------
    width, height : int
        As stored, in pixels.
    orientation : int
        EXIF's, 1 to 8; 1 where nothing is said.
    taken : str
        ``YYYY-MM-DD HH:MM:SS`` by the camera's clock, or ``""``.
    """

    width: int
    height: int
    orientation: int = 1
    taken: str = ""


def read_photo_header(path: Path) -> PhotoHeader | None:
    """Return what a photograph's header says, or None where it is gone or can no longer be read. Nothing is written."""
    from PIL import Image

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures, of which no pixel is read here
            with Image.open(path) as picture:
                width, height = picture.size
                # Asked for EXIF that its header does not hold, Pillow decodes all of a PNG to look behind the pixels.
                if "exif" not in picture.info and picture.format not in ("TIFF", "MPO"):
                    return PhotoHeader(width, height)
                exif = picture.getexif()
                orientation, taken = exif.get(_ORIENTATION, 1), exif.get_ifd(_INNER).get(_TAKEN) or exif.get(_DATE)
    except Exception:  # noqa: BLE001  # of Pillow's readers, which meet broken headers with many kinds
        return None
    date = _DATE_FORM.match(taken) if isinstance(taken, str) else None
    return PhotoHeader(width, height, orientation if orientation in range(1, 9) else 1,
                       "{}-{}-{} {}:{}:{}".format(*date.groups()) if date and date[1] != "0000" else "")
