"""FER2013 (Goodfellow and others 2013), a CSV of pictures; and FER+, ten votes for each (Barsoum and others 2016)."""

from pathlib import Path

from fecemo.data.classes import NUMBERINGS
from fecemo.data.dataset_files import ColumnType
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, holds
from fecemo.data.pixel_tables import USAGE, Judgement, named_rows, read_pixel_table, the_table

TABLES = ("fer2013.csv", "icml_face_data.csv")
"""As the challenge called it, and as it lies on Kaggle."""
VOTES = "fer2013new.csv"
ANSWERS = {"neutral": "neutral", "happiness": "happy", "surprise": "surprise", "sadness": "sad", "anger": "anger",
           "disgust": "disgust", "fear": "fear", "contempt": "contempt", "unknown": "unknown", "nf": "no_face"}
"""Columns of FER+: eight emotions and two answers that are none."""
NO_EMOTION = ("unknown", "no_face")
MEANT_CK = "A CSV in which 7 is contempt is the copy of CK+ in this form, which the layout ck_plus reads."


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read ``fer2013.csv``, and ``fer2013new.csv`` where it lies beside it.

    The first has a row ``emotion,pixels,Usage`` for each picture: 48×48 grey numbers. Its parts Training, PublicTest
    and PrivateTest are the splits train, valid and test. The second has a row of ten votes for each of these rows, in
    their order; it gives the columns ``votes_neutral`` to ``votes_contempt``, ``votes_unknown`` and ``votes_no_face``,
    and the label is the majority as its authors take it: answers with a single vote are dropped, and an answer must
    have more than half of the other votes. Left out are rows whose majority is ``unknown`` or ``no_face``, and those
    without one (``no_majority``). Raises `InputError` if the table is not there, or as `read_pixel_table` does; if the
    votes are those of other rows.
    """
    table = the_table(folder, TABLES)
    votes = folder / VOTES
    if not votes.exists():
        return read_pixel_table(table, options, NUMBERINGS["fer2013"], advice=MEANT_CK)
    columns: dict[str, ColumnType] = {f"votes_{name}": "number" for name in ANSWERS.values()}
    judgements = [_judged(f"{votes} line {line}", row) for line, row in named_rows(votes, (USAGE, *ANSWERS))]
    return read_pixel_table(table, options, NUMBERINGS["fer2013"], judgements=judgements, columns=columns,
                            remark=f"labels are the majorities of the votes in {VOTES}")


def _judged(where: str, row: dict[str, str] | str) -> Judgement:
    if isinstance(row, str):
        return Judgement("", "bad_votes", f"{where}: {row}")
    cells = {name: row[column] for column, name in ANSWERS.items()}
    for name, cell in cells.items():
        if not (cell.isascii() and cell.isdigit()):
            return Judgement("", "bad_votes", f"{where}: {name} has {cell[:40]!r}, expected a number of votes")
    counts = {name: int(cell) for name, cell in cells.items() if int(cell) > 1}
    answer = max(counts, key=counts.__getitem__, default="")
    annotations = {f"votes_{name}": cell for name, cell in cells.items()}
    if 2 * counts.get(answer, 0) <= sum(counts.values()):
        reason, detail = "no_majority", ", ".join(f"{name} {cell}" for name, cell in cells.items() if cell != "0")
    elif answer in NO_EMOTION:
        reason, detail = answer, f"{counts[answer]} votes"
    else:
        return Judgement(answer, "", "", annotations, row[USAGE], where)
    return Judgement("", reason, detail, annotations, row[USAGE], where)


LAYOUT = Layout(name="fer2013", about="FER2013's CSV of pixels, with the votes of FER+ where they lie beside it",
                read=read,
                tell="its table, " + " or ".join(TABLES), fits=holds(*TABLES))
