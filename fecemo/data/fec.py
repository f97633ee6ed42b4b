"""FEC's own list: a triplet of faces a row, with what every rater said of it.

Vemulapalli and Agarwala, "A Compact Embedding for Facial Expression Similarity" (CVPR 2019). The files have no header
and rows of different length: columns 0–4, 5–9 and 10–14 are ``url,left,right,top,bottom`` of three faces, column 15 the
triplet's type, then pairs of an annotator's id and an answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.data.listed_face import ListedFace

TRIPLET_TYPES = ("ONE_CLASS_TRIPLET", "TWO_CLASS_TRIPLET", "THREE_CLASS_TRIPLET")
TYPE_COLUMN = 15
ANSWERS = ("1", "2", "3")


@dataclass(frozen=True)
class Triplet:
    """One row of FEC.

    Parameters
    ----------
    line : int
        Line of the file, from 1.
    faces : tuple of three ListedFace
    type : str
        One of `TRIPLET_TYPES`: how many of FEC's expression classes the faces were drawn from.
    ratings : tuple of (str, int)
        Annotator's id and the face, 1 to 3, that this annotator found the odd one out. Every rating of the row, an
        annotator's second answer included.
    """

    line: int
    faces: tuple[ListedFace, ListedFace, ListedFace]
    type: str
    ratings: tuple[tuple[str, int], ...]


def read_fec(path: Path) -> Iterator[Triplet | RejectedRow]:
    """Yield every triplet of a FEC file, in order; rows that cannot be used come as `RejectedRow`.

    Holds one row in memory at a time.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    for row in csv_rows(path):
        yield row if isinstance(row, RejectedRow) else _triplet(*row)


def is_fec(cells: list[str]) -> bool:
    """Tell whether a line's cells look like a row of FEC rather than of a plain list."""
    return len(cells) > TYPE_COLUMN


def _triplet(line: int, cells: list[str]) -> Triplet | RejectedRow:
    while cells and not cells[-1].strip():  # some copies end their shorter rows in empty cells
        cells.pop()
    if len(cells) <= TYPE_COLUMN:
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
