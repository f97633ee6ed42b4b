"""Where a face's box lies in a photograph, and the crops that are stored."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fecemo.data.face_lists import box_fault
from fecemo.data.reasons import FetchError, Reason
from fecemo.data.variants import FACE_SIDE
from fecemo.imaging.decode import decode, reduction_for
from fecemo.imaging.headers import read_header
from fecemo.machine import available_cores


@dataclass(frozen=True)
class CropPolicy:
    """How a box becomes a square crop."""

    #: The box grows about its centre by this fraction of its size: 0.2 makes it 1.2 times as wide and as high.
    margin: float = 0.0
    #: True grows the shorter side, in pixels, to the longer, and moves the box back inside the photograph where it
    #: fits; the face keeps its proportions. False stretches the box to the square, as the study did.
    square: bool = False


@dataclass(frozen=True)
class PixelBox:
    """A box in pixels of a photograph: rows ``top:bottom``, columns ``left:right``."""

    left: int
    right: int
    top: int
    bottom: int

    @property
    def shorter_side(self) -> int:
        """int: In pixels."""
        return min(self.right - self.left, self.bottom - self.top)


def pixel_box(sides: tuple[float, float, float, float], width: int, height: int, policy: CropPolicy) -> PixelBox:
    """Return the pixels that a box of fractions means.

    Parameters
    ----------
    sides : tuple of float
        Left, right, top, bottom as fractions of width and height. What reaches over an edge is clipped.
    width, height : int
        Of the photograph, in pixels.

    Raises
    ------
    FetchError
        ``bad_box`` for a box that holds no pixel.
    """
    if fault := box_fault(*sides):
        raise FetchError(Reason.BAD_BOX, fault)
    left, right, top, bottom = sides
    across = _grown(left * width, right * width, policy.margin)
    down = _grown(top * height, bottom * height, policy.margin)
    if policy.square:
        side = max(across[1] - across[0], down[1] - down[0])
        across, down = _widened(*across, side, width), _widened(*down, side, height)
    columns, rows = _clipped(*across, width), _clipped(*down, height)
    if columns[0] >= columns[1] or rows[0] >= rows[1]:
        raise FetchError(Reason.BAD_BOX, "the box holds no whole pixel")
    return PixelBox(*columns, *rows)


def _grown(low: float, high: float, margin: float) -> tuple[float, float]:
    extra = (high - low) * margin / 2
    return low - extra, high + extra


def _widened(low: float, high: float, side: float, limit: int) -> tuple[float, float]:
    """Widen an interval to ``side`` about its centre, and move it inside ``0…limit`` if it fits there."""
    low = (low + high - side) / 2
    if side <= limit:
        low = min(max(low, 0.0), limit - side)
    return low, low + side


def _clipped(low: float, high: float, limit: int) -> tuple[int, int]:
    return max(0, round(max(low, 0.0))), min(limit, round(min(high, limit)))


def crop_face(photograph: np.ndarray, box: PixelBox) -> np.ndarray:
    """Return the stored crop of a box.

    Parameters
    ----------
    photograph : ndarray of shape (height, width, 3), uint8
        RGB.

    Returns
    -------
    ndarray of shape (200, 200, 3), uint8
        Reduced by area averaging, enlarged by cubic interpolation.
    """
    import cv2

    cut = photograph[box.top:box.bottom, box.left:box.right]
    if cut.shape[:2] == (FACE_SIDE, FACE_SIDE):
        return np.ascontiguousarray(cut)
    smaller = cut.shape[0] >= FACE_SIDE and cut.shape[1] >= FACE_SIDE
    return cv2.resize(cut, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


Sides = tuple[float, float, float, float]
"""Left, right, top, bottom as fractions of width and height."""


@dataclass(frozen=True)
class DecodePolicy:
    """How a photograph is read."""

    crop: CropPolicy = field(default_factory=CropPolicy)
    apply_exif: bool = True  #: Whether boxes refer to the photograph as it is shown (True) or as it is stored (False).
    max_pixels: int = 100_000_000  #: Largest picture that is decoded.
    reduced: bool = True  #: Decode at half, quarter or eighth size where the crop still has 200 pixels a side.


class FaceCutter:
    """Cuts faces out of photographs, from any number of threads, a few at a time so that memory stays bounded.

    A face's pixels depend on the photograph's bytes, its own box and the policy, never on which other faces are cut.

    Parameters
    ----------
    at_a_time : int, optional
        Photographs decoded at a time; the number of cores by default.
    """

    def __init__(self, policy: DecodePolicy, at_a_time: int | None = None) -> None:
        self._policy = policy
        self._room = threading.BoundedSemaphore(at_a_time or available_cores())

    def cut(self, data: bytes, boxes: Sequence[Sides]) -> Iterator[tuple[int, np.ndarray | FetchError]]:
        """Yield the crop of each box, or why there is none: one at a time, for a photograph may have thousands.

        Parameters
        ----------
        data : bytes
            Of the photograph.
        boxes : sequence of (left, right, top, bottom)

        Yields
        ------
        int
            Which box, in any order.
        ndarray of shape (200, 200, 3), uint8, or FetchError

        Raises
        ------
        FetchError
            If the photograph as a whole cannot be read.
        """
        policy = self._policy
        width, height = read_header(data, policy.max_pixels).size(apply_exif=policy.apply_exif)
        by_reduction: dict[int, list[tuple[int, PixelBox]]] = {}
        for number, sides in enumerate(boxes):
            try:
                box = pixel_box(sides, width, height, policy.crop)
            except FetchError as failure:
                yield number, failure
                continue
            reduction = reduction_for(box.shorter_side, FACE_SIDE) if policy.reduced else 1
            by_reduction.setdefault(reduction, []).append((number, box))
        for reduction, faces in by_reduction.items():
            with self._room:
                photograph = decode(data, reduction=reduction, apply_exif=policy.apply_exif)
                seen_height, seen_width = photograph.shape[:2]
                for number, box in faces:
                    if (seen_width, seen_height) != (width, height):
                        box = pixel_box(boxes[number], seen_width, seen_height, policy.crop)
                    yield number, crop_face(photograph, box)
                del photograph
