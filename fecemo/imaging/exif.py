"""What a photograph's EXIF says: how it is turned, and when it was taken."""

import io
import re
from dataclasses import dataclass

_ORIENTATION, _DATE, _TAKEN, _INNER = 0x0112, 0x0132, 0x9003, 0x8769
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
