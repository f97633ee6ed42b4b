"""Lists of faces: a photograph's address and a box in it, as a plain list and as FEC's triplets.

A plain list has the header ``url,left,right,top,bottom``, the box in fractions of the photograph's width and height.
FEC (Vemulapalli and Agarwala, "A Compact Embedding for Facial Expression Similarity", CVPR 2019) has none and rows of
different length: columns 0–4, 5–9 and 10–14 are three such faces, column 15 the triplet's type, then pairs of an
annotator's id and an answer.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.errors import InputError

FACE_COLUMNS = ("url", "left", "right", "top", "bottom")
"""The five cells of a face, in FEC's order: both horizontal sides come first."""
TRIPLET_TYPES = ("ONE_CLASS_TRIPLET", "TWO_CLASS_TRIPLET", "THREE_CLASS_TRIPLET")
TYPE_COLUMN = 15
ANSWERS = ("1", "2", "3")


def face_id(url: str, left: float, right: float, top: float, bottom: float) -> str:
    """Return the id of a face, 32 hexadecimal digits: a digest of URL and box.

    ``url`` is the photograph's address, or an imported image's path relative to its folder. Sides are compared to six
    decimals, about a thousandth of a pixel, so that two spellings of a number are one face.
    """
    box = ",".join(f"{side:.6f}" for side in (left, right, top, bottom))
    return hashlib.sha256(f"{url}\n{box}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class ListedFace:
    """One face of a list; the box, fractions of the photograph's width and height, is as it was listed, sound or not.

    ``id`` is the digest of address and box.
    """

    id: str
    url: str
    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def from_cells(cls, cells: Sequence[str]) -> "ListedFace":
        """Return the face of the cells `FACE_COLUMNS`. Raises `ValueError` for an empty address or no number."""
        url = cells[0].strip()
        if not url:
            raise ValueError("the url is empty")
        sides = [_side(name, cell) for name, cell in zip(FACE_COLUMNS[1:], cells[1:5], strict=True)]
        return cls(face_id(url, *sides), url, *sides)


def _side(name: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{name} is {cell[:40]!r}, expected a number") from None


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


def read_face_list(path: Path) -> Iterator[ListedFace | RejectedRow]:
    """Yield every face of a plain list, in order; rows that cannot be used come as `RejectedRow`.

    Raises `InputError` if the file cannot be read or its first line is another header.
    """
    rows = csv_rows(path)
    first = next(rows, None)
    expected = f"expected the header {','.join(FACE_COLUMNS)}"
    if first is None:
        raise InputError(f"{path} is empty; its first line must be {','.join(FACE_COLUMNS)}")
    if isinstance(first, RejectedRow):
        raise InputError(f"{path} line {first.line}: {first.reason}; {expected}")
    if not is_header(first[1]):
        raise InputError(f"{path} line {first[0]}: found {','.join(first[1])[:120]!r}, {expected}")
    lines: dict[str, int] = {}
    for row in rows:
        yield row if isinstance(row, RejectedRow) else _face(*row, lines)


def is_header(cells: list[str]) -> bool:
    """Tell whether a line's cells are the header of the plain list."""
    return tuple(cell.strip().lower() for cell in cells) == FACE_COLUMNS


def _face(line: int, cells: list[str], lines: dict[str, int]) -> ListedFace | RejectedRow:
    if len(cells) != len(FACE_COLUMNS):
        return RejectedRow(line, f"{len(cells)} cells, expected {len(FACE_COLUMNS)}: {','.join(FACE_COLUMNS)}")
    try:
        face = ListedFace.from_cells(cells)
    except ValueError as error:
        return RejectedRow(line, str(error))
    earlier = lines.setdefault(face.id, line)
    return face if earlier == line else RejectedRow(line, f"the same face as line {earlier}")


@dataclass(frozen=True)
class Triplet:
    """One row of FEC."""

    line: int  #: Line of the file, from 1.
    faces: tuple[ListedFace, ListedFace, ListedFace]
    type: str  #: One of `TRIPLET_TYPES`: how many of FEC's expression classes the faces were drawn from.
    #: Annotator's id and the face, 1 to 3, that this annotator found the odd one out. Every rating of the row, an
    #: annotator's second answer included.
    ratings: tuple[tuple[str, int], ...]


def read_fec(path: Path) -> Iterator[Triplet | RejectedRow]:
    """Yield every triplet of a FEC file, in order; rows that cannot be used come as `RejectedRow`.

    Holds one row in memory at a time. Raises `InputError` if the file cannot be read.
    """
    for row in csv_rows(path):
        yield row if isinstance(row, RejectedRow) else _triplet(*row)


def is_fec(cells: list[str]) -> bool:
    """Tell whether a line's cells look like a row of FEC rather than of a plain list."""
    return len(cells) > TYPE_COLUMN


def _triplet(line: int, cells: list[str]) -> Triplet | RejectedRow:
    while cells and not cells[-1].strip():  # some copies end their shorter rows in empty cells
        cells.pop()
    if not is_fec(cells):
        return RejectedRow(line, f"{len(cells)} cells, expected three faces of five, a type and ratings")
    kind = cells[TYPE_COLUMN].strip()
    if kind not in TRIPLET_TYPES:
        return RejectedRow(line, f"the triplet type is {kind[:40]!r}, expected one of {', '.join(TRIPLET_TYPES)}")
    pairs = cells[TYPE_COLUMN + 1:]
    if not pairs or len(pairs) % 2:
        return RejectedRow(line, f"{len(pairs)} cells of ratings, expected pairs of annotator and answer")
    ratings = []
    for rater, answer in zip(pairs[::2], pairs[1::2], strict=True):
        if answer.strip() not in ANSWERS:
            return RejectedRow(line, f"annotator {rater[:40]!r} answered {answer[:40]!r}, expected 1, 2 or 3")
        ratings.append((rater.strip(), int(answer)))
    try:
        first, second, third = (ListedFace.from_cells(cells[start:start + 5]) for start in (0, 5, 10))
    except ValueError as error:
        return RejectedRow(line, str(error))
    return Triplet(line, (first, second, third), kind, tuple(ratings))
