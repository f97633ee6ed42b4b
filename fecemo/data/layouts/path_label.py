"""A CSV of paths and labels, and of whatever else is known of each face."""

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from fecemo.data.classes import SPELLINGS, ClassReading, read_classes
from fecemo.data.csv_rows import RejectedRow, csv_rows, strict_number
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set, refuse_lost_part, refuse_unknown_part
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest

COLUMNS = ("path", "label")
SPLIT_COLUMN = "split"
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
UNKNOWN_NUMBERS = ("", "na", "n/a", "nan")
"""Cells of a column of numbers in which none is known."""

Row = dict[str, str]


def read(table: Path, options: ReadOptions) -> LabelledSet:
    """Read a CSV, in UTF-8, with the columns ``path``, ``label`` and perhaps ``split``.

    Paths are relative to its folder; a letter with an accent is the same in its composed and its decomposed form. Of
    other columns, those are read that ``options.annotations`` (numbers) and ``options.text_annotations`` (words) name.
    A row that cannot be used is left out under its line number: no path or label, an unknown label or split, a number
    that is none, a file that is not there, a path that is listed already.

    Raises
    ------
    InputError
        If the file is missing, lacks a column, or has no usable row; if labels are numbers of which nobody says what
        they mean; or if a whole class or split would be left out.
    """
    columns: dict[str, ColumnType] = {**dict.fromkeys(options.annotations, "number"),
                                      **dict.fromkeys(options.text_annotations, "text")}
    rows = list(_rows(table, tuple(columns)))
    whole = [row for _, row in rows if isinstance(row, dict)]
    reading = read_classes(
        table, {row["label"] for row in whole}, classes=options.classes, numbering=options.numbering,
        file_names=(PurePath(row["path"]).name for row in whole))
    unknown = [row["label"] for row in whole if row["label"] and row["label"] not in reading.class_of]
    if not options.classes:
        refuse_unknown_part(table, "emotion", unknown, SPELLINGS, "Mend the labels; or name the classes to read with "
                            "classes, and all others are left out and counted.")
    refuse_unknown_part(table, "split", [row["split"] for row in whole if row["split"] and not split_of(row["split"])],
                        SPLIT_SPELLINGS, "Mend the column.")

    entries: list[LabelledImage | LeftOut] = []
    lines: dict[str, str] = {}
    files = _Files(table.parent)
    for where, row in rows:
        entry = row if isinstance(row, LeftOut) else _image(files, where, row, reading, columns, options)
        if isinstance(entry, LabelledImage) and (line := lines.setdefault(entry.path, where)) != where:
            entry = LeftOut(where, "listed_twice", f"{entry.path} is on {line} already")
        entries.append(entry)
    refuse_lost_part(table, {name: "" for row in whole if (name := reading.class_of.get(row["label"]))},
                     {split: "" for row in whole if (split := split_of(row["split"]))}, entries,
                     "; mend the rows, or take it out of the table")
    _refuse_lost_folder(table, rows, entries)
    return labelled_set(table.parent, entries, f"rows of path and label in {table.name}",
                        classes=reading.classes, columns=columns, remark=reading.remark)


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


def _image(files: "_Files", where: str, row: Row, reading: ClassReading, columns: dict[str, ColumnType],
           options: ReadOptions) -> LabelledImage | LeftOut:
    if not row["path"]:
        return LeftOut(where, "no_path")
    if not row["label"]:
        return LeftOut(where, "no_label")
    if (label := reading.class_of.get(row["label"])) is None:
        if options.classes:
            return LeftOut(where, "other_class", row["label"])
        return LeftOut(where, "unknown_label", f"{row['label']!r}; {nearest(row['label'], SPELLINGS)}")
    if (split := split_of(row["split"]) if row["split"] else "") is None:
        return LeftOut(where, "unknown_split", f"{row['split']!r}; {nearest(row['split'], SPLIT_SPELLINGS)}")
    annotations = {}
    for name, kind in columns.items():
        annotations[name] = unicodedata.normalize("NFC", row[name])
        if kind == "number":
            try:
                annotations[name] = _number(row[name])
            except ValueError as error:
                return LeftOut(where, "bad_number", f"{name}: {error}")
    try:
        path = files.find(row["path"])
    except PermissionError as error:
        return LeftOut(where, "cannot_open", f"{row['path']}: {error.strerror}")
    if path is None:
        return LeftOut(where, "no_such_file", row["path"])
    return LabelledImage(path, label, split, annotations)


def _number(cell: str) -> str:
    if cell.lower() in UNKNOWN_NUMBERS:
        return ""
    strict_number(cell)
    return cell


class _Files:
    """The files of a folder, found by either form of a letter with an accent: one letter, or two signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, dict[str, str]] = {}

    def find(self, written: str) -> str | None:
        """Return the path of a file relative to the folder, as the file system writes it; None where it is not there.

        A backslash is what Windows writes between folders, where it is no part of a name.

        Raises
        ------
        PermissionError
            If a folder on the way may not be opened.
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
            separator = next((sign for sign in SEPARATORS if sign in "".join(header)), "")
            raise InputError(f"{table}: the column {column!r} is missing; the header holds "
                             f"{', '.join(header) or 'nothing'}" + (
                                 f"; its cells are separated by {SEPARATORS[separator]}: save it with commas"
                                 if separator else ""))
    for line in lines:
        if isinstance(line, RejectedRow):
            where = f"line {line.line}"
            yield where, LeftOut(where, "bad_row", line.reason)
        else:
            number, cells = line
            row = {column: cells[place].strip() if place < len(cells) else "" for column, place in place_of.items()}
            yield f"line {number}", {SPLIT_COLUMN: "", **row}


LAYOUT = Layout(name="path_label", about="a CSV of path, label, perhaps split and further columns", read=read)
