"""Which photographs to look into for faces, and how."""

from dataclasses import dataclass
from pathlib import Path

DECIDING = ("min_score", "min_size", "turns", "margin", "square")
"""Settings that decide which faces there are, and how: a data set is never filled up with others."""


@dataclass(frozen=True)
class DetectSettings:
    """Which photographs to look into for faces, and how."""

    photos: Path  #: A folder; photographs in it and in all folders below are read, and never written.
    #: YuNet's ``face_detection_yunet_2023mar.onnx``: a file, or the name of one that ``00_models.py`` has fetched.
    detector: Path = Path("face_detection_yunet_2023mar.onnx")
    min_score: float = 0.7  #: Lowest score of a face, in [0, 1]. A lower one finds more faces, and more that are none.
    #: Shorter side of the smallest face, in pixels of the photograph. Large photographs are looked at the longer, the
    #: smaller it is.
    min_size: int = 32
    #: Whether a photograph without an upright face is looked at lying on its sides and upside down, too.
    turns: bool = True
    margin: float = 0.2  #: Grow each box about its centre by this fraction of its size before the face is cut out.
    #: Grow the shorter side of each box to the longer, so that faces keep their proportions; otherwise a box is
    #: stretched to a square.
    square: bool = True
    #: Photographs looked into at a time; as many as there are cores without it. The faces do not depend on it.
    threads: int | None = None
    #: Whether more than half of the photographs of the last time may be gone. Without it that is an error: another
    #: folder was named, or a part of this one is not mounted.
    accept_gone: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.min_score < 1:
            raise ValueError(f"min_score must be above 0 and below 1, not {self.min_score}")
        if self.min_size < 8:
            raise ValueError(f"min_size must be at least 8 pixels, not {self.min_size}")
        if not self.margin >= 0:
            raise ValueError(f"margin must not be below 0, not {self.margin}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")
