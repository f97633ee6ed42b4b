"""ExpW, Expression in the Wild (Zhang, Luo, Loy and Tang 2016): photographs, and a list of the faces in them."""

import re
from pathlib import Path, PurePath

from fecemo.data.classes import NUMBERINGS, in_standard_order
from fecemo.data.csv_rows import RejectedRow, strict_number, text_lines
from fecemo.data.image_files import LabelledImage, LeftOut, image_files
from fecemo.data.layouts import (
    LabelledSet,
    Layout,
    ReadOptions,
    holds,
    labelled_set,
    refuse_lost_part,
    refuse_unknown_part,
)
from fecemo.errors import InputError, nearest

LISTS = ("label.lst", "label/label.lst")
FIELDS = "image_name face_id top left right bottom confidence label"
EMOTIONS = {str(code): name for code, name in NUMBERINGS["fer2013"].items()}
"""ExpW numbers the seven emotions as FER2013 does."""
COLUMNS = ("confidence", "face")
_ROW = re.compile(r"(.*\S)" + r"\s+(\S+)" * 7)


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read ``label.lst`` or ``label/label.lst``, and the photographs that it names, wherever in the folder they lie.

    A row is ``image_name face_id top left right bottom confidence label``, the box in pixels: a photograph may show
    several faces, and each is cut out. Columns are ``confidence``, of the detector of the box, and ``face``, the face's
    number in its photograph. A row that cannot be used is left out under its line, a photograph without a row as
    ``not_listed``. Raises `InputError` if there is no list or no usable row, or a whole class would be left out.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in COLUMNS:
            raise InputError(f"{folder}: ExpW has no annotation {name!r}: {nearest(name, COLUMNS)}")
    images: dict[str, list[str]] = {}
    for entry in image_files(folder):
        if isinstance(entry, LabelledImage):
            images.setdefault(PurePath(entry.path).name, []).append(entry.path)
    table = next((folder / name for name in LISTS if (folder / name).is_file()), None)
    if table is None:
        raise InputError(f"{folder} holds no {' and no '.join(LISTS)}; expected a list of rows {FIELDS}")
    rows = [_cells(row) for row in text_lines(table)]
    codes = [cells[-1] for _, cells in rows if not isinstance(cells, str)]
    refuse_unknown_part(table, "emotion", [code for code in codes if code not in EMOTIONS], EMOTIONS,
                        f"Expected {', '.join(f'{code} {name}' for code, name in EMOTIONS.items())}.")
    entries: list[LabelledImage | LeftOut] = []
    lines: dict[str, str] = {}
    for where, cells in rows:
        read_row = LeftOut(where, "bad_row", cells) if isinstance(cells, str) else _face(where, cells, images)
        if isinstance(read_row, LabelledImage):
            if options.classes and read_row.label not in options.classes:
                read_row = LeftOut(where, "other_class", read_row.label)
            elif (line := lines.setdefault(read_row.address, where)) != where:
                read_row = LeftOut(where, "listed_twice", f"{read_row.address} is on {line} already")
        entries.append(read_row)
    wanted = {EMOTIONS[code] for code in codes if code in EMOTIONS}
    refuse_lost_part(table, {name: "" for name in wanted if not options.classes or name in options.classes}, {},
                     entries, "; mend the rows, or take them out of the list")
    listed = {cells[0] for _, cells in rows if not isinstance(cells, str)}
    entries += [LeftOut(path, "not_listed") for name, paths in images.items() if name not in listed for path in paths]
    labels = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    return labelled_set(folder, entries, f"rows {FIELDS} in {table.name}",
                        classes=options.classes or in_standard_order(labels),
                        columns={"confidence": "number", "face": "text"})


def _cells(row: tuple[int, str] | RejectedRow) -> tuple[str, tuple[str, ...] | str]:
    if isinstance(row, RejectedRow):
        return f"line {row.line}", row.reason
    match = _ROW.fullmatch(row[1].strip())
    return f"line {row[0]}", match.groups() if match else f"{row[1][:60]!r}, expected {FIELDS}"


def _face(where: str, cells: tuple[str, ...], images: dict[str, list[str]]) -> LabelledImage | LeftOut:
    name, face, *sides, confidence, code = cells
    if code not in EMOTIONS:
        return LeftOut(where, "unknown_label", f"{code!r}; {nearest(code, EMOTIONS)}")
    try:
        top, left, right, bottom = (round(strict_number(side)) for side in sides)
        strict_number(confidence)
    except ValueError as error:
        return LeftOut(where, "bad_number", str(error))
    if right <= left or bottom <= top:
        return LeftOut(where, "bad_box", f"columns {left} to {right}, rows {top} to {bottom}")
    paths = images.get(name, [])
    if len(paths) != 1:
        return LeftOut(where, "several_files" if paths else "no_such_file", ", ".join(paths) or name)
    return LabelledImage(paths[0], EMOTIONS[code], annotations={"confidence": confidence, "face": face},
                         box=(left, top, right, bottom))


LAYOUT = Layout(name="expw", about="ExpW: photographs, and label.lst with a box for each face", read=read,
                tell=f"its list, {LISTS[0]}", fits=holds(*LISTS))
