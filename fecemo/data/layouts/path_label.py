"""A CSV of paths and labels, and of whatever else is known of each face."""

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from fecemo.data.classes import emotion_of
from fecemo.data.csv_rows import RejectedRow, csv_rows, other_separator
from fecemo.data.image_files import LabelledImage, LeftOut
from fecemo.data.labelled_rows import ONE_LABEL, Row, annotation_columns, read_labelled_rows
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions
from fecemo.errors import InputError

COLUMNS = ("path", "label")
SPLIT_COLUMN = "split"


def read(table: Path, options: ReadOptions) -> LabelledSet:
    """Read a CSV, in UTF-8, with the columns ``path``, ``label`` and perhaps ``split``.

    Paths are relative to its folder; a letter with an accent is the same in its composed and its decomposed form. Of
    other columns, those are read that ``options.annotations`` (numbers) and ``options.text_annotations`` (words) name.
    A row that cannot be used is left out under its line number: no path or label, an unknown label or split, a number
    that is none, a file that is not there, a path that is listed already. Raises `InputError` if the file is missing,
    lacks a column, or has no usable row; if labels are numbers of which nobody says what they mean; or if a whole class
    or split would be left out.
    """
    rows, files = list(_rows(table, tuple(annotation_columns(options)))), _Files(table.parent)

    def locate(where: str, row: Row) -> LabelledImage | LeftOut:
        try:
            path = files.find(row["path"])
        except PermissionError as error:
            return LeftOut(where, "cannot_open", f"{row['path']}: {error.strerror}")
        return LeftOut(where, "no_such_file", row["path"]) if path is None else LabelledImage(path)

    labelled, entries = read_labelled_rows(table, table.parent, rows, options, locate,
                                           f"rows of path and label in {table.name}")
    _refuse_lost_folder(table, rows, entries)
    return labelled


def _refuse_lost_folder(table: Path, rows: Sequence[tuple[str, Row | LeftOut]],
                        entries: Sequence[LabelledImage | LeftOut]) -> None:
    """Raise `InputError` where none of the images of a folder is there, while others are."""
    listed, missing = Counter[PurePath](), Counter[PurePath]()
    for (_, row), entry in zip(rows, entries, strict=True):
        if isinstance(row, dict) and row["path"]:
            folder = PurePath(row["path"]).parent
            listed[folder] += 1
            missing[folder] += isinstance(entry, LeftOut) and entry.reason == "no_such_file"
    for folder, count in listed.items():
        if 1 < count == missing[folder] and any(isinstance(entry, LabelledImage) for entry in entries):
            raise InputError(f"{table}: {folder}: none of the {count} images that are listed there is there, so that a "
                             "whole folder would be lost; put it there, or take its rows out of the table")


class _Files:
    """The files of a folder, found by either form of a letter with an accent: one letter, or two signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, dict[str, str]] = {}

    def find(self, written: str) -> str | None:
        """Return the path of a file relative to the folder, as the file system writes it; None where it is not there.

        A backslash is what Windows writes between folders, where it is no part of a name. Raises `PermissionError` if a
        folder on the way may not be opened.
        """
        path = self._find(written)
        return self._find(written.replace("\\", "/")) if path is None and "\\" in written else path

    def _find(self, written: str) -> str | None:
        path = PurePath(written)
        try:
            if _is_file(self._folder / path):
                return PurePath(os.path.relpath(self._folder / path, self._folder)).as_posix()
        except ValueError:  # a zero byte: the name of no file
            return None
        place = Path(path.anchor) if path.is_absolute() else self._folder
        for part in path.relative_to(path.anchor).parts:
            name = part if part == ".." else self._names_in(place).get(unicodedata.normalize("NFC", part))
            if name is None:
                return None
            place = place / name
        return PurePath(os.path.relpath(place, self._folder)).as_posix() if _is_file(place) else None

    def _names_in(self, folder: Path) -> dict[str, str]:
        """Return what a folder holds, by the composed form of each name; nothing where it is no folder."""
        if folder not in self._names:
            try:
                self._names[folder] = {unicodedata.normalize("NFC", path.name): path.name for path in folder.iterdir()}
            except (FileNotFoundError, NotADirectoryError):
                self._names[folder] = {}
        return self._names[folder]


def _is_file(path: Path) -> bool:
    """Tell whether there is such a file. Raises `PermissionError` where nobody may look."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        raise
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            return False
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _rows(table: Path, further: tuple[str, ...]) -> Iterator[tuple[str, Row | LeftOut]]:
    """Yield ``("line 7", row)``; lines count from 1, the header's. A row has all columns that are read, stripped."""
    lines = csv_rows(table)
    first = next(lines, None)
    if isinstance(first, RejectedRow):
        raise InputError(f"{table} line {first.line}: {first.reason}; expected the header {','.join(COLUMNS)}")
    header = [name.strip().lower() for name in first[1]] if first else []
    place_of = {}
    for column in (*COLUMNS, SPLIT_COLUMN, *further):
        places = [place for place, name in enumerate(header) if name == column.lower()]
        if len(places) > 1:
            raise InputError(f"{table}: the column {column!r} is there twice")
        if places:
            place_of[column] = places[0]
        elif column != SPLIT_COLUMN:
            emotions = [name for name in header if emotion_of(name)]
            advice = other_separator("".join(header)) or (
                f"{', '.join(emotions)} are columns of their own: {ONE_LABEL}"
                if column == "label" and len(emotions) > 1 else "")
            raise InputError(f"{table}: the column {column!r} is missing; the header holds "
                             f"{', '.join(header) or 'nothing'}" + (f"; {advice}" if advice else ""))
    for line in lines:
        if isinstance(line, RejectedRow):
            where = f"line {line.line}"
            yield where, LeftOut(where, "bad_row", line.reason)
        else:
            number, cells = line
            row = {column: cells[place].strip() if place < len(cells) else "" for column, place in place_of.items()}
            yield f"line {number}", {SPLIT_COLUMN: "", **row}


LAYOUT = Layout(name="path_label", about="a CSV of path, label, perhaps split and further columns", read=read,
                tell="being a CSV", fits=lambda place: place.is_file())
