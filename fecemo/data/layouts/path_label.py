"""A CSV of paths and labels."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.data.emotions import SPELLINGS, emotion_of
from fecemo.data.labelled import LabelledImage, LabelledSet, Layout, LeftOut, labelled_set
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest

COLUMNS = ("path", "label")
SPLIT_COLUMN = "split"


def read(table: Path) -> LabelledSet:
    """Read a CSV with the columns ``path``, ``label`` and perhaps ``split``; others are passed over.

    A row that cannot be used is left out under its line number: no path or label, an unknown label or split, a file
    that is not there, a path that stands there already.

    Parameters
    ----------
    table : Path
        The CSV, in UTF-8, with a header. Paths are relative to its folder.

    Raises
    ------
    InputError
        If the file is missing, lacks a column, or has no usable row.
    """
    images: dict[str, LabelledImage] = {}
    left_out: list[LeftOut] = []
    lines: dict[str, str] = {}
    for where, row in _rows(table):
        found = row if isinstance(row, LeftOut) else _image(table.parent, where, row)
        if isinstance(found, LeftOut):
            left_out.append(found)
        elif found.path in images:
            left_out.append(LeftOut(where, "listed_twice", f"{found.path} stands on {lines[found.path]} already"))
        else:
            images[found.path], lines[found.path] = found, where
    return labelled_set(table.parent, images.values(), left_out, f"rows of path and label in {table.name}")


def _image(folder: Path, where: str, row: dict[str, str]) -> LabelledImage | LeftOut:
    written, spelling, split_spelling = (row.get(column, "").strip() for column in (*COLUMNS, SPLIT_COLUMN))
    if not written:
        return LeftOut(where, "no_path")
    if (label := emotion_of(spelling)) is None:
        return LeftOut(where, "unknown_label" if spelling else "no_label",
                       f"{spelling!r}; {nearest(spelling, SPELLINGS)}")
    if (split := split_of(split_spelling) if split_spelling else "") is None:
        return LeftOut(where, "unknown_split", f"{split_spelling!r}; {nearest(split_spelling, SPLIT_SPELLINGS)}")
    try:
        there = (folder / written).is_file()
    except (OSError, ValueError):  # a name too long, or with a zero byte in it, is the name of no file
        there = False
    if not there:
        return LeftOut(where, "no_such_file", written)
    return LabelledImage(PurePath(os.path.relpath(folder / written, folder)).as_posix(), label, split)


def _rows(table: Path) -> Iterator[tuple[str, dict[str, str] | LeftOut]]:
    """Yield ``("line 7", row)``; lines count from 1, the header's."""
    lines = csv_rows(table)
    first = next(lines, None)
    if isinstance(first, RejectedRow):
        raise InputError(f"{table} line {first.line}: {first.reason}; expected the header {','.join(COLUMNS)}")
    header = [name.strip().lower() for name in first[1]] if first else []
    for column in COLUMNS:
        if column not in header:
            raise InputError(f"{table}: the column {column!r} is missing; the header holds "
                             f"{', '.join(header) or 'nothing'}")
    for line in lines:
        if isinstance(line, RejectedRow):
            where = f"line {line.line}"
            yield where, LeftOut(where, "bad_row", line.reason)
        else:
            yield f"line {line[0]}", dict(zip(header, line[1], strict=False))


LAYOUT = Layout(name="path_label", about="a CSV of path, label and perhaps split", read=read)
