"""The photographs in which faces were looked for, as the table beside the faces lists them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from fecemo.data.receipts import open_output
from fecemo.errors import InputError, StoredStateError

PHOTOS_NAME = "photos.csv"
NO_FACE = "no_face"
"""Reason of a photograph that was looked into and shows none."""


@dataclass(frozen=True)
class Photograph:
    """What is known of a photograph."""

    n_bytes: int  #: Of its file when faces were looked for.
    #: `width`, `height`: As stored, in pixels; 0 where it could not be read.
    width: int
    height: int
    orientation: int  #: EXIF's, 1 to 8.
    taken: str  #: ``YYYY-MM-DD HH:MM:SS`` by the camera's clock, or ``""``.
    n_faces: int = 0
    reason: str = ""  #: Why it has no face: `NO_FACE`, or why it could not be read.
    copy_of: str = ""  #: Name of the first photograph with the same bytes; ``""`` for the first itself.


def read_photographs(dataset: Path) -> dict[str, Photograph]:
    """Return every photograph of a data set of detected faces, by its name; none for any other data set.

    Raises `StoredStateError` if the table is damaged.
    """
    if not (dataset / PHOTOS_NAME).is_file():
        return {}
    path = open_output(dataset, PHOTOS_NAME, "detect")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {line["photo"]: Photograph(int(line["n_bytes"] or 0), int(line["width"] or 0),
                                              int(line["height"] or 0), int(line["orientation"] or 1), line["taken"],
                                              int(line["faces"]), line["reason"], line["copy_of"])
                    for line in csv.DictReader(file)}
    except (KeyError, ValueError) as error:
        raise StoredStateError(f"{path} is damaged: {error!r}; run the detect stage again") from error


def require_unchanged(path: Path, photograph: Photograph) -> None:
    """Raise `InputError` where a photograph is gone, or another since faces were looked for."""
    if not path.is_file():
        raise InputError(f"{path} is gone since its faces were found; run the detect stage again")
    if (n_bytes := path.stat().st_size) != photograph.n_bytes or not photograph.width:
        raise InputError(f"{path} has {n_bytes} bytes, and had {photograph.n_bytes} when its faces were found; run the "
                         "detect stage again")
