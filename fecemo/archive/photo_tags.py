"""What the faces of a photograph show, as keywords, and what said so."""

from dataclasses import dataclass

from fecemo.archive.regions import Box


@dataclass(frozen=True)
class FaceTag:
    """A tag of one face."""

    face: str  #: Id of the face.
    box: Box  #: Left, right, top, bottom as fractions of the upright photograph.
    shows: str  #: What the face shows, by the name that the run has for it.
    #: The keyword as a path, from the widest term on: ``("fecemo", "shows", "happy")``; or as several.
    paths: tuple[tuple[str, ...], ...]
    subject: str  #: The keyword by itself: ``"shows: happy"``.
    confidence: float | None = None  #: Calibrated, in [0, 1]; None where it is not calibrated.


@dataclass(frozen=True)
class PhotoTags:
    """The tags of a photograph, and what they were made of."""

    faces: tuple[FaceTag, ...]
    #: `width`, `height`: Of the picture as it is stored, in pixels.
    width: int
    height: int
    orientation: int  #: EXIF's, 1 to 8.
    run: str  #: Digest of the run.
    row: str  #: Which of its rows, such as ``"landmark_features gray"``.
    date: str  #: When the tags were made, UTC, ISO 8601.
