"""Which photographs to look into for faces, and how."""

from dataclasses import dataclass
from pathlib import Path

from fecemo.data.ranges import Ranged, ranged

DECIDING = ("min_score", "min_size", "turns", "margin", "square")
"""Settings that decide which faces there are, and how: a data set is never filled up with others."""


@dataclass(frozen=True)
class DetectSettings(Ranged):
    """Which photographs to look into for faces, and how."""

    photos: Path  #: A folder; photographs in it and in all folders below are read, and never written.
    #: YuNet's ``face_detection_yunet_2023mar.onnx``: a file, or the name of one that ``00_models.py`` has fetched.
    detector: Path = Path("face_detection_yunet_2023mar.onnx")
    #: Lowest score of a face, in [0, 1]. A lower one finds more faces, and more that are none.
    min_score: float = ranged(0.7, above=0, below=1)
    #: Shorter side of the smallest face, in pixels of the photograph. Large photographs are looked at the longer, the
    #: smaller it is.
    min_size: int = ranged(32, min=8)
    #: Whether a photograph without an upright face is looked at lying on its sides and upside down, too.
    turns: bool = True
    #: Grow each box about its centre by this fraction of its size before the face is cut out.
    margin: float = ranged(0.2, min=0)
    #: Grow the shorter side of each box to the longer, so that faces keep their proportions; otherwise a box is
    #: stretched to a square.
    square: bool = True
    #: Photographs looked into at a time; as many as there are cores without it. The faces do not depend on it.
    threads: int | None = ranged(None, min=1)
    #: Whether more than half of the photographs of the last time may be gone. Without it that is an error: another
    #: folder was named, or a part of this one is not mounted.
    accept_gone: bool = False
