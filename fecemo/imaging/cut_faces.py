"""From the bytes of a photograph to the crops of its faces."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fecemo.data.reasons import FetchError
from fecemo.data.variant import FACE_SIDE
from fecemo.imaging.crop import CropPolicy, PixelBox, crop_face, pixel_box
from fecemo.imaging.decode import decode, read_header, reduction_for

Sides = tuple[float, float, float, float]
"""Left, right, top, bottom as fractions of width and height."""


@dataclass(frozen=True)
class DecodePolicy:
    """How a photograph is read.

    Parameters
    ----------
    crop : CropPolicy
    apply_exif : bool
        Whether boxes refer to the photograph as it is shown (True) or as it is stored (False).
    max_pixels : int
        Largest picture that is decoded.
    reduced : bool
        Decode at half, quarter or eighth size where the crop still has 200 pixels a side.
    """

    crop: CropPolicy = field(default_factory=CropPolicy)
    apply_exif: bool = True
    max_pixels: int = 100_000_000
    reduced: bool = True


class FaceCutter:
    """Cuts faces out of photographs, from any number of threads, a few at a time so that memory stays bounded.

    A face's pixels depend on the photograph's bytes, its own box and the policy, never on which other faces are cut.

    Parameters
    ----------
    policy : DecodePolicy
    at_a_time : int, optional
        Photographs decoded at a time; the number of cores by default.
    """

    def __init__(self, policy: DecodePolicy, at_a_time: int | None = None) -> None:
        self._policy = policy
        self._room = threading.BoundedSemaphore(at_a_time or os.cpu_count() or 1)

    def cut(self, data: bytes, boxes: Sequence[Sides]) -> list[np.ndarray | FetchError]:
        """Return the crop of each box, or why there is none.

        Parameters
        ----------
        data : bytes
            Of the photograph.
        boxes : sequence of (left, right, top, bottom)

        Returns
        -------
        list of ndarray of shape (200, 200, 3), uint8, or FetchError

        Raises
        ------
        FetchError
            If the photograph as a whole cannot be read.
        """
        policy = self._policy
        width, height = read_header(data, policy.max_pixels).size(apply_exif=policy.apply_exif)
        results: list[np.ndarray | FetchError] = []
        by_reduction: dict[int, list[tuple[int, PixelBox]]] = {}
        for number, sides in enumerate(boxes):
            try:
                box = pixel_box(sides, width, height, policy.crop)
            except FetchError as failure:
                results.append(failure)
                continue
            reduction = reduction_for(box.shorter_side, FACE_SIDE) if policy.reduced else 1
            by_reduction.setdefault(reduction, []).append((number, box))
            results.append(np.empty(0))
        for reduction, faces in by_reduction.items():
            with self._room:
                photograph = decode(data, reduction=reduction, apply_exif=policy.apply_exif)
                seen_height, seen_width = photograph.shape[:2]
                for number, box in faces:
                    if (seen_width, seen_height) != (width, height):
                        box = pixel_box(boxes[number], seen_width, seen_height, policy.crop)
                    results[number] = crop_face(photograph, box)
                del photograph
        return results
