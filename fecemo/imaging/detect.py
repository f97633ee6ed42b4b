"""Faces in a photograph, by YuNet (Wu, Peng and Yu 2023), which ``cv2.FaceDetectorYN`` runs.

The network sees faces of 10 to 300 pixels. So a photograph is looked at as a whole, reduced, and where it is large also
in overlapping tiles of finer scales; what was found at several of them is merged.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from fecemo.errors import InputError

OVERVIEW = 640
"""Longest side, in pixels, of a photograph that is looked at as a whole."""
CLOSE = 256
"""The same where the overview shows no face: one that fills the photograph is too large for it, and in a photograph
that is smaller than this, too small."""
SEEN_SIZE = 12
"""Pixels of a face that is sure to be seen."""
STEP = 6.0
"""The most by which one scale is finer than the last."""
TILE, OVERLAP = 1280, 160
"""Side of a tile, and how much of it the next one shows too: any face that the coarser scale does not show well."""
EDGE = 2.0
"""A box so near to a tile's edge, in pixels, is of a cut face; another tile or a coarser scale shows it whole."""
SAME = 0.3
"""Intersection over union above which two boxes are of one face."""
WITHIN = 0.65
"""Share of the smaller box above which it is a part of the larger one's face."""
SURE = 0.9
"""Score of a face that is upright. The network also sees faces that lie or stand on their heads, with lower scores and
with points as of upright ones: below this, a photograph is turned, and is upright where its best score is highest."""
UPSIDE_DOWN = 0.85
"""Score from which a photograph is taken to stand on its head, which few do. That of an upright one is sometimes a
little higher so, and rarely as high as this."""
CANDIDATES = 5000


@dataclass(frozen=True)
class Detections:
    """The faces of a photograph, in the order of their scores."""

    #: Of shape (n, 4), float64. Left, right, top, bottom in pixels of the turned photograph, clipped to it.
    boxes: np.ndarray
    #: Of shape (n, 5, 2), float64. x and y of the person's right and left eye, the nose's tip, and the right and left
    #: corner of the mouth.
    points: np.ndarray
    scores: np.ndarray  #: Of shape (n,), float64. In [0, 1].
    #: One of 0, 90, 180, 270. Degrees by which the photograph had to be turned clockwise for its faces to be found.
    rotation: int = 0

    def __len__(self) -> int:
        return len(self.scores)


class Network(Protocol):
    """What ``cv2.FaceDetectorYN`` is to this module."""

    def setInputSize(self, input_size: tuple[int, int]) -> None:  # noqa: N802  # OpenCV's name
        """Say width and height of the next picture."""

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        """Return rows of x, y, width and height of a box, x and y of five points, and a score, of a BGR picture."""


def load_yunet(model: Path, min_score: float) -> Network:
    """Return the network of ``face_detection_yunet_2023mar.onnx``; for one thread.

    Raises `InputError` if OpenCV does not run the model.
    """
    import cv2

    try:
        # By its content: OpenCV opens no file whose name is not text.
        content = np.frombuffer(model.read_bytes(), np.uint8)
        network = cv2.FaceDetectorYN.create("onnx", content, np.zeros(0, np.uint8), (CLOSE, CLOSE), min_score, SAME,
                                            CANDIDATES)
        network.detect(np.zeros((CLOSE, CLOSE, 3), np.uint8))
    except (cv2.error, OSError) as error:
        raise InputError(f"{model} is no face detector that OpenCV runs: {error}") from error
    loaded: Network = network
    return loaded


