"""RAF-DB, Real-world Affective Faces (Li, Deng and Du 2017): a list of labels, aligned faces, and what people said."""

import re
from dataclasses import replace
from pathlib import Path, PurePath

from fecemo.data.classes import NUMBERINGS, in_standard_order
from fecemo.data.csv_rows import RejectedRow, text_lines
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, opened_folder
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
from fecemo.progress import progress

LIST = "EmoLabel/list_patition_label.txt"
"""As its authors spell it."""
IMAGES, ATTRIBUTES = "Image/aligned", "Annotation/manual"
EMOTIONS = {str(code): name for code, name in NUMBERINGS["rafdb"].items()}
ANSWERS = {"gender": ("male", "female", "unsure"), "race": ("Caucasian", "African-American", "Asian"),
           "age": ("0-3", "4-19", "20-39", "40-69", "70+")}
"""Last lines of a file of attributes, in their order: what the number of each means."""
COLUMNS: dict[str, ColumnType] = dict.fromkeys(ANSWERS, "text")
_ROW = re.compile(r"(?P<stem>(?P<split>train|test)_\d+)\.\w+\s+(?P<label>\S+)")


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read the basic emotions: ``EmoLabel/list_patition_label.txt`` and ``Image/aligned/train_00001_aligned.jpg``.

    The folder is ``basic``, or the one that holds it. A row is ``train_00001.jpg 5``; numbers are 1 surprise, 2 fear, 3
    disgust, 4 happy, 5 sad, 6 anger, 7 neutral. Of ``Annotation/manual/train_00001_manu_attri.txt``, where it lies
    there, the last three lines are the columns ``gender``, ``race`` and ``age``, in the authors' words; a number that
    means nothing is not known. Compound emotions have a list of the same name, and are refused by their numbers. Raises
    `InputError` if there is no list, no aligned face or no usable row, or a whole class or split would be left out.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in COLUMNS:
            raise InputError(f"{folder}: RAF-DB has no annotation {name!r}: {nearest(name, COLUMNS)}")
    opened_folder(folder)
    place = folder / "basic" if (folder / "basic" / LIST).is_file() else folder
    if not (place / LIST).is_file():
        raise InputError(f"{folder} holds no {LIST} and no basic/{LIST}; expected RAF-DB's basic emotions (where a "
                         "folder a class lies there instead, the layout is class_folders)")
    faces = {PurePath(entry.name).stem.removesuffix("_aligned"): entry.name for entry in opened_folder(place / IMAGES)}
    table = place / LIST
    rows = [(line.line, line.reason) if isinstance(line, RejectedRow) else (line[0], _row(line[1]))
            for line in text_lines(table)]
    cells = [row for _, row in rows if not isinstance(row, str)]
    refuse_unknown_part(table, "emotion", [row["label"] for row in cells if row["label"] not in EMOTIONS], EMOTIONS,
                        f"Expected {', '.join(f'{code} {name}' for code, name in EMOTIONS.items())}; compound emotions "
                        "are not read.")
    entries: list[LabelledImage | LeftOut] = []
    lines: dict[str, str] = {}
    with progress(len(rows), "read attributes", "face") as bar:
        for number, row in rows:
            bar.update()
            entry = LeftOut(f"line {number}", "bad_row", row) if isinstance(row, str) else _face(
                f"line {number}", row, place, faces, options)
            if isinstance(entry, LabelledImage):
                entry = replace(entry, path=(place.relative_to(folder) / entry.path).as_posix())
                if (line := lines.setdefault(entry.path, f"line {number}")) != f"line {number}":
                    entry = LeftOut(f"line {number}", "listed_twice", f"{entry.path} is on {line} already")
            entries.append(entry)
    labels = {EMOTIONS[row["label"]] for row in cells if row["label"] in EMOTIONS}
    refuse_lost_part(table, {name: "" for name in labels if not options.classes or name in options.classes},
                     {row["split"]: "" for row in cells}, entries, "; mend the rows, or take them out of the list")
    listed = {row["stem"] for row in cells}
    entries += [LeftOut(f"{IMAGES}/{name}", "not_listed") for stem, name in faces.items() if stem not in listed]
    present = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    known = (place / ATTRIBUTES).is_dir()
    return labelled_set(folder, entries, f"rows such as train_00001.jpg 5 in {LIST}",
                        classes=options.classes or in_standard_order(present), columns=COLUMNS if known else {},
                        remark="gender, race and age are what its annotators said" if known else "")


def _row(line: str) -> re.Match[str] | str:
    return _ROW.fullmatch(line.strip()) or f"{line[:60]!r}, expected such as train_00001.jpg 5"


def _face(where: str, row: re.Match[str], place: Path, faces: dict[str, str],
          options: ReadOptions) -> LabelledImage | LeftOut:
    if row["label"] not in EMOTIONS:
        return LeftOut(where, "unknown_label", f"{row['label']!r}; {nearest(row['label'], EMOTIONS)}")
    if options.classes and EMOTIONS[row["label"]] not in options.classes:
        return LeftOut(where, "other_class", EMOTIONS[row["label"]])
    if row["stem"] not in faces:
        return LeftOut(where, "no_such_file", f"{IMAGES}/{row['stem']}_aligned.jpg")
    return LabelledImage(f"{IMAGES}/{faces[row['stem']]}", EMOTIONS[row["label"]], row["split"],
                         _attributes(place / ATTRIBUTES / f"{row['stem']}_manu_attri.txt"))


def _attributes(path: Path) -> dict[str, str]:
    """Return the answers of a file, after five lines of points; ``""`` for what it does not say."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return {}
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    codes = [line.strip() for line in lines if line.strip()][5:]
    return {name: words[int(code)] if code.isascii() and code.isdigit() and int(code) < len(words) else ""
            for (name, words), code in zip(ANSWERS.items(), codes + [""] * len(ANSWERS), strict=False)}


LAYOUT = Layout(name="raf_db", about="RAF-DB's basic emotions: list_patition_label.txt and aligned faces", read=read,
                tell=f"its list, {LIST}", fits=holds(LIST, f"basic/{LIST}"))
