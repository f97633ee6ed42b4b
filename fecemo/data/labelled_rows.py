"""Rows of label, split and annotations, from whatever table: what each says, and which images they leave."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from fecemo.data.classes import SPELLINGS, ClassReading, emotion_of, read_classes
from fecemo.data.csv_rows import strict_number
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut
from fecemo.data.layouts import LabelledSet, ReadOptions, labelled_set, refuse_lost_part, refuse_unknown_part
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest

UNKNOWN_NUMBERS = ("", "na", "n/a", "nan")
"""Cells of a column of numbers in which none is known."""
Row = dict[str, str]
"""``path``, ``label``, ``split`` and every column that is read, as stripped text."""
ONE_LABEL = ("expected one label a face: keep its strongest as the label, and bring the others as columns of numbers "
             "by annotations (votes_CLASS, as FER+ has them, are soft truth)")
"""Why what has several labels is refused, and what to do."""
Locate = Callable[[str, Row], LabelledImage | LeftOut]
"""Returns the image of a row, without label, split and annotations, or why it is none."""


def annotation_columns(options: ReadOptions) -> dict[str, ColumnType]:
    """Return the further columns that are to be read, with their types."""
    return {**dict.fromkeys(options.annotations, "number"), **dict.fromkeys(options.text_annotations, "text")}


def read_labelled_rows(table: Path, folder: Path, rows: Sequence[tuple[str, Row | LeftOut]], options: ReadOptions,
                       locate: Locate, expected: str) -> tuple[LabelledSet, list[LabelledImage | LeftOut]]:
    """Return the images of a table's rows as a set, and what became of each row.

    A row that cannot be used is left out under its place: no path or label, an unknown label or split, a number that is
    none, no such image, one that is listed already.

    Parameters
    ----------
    table : Path
        For messages.
    folder : Path
        What paths are relative to.
    rows : sequence of (str, dict or LeftOut)
        Where each is, such as ``"line 7"``, and its cells.
    expected : str
        See `labelled_set`.

    Raises
    ------
    InputError
        If no row can be used; if labels are numbers of which nobody says what they mean; or if a whole class or split
        would be left out.
    """
    columns = annotation_columns(options)
    whole = [row for _, row in rows if isinstance(row, dict)]
    if several := [row["label"] for row in whole if _names_several(row["label"])]:
        raise InputError(f"{table}: {len(several)} of {len(whole)} labels name several classes ({several[0][:60]!r} "
                         f"first); {ONE_LABEL}")
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
    places: dict[str, str] = {}
    for where, row in rows:
        entry = row if isinstance(row, LeftOut) else _image(where, row, reading, columns, options, locate)
        if isinstance(entry, LabelledImage) and (place := places.setdefault(entry.path, where)) != where:
            entry = LeftOut(where, "listed_twice", f"{entry.path} is on {place} already")
        entries.append(entry)
    refuse_lost_part(table, {name: "" for row in whole if (name := reading.class_of.get(row["label"]))},
                     {split: "" for row in whole if (split := split_of(row["split"]))}, entries,
                     "; mend the rows, or take it out of the table")
    return labelled_set(folder, entries, expected, classes=reading.classes, columns=columns,
                        remark=reading.remark), entries


def _names_several(label: str) -> bool:
    """Tell whether a label is a list: two emotions, or a row of noughts and ones."""
    parts = [part for part in re.split(r"[\s,;|/+&\[\]()'\"]+", label) if part]
    return len(parts) > 1 and (set(parts) <= {"0", "1"} or sum(emotion_of(part) is not None for part in parts) > 1)


def _image(where: str, row: Row, reading: ClassReading, columns: dict[str, ColumnType], options: ReadOptions,
           locate: Locate) -> LabelledImage | LeftOut:
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
    image = locate(where, row)
    if isinstance(image, LeftOut):
        return image
    return LabelledImage(image.path, label, split, annotations, read=image.read)


def _number(cell: str) -> str:
    if cell.lower() in UNKNOWN_NUMBERS:
        return ""
    strict_number(cell)
    return cell
