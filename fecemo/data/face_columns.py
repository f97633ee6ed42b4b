"""What is known of faces beside their emotion: a CSV with a row a face and a column of whatever is known."""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.data.face_lists import FACE_COLUMNS, ListedFace, face_id
from fecemo.errors import InputError

KEYS = ("id", "path", *FACE_COLUMNS)
_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d+)?|\d(?:\.\d+)?e[+-]\d{2,3})", re.ASCII)
"""As people and programs write numbers: no leading zeros, and an exponent only as programs print it."""


def read_face_columns(path: Path, ids: Sequence[str], *, below: str = "",
                      rename: Callable[[str], str | None] = str) -> dict[str, np.ndarray]:
    """Read a table of faces, joined to the faces of a data set.

    Raises `InputError` if the file is missing, names no face, names one twice, has two columns of one name, or names
    none of the data set.

    Parameters
    ----------
    path : Path
        A CSV with a heading. A face is named by ``id``, as in a data set's index; by ``path``, that of an imported
        image below the imported folder; or by ``url``, ``left``, ``right``, ``top`` and ``bottom``. All other
        columns are what is known; an empty cell is not known. A column is of numbers only where every cell is
        written as numbers usually are; ``01``, ``1_0`` and ``1e3`` are words, as group codes are. What each
        column was read as is printed. Upper and lower case of the columns that name a face, and columns without
        a heading, make no difference.
    ids : sequence of str, of length n
        Of the data set, by row.
    below : str
        What the ``path`` of every face begins with, such as ``"target/"``.
    rename : callable, optional
        Gives a column another name, or None to leave it out.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        Float64 with NaN, or objects, strings with ``""``, where a value is not known. Columns without a value are left
        out.
    """
    rows = csv_rows(path)
    heading = next(rows, None)
    if heading is None:
        raise InputError(f"{path} is empty; expected a heading and a row a face")
    if isinstance(heading, RejectedRow):
        raise InputError(f"{path}: line {heading.line} is {heading.reason}; expected a heading")
    names = [cell.strip() for cell in heading[1]]
    names = [name.lower() if name.lower() in KEYS else name for name in names]
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise InputError(f"{path} has two columns {twice[0]!r}")
    keys = _keys(names, path)
    row_of = {face: row for row, face in enumerate(ids)}
    cells: dict[int, list[str]] = {}
    n_rows, n_strange, broken = 0, 0, list[str]()
    for entry in rows:
        n_rows += 1
        if isinstance(entry, RejectedRow) or len(entry[1]) != len(names):
            broken.append(f"line {entry.line} is {entry.reason}" if isinstance(entry, RejectedRow) else
                          f"line {entry[0]} has {len(entry[1])} cells and the heading {len(names)}")
            continue
        line, values = entry
        known = dict(zip(names, values, strict=True))
        try:
            row = next((row_of[face] for face in _ids(keys, known, below) if face in row_of), None)
        except ValueError as error:
            raise InputError(f"{path}, line {line}: {error}") from error
        if row in cells:
            raise InputError(f"{path}, line {line}: the face {' '.join(known[key] for key in keys)} comes twice")
        if row is None:
            n_strange += 1
        else:
            cells[row] = values
    if not cells:
        raise InputError(f"{path}: none of its {n_rows} rows is a face of the data set; a face is named by "
                         + ", ".join(keys)
                         + (", which is relative to the imported folder" if keys == ("path",) else "")
                         + (f"; {len(broken)} rows are broken: {broken[0]}" if broken else ""))
    if broken:
        print(f"{path}: {len(broken)} of {n_rows} rows are broken and left out: {broken[0]}", file=sys.stderr)
    columns, empty = {}, list[str]()
    for place, name in enumerate(names):
        title = None if name in keys or not name else rename(name)
        texts = {row: text for row, values in cells.items() if (text := values[place].strip())}
        if title is not None and texts:
            columns[title] = _column(texts, len(ids))
        elif title is not None:
            empty.append(title)
    if rename is str:
        if n_strange:
            print(f"{path}: {n_strange} of {n_rows} rows are no face of the data set", file=sys.stderr)
        read = [f"{', '.join(titles)} read as {words}" for words, kind in (("numbers", "f"), ("words", "O"))
                if (titles := [title for title, values in columns.items() if values.dtype.kind == kind])]
        read += [f"{', '.join(empty)} empty"] if empty else []
        print(f"{path}: {'; '.join(read)}", file=sys.stderr)
    return columns


def _keys(names: Sequence[str], path: Path) -> tuple[str, ...]:
    for keys in (("id",), ("path",), FACE_COLUMNS):
        if set(keys) <= set(names):
            return keys
    raise InputError(f"{path}: expected a column id, a column path, or the columns {', '.join(FACE_COLUMNS)} to name a "
                     f"face by, found {', '.join(names)}")


def _ids(keys: Sequence[str], cells: Mapping[str, str], below: str) -> Iterator[str]:
    """Yield the ids that a row may mean: as written, or a path without ``./``, of Windows, in either accents' form."""
    if keys[0] == "id":
        yield cells["id"].strip()
    elif keys[0] != "path":
        yield ListedFace.from_cells([cells[key] for key in keys]).id
    else:
        written = cells["path"].strip()
        for path in dict.fromkeys((written, *(PurePosixPath(unicodedata.normalize(form, slashed)).as_posix()
                                              for slashed in (written, written.replace("\\", "/"))
                                              for form in ("NFC", "NFD")))):
            yield face_id(path.removeprefix(below), 0, 1, 0, 1)


def _column(texts: Mapping[int, str], n: int) -> np.ndarray:
    rows = list(texts)
    if all(map(_NUMBER.fullmatch, texts.values())):
        numbers = np.full(n, np.nan)
        numbers[rows] = [float(text) for text in texts.values()]
        return numbers
    # References to the texts: an array of fixed width would be as wide as the longest remark at every face.
    words = np.full(n, "", dtype=object)
    words[rows] = [sys.intern(unicodedata.normalize("NFC", text)) for text in texts.values()]
    return words
