"""CSVs that hold pictures themselves: ``emotion,pixels,Usage``, the pixels as grey numbers between blanks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fecemo.data.classes import in_standard_order
from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, opened_folder
from fecemo.data.layouts import LabelledSet, ReadOptions, labelled_set, refuse_lost_part, refuse_unknown_part
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest
from fecemo.progress import progress

SIDE = 48
EMOTION, PIXELS, USAGE = "emotion", "pixels", "usage"


@dataclass(frozen=True)
class Judgement:
    """What a second table says of a picture, in the place of the first one's number."""

    label: str  #: A class, or ``""`` where the picture has none.
    #: `reason`, `detail`: Why it has none; see `LeftOut`.
    reason: str = ""
    detail: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)  #: By column.
    #: Part of the set to which the row belongs, to be compared with that of the picture; ``""`` where it is not known.
    usage: str = ""
    where: str = ""  #: File and line, for messages.


def the_table(folder: Path, names: Sequence[str]) -> Path:
    """Return the one file of a folder that has one of these names. Raises `InputError` where it is none, or several."""
    matching = [entry.name for entry in opened_folder(folder) if entry.is_file() and entry.name.lower() in names]
    if len(matching) != 1:
        raise InputError(f"{folder} holds {' and '.join(matching) or 'no such table'}; expected one of "
                         f"{', '.join(names)}")
    return folder / matching[0]


def named_rows(table: Path, columns: Sequence[str], optional: Sequence[str] = ()
               ) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Yield the line number, from 1, and the cells of every row by column, stripped; or what is wrong with the row.

    Names of columns are in small letters; the file may write them otherwise, and in any order. Raises `InputError` if
    the file cannot be read or lacks a column.
    """
    rows = csv_rows(table)
    first = next(rows, None)
    if isinstance(first, RejectedRow):
        raise InputError(f"{table} line {first.line}: {first.reason}; expected the header {','.join(columns)}")
    header = [name.strip().lower() for name in first[1]] if first else []
    for name in columns:
        if header.count(name) != 1:
            raise InputError(f"{table}: expected one column {name!r}; the header holds "
                             f"{', '.join(header) or 'nothing'}")
    wanted = [name for name in (*columns, *optional) if name in header]
    for row in rows:
        if isinstance(row, RejectedRow):
            yield row.line, row.reason
        elif len(row[1]) != len(header):
            yield row[0], f"{len(row[1])} cells, expected {len(header)}"
        else:
            yield row[0], {name: row[1][header.index(name)].strip() for name in wanted}


def read_pixel_table(table: Path, options: ReadOptions, emotions: Mapping[int, str], *, advice: str = "",
                     judgements: Sequence[Judgement] | None = None, columns: Mapping[str, ColumnType] | None = None,
                     remark: str = "") -> LabelledSet:
    """Read a CSV of the columns ``emotion``, ``pixels`` and perhaps ``Usage``.

    A row that cannot be used is left out under its line: not 48×48 numbers of 0 to 255, an unknown emotion or usage.

    Parameters
    ----------
    options : ReadOptions
        Annotations that it names must be among ``columns``, all of which are read.
    emotions : mapping of int to str
        Classes by their number.
    advice : str
        What to do where many rows have another number.
    judgements : sequence of Judgement, optional
        One for each row, in their order: they replace the number.
    columns : mapping of str to {"text", "number"}, optional
        Type of each annotation of the judgements.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column or has no usable row; if another numbering was named; or if a whole
        class or split would be left out.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in (columns or {}):
            raise InputError(f"{table} has no annotation {name!r}"
                             + (f": {nearest(name, columns)}" if columns else ""))
    if options.numbering:
        raise InputError(f"{table}: this layout knows what the numbers mean ({_listed(emotions)}): leave numbering out")
    by_cell = {str(code): name for code, name in emotions.items()}
    rows = []
    with progress(None, "read pixels", "row") as bar:
        for line, row in named_rows(table, (EMOTION, PIXELS), (USAGE,)):
            rows.append((line, row, b"" if isinstance(row, str) else grey_values(row.pop(PIXELS))))
            bar.update()
    whole = [row for _, row, _ in rows if isinstance(row, dict)]
    if judgements is None:
        refuse_unknown_part(table, "emotion", [row[EMOTION] for row in whole if row[EMOTION] not in by_cell], by_cell,
                            f"Expected {_listed(emotions)}. {advice}")
        judgements = [Judgement(by_cell.get(cell, ""), "unknown_label", f"{cell!r}; expected {_listed(emotions)}")
                      for _, row, _ in rows for cell in ("" if isinstance(row, str) else row[EMOTION],)]
    elif len(judgements) != len(rows):
        raise InputError(f"{table} has {len(rows)} rows, and the votes beside it {len(judgements)}: expected a row of "
                         "votes for every picture, in their order")
    refuse_unknown_part(table, "split", [row[USAGE] for row in whole if row.get(USAGE) and not split_of(row[USAGE])],
                        SPLIT_SPELLINGS, "Mend the column Usage.")
    entries: list[LabelledImage | LeftOut] = []
    for (line, row, pixels), judged in zip(rows, judgements, strict=True):
        where = f"line {line}"
        if isinstance(row, str):
            entries.append(LeftOut(where, "bad_row", row))
            continue
        usage = row.get(USAGE, "")
        split = split_of(usage) if usage else ""
        if judged.usage and usage and judged.usage != usage:
            raise InputError(f"{judged.where}: the usage is {judged.usage!r}, and that of the picture in the same row, "
                             f"{table.name} {where}, is {usage!r}: these are the votes for another table")
        if not judged.label:
            entries.append(LeftOut(where, judged.reason, judged.detail))
        elif options.classes and judged.label not in options.classes:
            entries.append(LeftOut(where, "other_class", judged.label))
        elif split is None:
            entries.append(LeftOut(where, "unknown_split", f"{usage!r}; {nearest(usage, SPLIT_SPELLINGS)}"))
        elif isinstance(pixels, str):
            entries.append(LeftOut(where, "bad_pixels", pixels))
        else:
            entries.append(LabelledImage(f"{table.name}:{line:05d}", judged.label, split, judged.annotations, pixels))
    labels = {judged.label for judged in judgements if judged.label}
    refuse_lost_part(table, {name: "" for name in labels if not options.classes or name in options.classes},
                     {split: "" for row in whole if (split := split_of(row.get(USAGE, "")))}, entries,
                     "; mend the rows, or take it out of the table")
    present = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    return labelled_set(table.parent, entries, f"rows of {EMOTION} and {PIXELS} in {table.name}",
                        classes=options.classes or in_standard_order(present), columns=columns, remark=remark)


def grey_values(cell: str) -> bytes | str:
    """Return the 48×48 grey values of a cell, or what is wrong with it."""
    numbers = cell.split()
    if len(numbers) != SIDE * SIDE:
        return f"{len(numbers)} numbers, expected {SIDE}×{SIDE} = {SIDE * SIDE}"
    try:
        return bytes(map(_grey_of.__getitem__, numbers))
    except KeyError as error:
        return f"{error.args[0][:40]!r}, expected a whole number of 0 to 255"


_grey_of = {str(value): value for value in range(256)}


def _listed(emotions: Mapping[int, str]) -> str:
    return ", ".join(f"{code} {name}" for code, name in emotions.items())