class FaceDetector:
    """Finds the faces of photographs of any size; for one thread.

    Parameters
    ----------
    network : Network
        Its lowest score is that of a face.
    min_size : int
        Shorter side of the smallest face, in pixels of the photograph.
    turns : bool
        Whether a photograph without an upright face is looked at lying on its sides and upside down, too.
    """

    def __init__(self, network: Network, min_size: int, turns: bool = True) -> None:
        self._network, self._min_size, self._turns = network, min_size, turns

    def detect(self, photograph: np.ndarray) -> Detections:
        """Find the faces of a photograph.

        Parameters
        ----------
        photograph : ndarray of shape (height, width, 3), uint8
            RGB.
        """
        scales = _scales(max(photograph.shape[:2]), self._min_size)
        faces, rotation = self._faces(photograph, scales), 0
        if not len(faces) and (close := CLOSE / max(photograph.shape[:2])) != scales[0]:
            faces = self._faces(photograph, [close])
        if self._turns and _best(faces) < SURE:
            scores = {0: _best(faces), **{rotation: _best(self._faces(rotated(photograph, rotation), scales[:1]))
                                          for rotation in (90, 270, 180)}}
            if scores[180] < UPSIDE_DOWN:
                del scores[180]
            rotation = max(scores, key=lambda rotation: scores[rotation])
            faces = faces if rotation == 0 else self._faces(rotated(photograph, rotation), scales)
        faces = faces[_kept(faces)]
        return Detections(faces[:, :4], faces[:, 4:14].reshape(-1, 5, 2), faces[:, 14], rotation)

    def _faces(self, photograph: np.ndarray, scales: list[float]) -> np.ndarray:
        return self._large_enough(np.concatenate([_none(), *self._at_scales(photograph, scales)]), photograph)

    def _large_enough(self, faces: np.ndarray, photograph: np.ndarray) -> np.ndarray:
        """Clip boxes to the photograph, and leave out what is smaller than asked for."""
        height, width = photograph.shape[:2]
        faces[:, :2], faces[:, 2:4] = faces[:, :2].clip(0, width), faces[:, 2:4].clip(0, height)
        sizes = np.minimum(faces[:, 1] - faces[:, 0], faces[:, 3] - faces[:, 2])
        return faces[sizes >= self._min_size]

    def _at_scales(self, photograph: np.ndarray, scales: list[float]) -> Iterator[np.ndarray]:
        """Yield what is found at each scale and tile: left, right, top, bottom, ten of points, score; in pixels."""
        import cv2

        height, width = photograph.shape[:2]
        picture = photograph
        for scale in sorted(scales, reverse=True):  # each from the finer one
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            if size != (picture.shape[1], picture.shape[0]):
                picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            for left, top, tile in _tiles(picture):
                faces = self._in_tile(tile)
                inner = np.array([left > 0, left + tile.shape[1] < size[0], top > 0, top + tile.shape[0] < size[1]])
                ends = np.array([0, tile.shape[1], 0, tile.shape[0]])
                faces = faces[~((np.abs(faces[:, :4] - ends) <= EDGE) & inner).any(axis=1)]
                across = np.r_[0, 1, 4:14:2]
                down = np.r_[2, 3, 5:14:2]
                faces[:, across] = (faces[:, across] + left) * width / size[0]
                faces[:, down] = (faces[:, down] + top) * height / size[1]
                yield faces

    def _in_tile(self, tile: np.ndarray) -> np.ndarray:
        self._network.setInputSize((tile.shape[1], tile.shape[0]))
        _, rows = self._network.detect(np.ascontiguousarray(tile[..., ::-1]))
        if rows is None:
            return _none()
        rows = rows[np.isfinite(rows).all(axis=1)].astype(np.float64)
        x, y, width, height = rows[:, :4].T
        # A box may reach over the picture's edge, where its faces do.
        sides = np.stack([x, x + width, y, y + height], axis=1)
        sides[:, :2], sides[:, 2:] = sides[:, :2].clip(0, tile.shape[1]), sides[:, 2:].clip(0, tile.shape[0])
        return np.concatenate([sides, rows[:, 4:]], axis=1)


def rotated(photograph: np.ndarray, rotation: int) -> np.ndarray:
    """Return a photograph turned clockwise by 0, 90, 180 or 270 degrees; a view."""
    return np.rot90(photograph, -rotation // 90)


def rotated_sides(sides: tuple[float, float, float, float], rotation: int) -> tuple[float, float, float, float]:
    """Return where a box is after the photograph is turned: left, right, top, bottom as fractions of its sides."""
    left, right, top, bottom = sides
    return {0: (left, right, top, bottom), 90: (1 - bottom, 1 - top, left, right),
            180: (1 - right, 1 - left, 1 - bottom, 1 - top), 270: (top, bottom, 1 - right, 1 - left)}[rotation % 360]


def _none() -> np.ndarray:
    return np.zeros((0, 15))


def _best(faces: np.ndarray) -> float:
    return float(faces[:, 14].max(initial=0.0))


def _scales(longest: int, min_size: int) -> list[float]:
    """Return the scales at which a photograph is looked at, the coarsest first; at most 1."""
    coarse, fine = min(1.0, OVERVIEW / longest), min(1.0, SEEN_SIZE / min_size)
    if fine <= 1.25 * coarse:
        return [coarse]
    steps = math.ceil(math.log(fine / coarse) / math.log(STEP))
    return [coarse * (fine / coarse) ** (step / steps) for step in range(steps + 1)]


def _tiles(picture: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield overlapping parts of a picture, none larger than a tile: left, top, and the part as a view."""
    height, width = picture.shape[:2]
    for top in _starts(height):
        for left in _starts(width):
            yield left, top, picture[top:top + TILE, left:left + TILE]


def _starts(length: int) -> list[int]:
    if length <= TILE:
        return [0]
    count = math.ceil((length - OVERLAP) / (TILE - OVERLAP))
    return [round(start) for start in np.linspace(0, length - TILE, count).tolist()]


def _kept(faces: np.ndarray) -> list[int]:
    """Return the rows that stay, the highest score first: none shows the face, or a part of the face, of another."""
    kept: list[int] = []
    areas = (faces[:, 1] - faces[:, 0]) * (faces[:, 3] - faces[:, 2])
    for row in np.argsort(-faces[:, 14], kind="stable").tolist():
        kept_faces = faces[kept]
        across = np.minimum(kept_faces[:, 1], faces[row, 1]) - np.maximum(kept_faces[:, 0], faces[row, 0])
        down = np.minimum(kept_faces[:, 3], faces[row, 3]) - np.maximum(kept_faces[:, 2], faces[row, 2])
        common = across.clip(0) * down.clip(0)
        same = common > SAME * (areas[kept] + areas[row] - common)
        if not (same | (common > WITHIN * np.minimum(areas[kept], areas[row]))).any():
            kept.append(row)
    return kept
