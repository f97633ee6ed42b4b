"""A face as a list names it: a photograph's address and a box."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fecemo.data.face_id import face_id

FACE_COLUMNS = ("url", "left", "right", "top", "bottom")
"""The five cells of a face, in FEC's order: both horizontal sides come first."""


@dataclass(frozen=True)
class ListedFace:
    """One face of a list; the box is as it was given, sound or not.

    Parameters
    ----------
    id : str
        Digest of URL and box.
    url : str
    left, right, top, bottom : float
        Fractions of the photograph's width and height.
    """

    id: str
    url: str
    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def from_cells(cls, cells: Sequence[str]) -> "ListedFace":
        """Return the face that the five cells `FACE_COLUMNS` name.

        Raises
        ------
        ValueError
            If the address is empty or a side is not a number.
        """
        url = cells[0].strip()
        if not url:
            raise ValueError("the url is empty")
        sides = [_side(name, cell) for name, cell in zip(FACE_COLUMNS[1:], cells[1:5], strict=True)]
        return cls(face_id(url, *sides), url, *sides)


def box_fault(left: float, right: float, top: float, bottom: float) -> str | None:
    """Return why a box of fractions holds no part of a photograph, or None if it holds some.

    A box that reaches over the edge is sound: it is clipped to the photograph.
    """
    if not all(math.isfinite(side) for side in (left, right, top, bottom)):
        return "a side is not a finite number"
    if right < left or bottom < top:
        return "the sides are the wrong way round"
    if right == left or bottom == top:
        return "the box has no area"
    if right <= 0 or left >= 1 or bottom <= 0 or top >= 1:
        return "the box lies outside the photograph"
    return None


def _side(name: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{name} is {cell[:40]!r}, expected a number") from None
