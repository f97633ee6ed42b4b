"""AffectNet's first release (Mollahosseini, Hasani and Mahoor 2017): photographs, and CSVs with a box for each face."""

from collections.abc import Iterator
from pathlib import Path

from fecemo.data.classes import in_standard_order
from fecemo.data.csv_rows import RejectedRow, csv_rows, strict_number
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, opened_folder
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set, refuse_lost_part
from fecemo.data.layouts.affectnet import EXPRESSIONS, NO_EMOTION, NUMBERS, UNKNOWN
from fecemo.errors import InputError, nearest
from fecemo.progress import progress

LISTS = {"training.csv": "train", "validation.csv": "valid"}
LIST_FOLDERS = ("Manually_Annotated_file_lists", "Manually_Annotated/Manually_Annotated_file_lists", "")
IMAGE_FOLDERS = ("Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images", "")
FIELDS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression",
          "valence", "arousal")
NO_BOX = "NULL"

Row = dict[str, str]


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read ``training.csv`` and ``validation.csv``, and the photographs that they name.

    Lists lie in ``Manually_Annotated_file_lists``, photographs in ``Manually_Annotated_Images``, or both in the folder
    itself. A list may lack its header. Each face is cut by its box; ``valence`` and ``arousal`` are columns; landmarks
    are not read. Expressions 8 (none), 9 (uncertain) and 10 (no face) are left out under these names, and a face
    without a box as ``no_box``. The validation list is the test split: the authors keep their test set. Raises
    `InputError` if there is no list, no photograph or no usable row, or a whole class or split would be left out.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in NUMBERS:
            raise InputError(f"{folder}: AffectNet's lists have no annotation {name!r}, {nearest(name, NUMBERS)}")
    opened_folder(folder)
    place = next((folder / below for below in LIST_FOLDERS
                  if any((folder / below / name).is_file() for name in LISTS)), None)
    if place is None:
        raise InputError(f"{folder} holds neither {' nor '.join(LISTS)}, nor a folder {LIST_FOLDERS[0]} with one")
    images = next(below for below in IMAGE_FOLDERS if (folder / below).is_dir())
    entries: list[LabelledImage | LeftOut] = []
    labels: dict[str, str] = {}
    splits: dict[str, str] = {}
    lines: dict[str, str] = {}
    with progress(None, "read lists", "row") as bar:
        for name, split in LISTS.items():
            for where, row in _rows(place / name) if (place / name).is_file() else ():
                bar.update()
                splits[split] = name
                entry = LeftOut(where, "bad_row", row) if isinstance(row, str) else _face(
                    folder, images, where, row, split)
                if isinstance(entry, LabelledImage):
                    if options.classes and entry.label not in options.classes:
                        entry = LeftOut(where, "other_class", entry.label)
                    elif (line := lines.setdefault(entry.address, where)) != where:
                        entry = LeftOut(where, "listed_twice", f"{entry.address} is on {line} already")
                if isinstance(row, dict) and (label := EXPRESSIONS.get(_code(row["expression"]))) is not None:
                    labels[label] = ""
                entries.append(entry)
    refuse_lost_part(place, {name: "" for name in labels if not options.classes or name in options.classes}, splits,
                     entries, "; mend the rows, or take the list out of the set")
    present = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    columns: dict[str, ColumnType] = dict.fromkeys(NUMBERS, "number")
    return labelled_set(folder, entries, f"rows {','.join(FIELDS)} in {' and '.join(LISTS)}", columns=columns,
                        classes=options.classes or in_standard_order(present))


def _rows(table: Path) -> Iterator[tuple[str, Row | str]]:
    """Yield the cells of each row by field, or what is wrong with it. Raises `InputError` for another header."""
    order: list[str] = []
    for row in csv_rows(table):
        if isinstance(row, RejectedRow):
            yield f"{table.name} line {row.line}", row.reason
            continue
        number, cells = row[0], [cell.strip() for cell in row[1]]
        if not order:
            order = cells if FIELDS[0] in cells else list(FIELDS)
            if missing := [name for name in FIELDS if name not in order]:
                raise InputError(f"{table}: the column {missing[0]!r} is missing; the header holds {', '.join(order)}")
            if order is cells:
                continue
        yield f"{table.name} line {number}", dict(zip(order, cells, strict=True)) if len(cells) == len(order) else (
            f"{len(cells)} cells, expected {len(order)}")


def _code(cell: str) -> int:
    """Return the number of an expression, -1 where it is none."""
    return int(cell) if cell.isascii() and cell.isdigit() else -1


def _face(folder: Path, images: str, where: str, row: Row, split: str) -> LabelledImage | LeftOut:
    code = _code(row["expression"])
    if code in NO_EMOTION:
        return LeftOut(where, NO_EMOTION[code])
    if code not in EXPRESSIONS:
        return LeftOut(where, "unknown_label", f"{row['expression'][:40]!r}, expected an expression of 0 to 10")
    sides = [row[name] for name in FIELDS[1:5]]
    if NO_BOX in sides:
        return LeftOut(where, "no_box", row[FIELDS[0]])
    try:
        left, top, width, height = (round(strict_number(side)) for side in sides)
        annotations = {name: _number(name, row[name]) for name in NUMBERS}
    except ValueError as error:
        return LeftOut(where, "bad_number", str(error))
    if width <= 0 or height <= 0:
        return LeftOut(where, "bad_box", f"{width} pixels wide and {height} high")
    path = (Path(images) / row[FIELDS[0]]).as_posix()
    if not (folder / path).is_file():
        return LeftOut(where, "no_such_file", path)
    return LabelledImage(path, EXPRESSIONS[code], split, annotations, box=(left, top, left + width, top + height))


def _number(name: str, cell: str) -> str:
    """Return a number in [-1, 1] as text, ``""`` where the annotators could not tell. Raises `ValueError`."""
    value = strict_number(cell)
    if value != UNKNOWN and not -1 <= value <= 1:
        raise ValueError(f"{name} is {cell}, expected a number of -1 to 1")
    return "" if value == UNKNOWN else cell


def _fits(place: Path) -> bool:
    for below in LIST_FOLDERS:
        for table in (place / below / name for name in LISTS):
            if table.is_file():
                with table.open(encoding="utf-8-sig", errors="replace") as lines:
                    return len(lines.readline().split(",")) >= len(FIELDS)
    return False


LAYOUT = Layout(name="affectnet_lists", about="AffectNet's first release: photographs and CSVs of faces", read=read,
                tell="its list, training.csv or validation.csv, of paths and boxes", fits=_fits)
