"""The plain list of faces: a CSV with the header ``url,left,right,top,bottom``."""

from collections.abc import Iterator
from pathlib import Path

from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.data.listed_face import FACE_COLUMNS, ListedFace
from fecemo.errors import InputError


def read_face_list(path: Path) -> Iterator[ListedFace | RejectedRow]:
    """Yield every face of a list, in order; rows that cannot be used come as `RejectedRow`.

    Parameters
    ----------
    path : Path
        CSV with the header ``url,left,right,top,bottom``, the box in fractions of the photograph's width and height.

    Raises
    ------
    InputError
        If the file cannot be read or its first line is another header.
    """
    rows = csv_rows(path)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path} is empty; its first line must be {','.join(FACE_COLUMNS)}")
    if isinstance(first, RejectedRow):
        raise InputError(f"{path} line {first.line}: {first.reason}; expected the header {','.join(FACE_COLUMNS)}")
    if not is_header(first[1]):
        raise InputError(f"{path} line {first[0]}: found {','.join(first[1])[:120]!r}, "
                         f"expected the header {','.join(FACE_COLUMNS)}")
    seen: dict[str, int] = {}
    for row in rows:
        yield row if isinstance(row, RejectedRow) else _face(*row, seen)


def is_header(cells: list[str]) -> bool:
    """Tell whether a line's cells are the header of the plain list."""
    return tuple(cell.strip().lower() for cell in cells) == FACE_COLUMNS


def _face(line: int, cells: list[str], seen: dict[str, int]) -> ListedFace | RejectedRow:
    if len(cells) != len(FACE_COLUMNS):
        return RejectedRow(line, f"{len(cells)} cells, expected {len(FACE_COLUMNS)}: {','.join(FACE_COLUMNS)}")
    try:
        face = ListedFace.from_cells(cells)
    except ValueError as error:
        return RejectedRow(line, str(error))
    earlier = seen.setdefault(face.id, line)
    if earlier != line:
        return RejectedRow(line, f"the same face as line {earlier}")
    return face
