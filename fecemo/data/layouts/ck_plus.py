"""CK+, the Extended Cohn-Kanade data set (Lucey and others 2010): sequences from a neutral face to the peak."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from fecemo.data.classes import NUMBERINGS, in_standard_order
from fecemo.data.csv_rows import strict_number
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, image_files
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set, names_are
from fecemo.data.pixel_tables import read_pixel_table
from fecemo.errors import InputError, nearest

EMOTIONS = dict(enumerate(("neutral", "anger", "contempt", "disgust", "fear", "happy", "sad", "surprise")))
"""As the authors number them."""
TABLE = "ckextended.csv"
TABLE_EMOTIONS = {**NUMBERINGS["fer2013"], 7: "contempt"}
"""As the copy in FER2013's form numbers them."""
COLUMNS: dict[str, ColumnType] = {"person": "text", "sequence": "text"}
NEUTRAL, SUFFIX, EXAMPLE = "neutral", "_emotion", "S005_001_00000011.png"
_FRAME = re.compile(r"(?P<person>S\d+)_(?P<sequence>\d+)_(?P<frame>\d+)", re.IGNORECASE)

Sequence = tuple[str, str]
"""Person and number."""


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read frames such as ``S005/001/S005_001_00000011.png`` and files ``S005_001_00000011_emotion.txt``.

    Both may lie in any folders. An emotion file names the last frame of a sequence, the peak, which gets its number's
    emotion: 1 anger, 2 contempt, 3 disgust, 4 fear, 5 happy, 6 sad, 7 surprise. Where ``options.classes`` hold
    ``neutral``, the first frame of every sequence is a neutral face. All other frames are left out: of sequences
    without an emotion file as ``no_emotion``, else as ``between``. Columns are ``person`` and ``sequence``.

    A folder with ``ckextended.csv``, of pixels in FER2013's form, is read by that table: 0 anger, 1 disgust, 2 fear, 3
    happy, 4 sad, 5 surprise, 6 neutral, 7 contempt. It does not say who is shown. Raises `InputError` if there is no
    frame or no emotion file, a frame is there twice, or as `read_pixel_table` does.
    """
    if (folder / TABLE).is_file():
        return read_pixel_table(folder / TABLE, options, TABLE_EMOTIONS, remark=(
            "the table does not say who is shown: a split may divide the pictures of a person"))
    for name in (*options.annotations, *options.text_annotations):
        if name not in COLUMNS:
            raise InputError(f"{folder}: CK+ has no annotation {name!r}: {nearest(name, COLUMNS)}")
    entries: list[LabelledImage | LeftOut] = []
    frames: dict[Sequence, dict[int, LabelledImage]] = {}
    labels: dict[Sequence, tuple[int, Path]] = {}
    for entry in image_files(folder):
        path = PurePath(entry.path if isinstance(entry, LabelledImage) else entry.where)
        match = _FRAME.fullmatch(path.stem.removesuffix(SUFFIX))
        key = (match["person"].upper(), match["sequence"]) if match else ("", "")
        if match and isinstance(entry, LabelledImage):
            earlier = frames.setdefault(key, {}).setdefault(int(match["frame"]), entry)
            if earlier is not entry:
                raise InputError(f"{folder} holds the frame {path.name} twice, {earlier.path} and {entry.path}: choose "
                                 "the folder of the release, or take the copies out")
        elif match and path.stem.endswith(SUFFIX) and path.suffix.lower() == ".txt":
            labels[key] = int(match["frame"]), folder / path
        elif isinstance(entry, LabelledImage):
            entries.append(LeftOut(entry.path, "unknown_name", f"expected such as {EXAMPLE}"))
        elif entry.reason != "not_an_image":  # tables of landmarks and action units, and read-me files
            entries.append(entry)
    if frames and not labels:
        raise InputError(f"{folder} holds frames of CK+ and no file such as S005_001_00000011{SUFFIX}.txt: put the "
                         "folder Emotion beside the images")
    for key, (_, path) in labels.items():
        if key not in frames:
            entries.append(LeftOut(path.relative_to(folder).as_posix(), "no_such_file", "no frame of its sequence"))
    for key, of_sequence in frames.items():
        entries += _sequence(key, of_sequence, labels.get(key), options, folder)
    present = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    return labelled_set(folder, entries, f"frames such as {EXAMPLE}, with files of emotions", columns=COLUMNS,
                        classes=options.classes or in_standard_order(present),
                        remark="people are named in the column person; a split that is made here divides them")


def _sequence(key: Sequence, frames: Mapping[int, LabelledImage], label: tuple[int, Path] | None,
              options: ReadOptions, folder: Path) -> Iterator[LabelledImage | LeftOut]:
    """Yield what every frame of a sequence is."""
    annotations = dict(zip(COLUMNS, key, strict=True))
    peak, emotion, fault = -1, "", ""
    if label is not None:
        peak, path = label
        try:
            emotion = _emotion(path)
        except (OSError, ValueError) as error:
            fault = f"{path.relative_to(folder).as_posix()}: {error}"
        if peak not in frames:
            yield LeftOut(path.relative_to(folder).as_posix(), "no_such_file", f"the frame {peak} is not there")
    first = min(frames)
    for number, image in frames.items():
        if number == peak and fault:
            yield LeftOut(image.path, "bad_annotation", fault)
        elif number == peak and options.classes and emotion not in options.classes:
            yield LeftOut(image.path, "other_class", emotion)
        elif number == peak:
            yield replace(image, label=emotion, annotations=annotations)
        elif number == first and NEUTRAL in options.classes:
            yield replace(image, label=NEUTRAL, annotations=annotations)
        else:
            yield LeftOut(image.path, "no_emotion" if label is None else "between")


def _emotion(path: Path) -> str:
    """Return the emotion of a file such as ``   3.0000000e+00``. Raises `ValueError` where it is none."""
    text = path.read_text(encoding="utf-8").strip()
    number = strict_number(text)
    if number not in EMOTIONS:
        raise ValueError(f"expected a number of 0 to {max(EMOTIONS)}, found {text}")
    return EMOTIONS[int(number)]


def _fits(place: Path) -> bool:
    return (place / TABLE).is_file() or (names_are(_FRAME.pattern)(place)
                                         and next(place.rglob(f"*{SUFFIX}.txt"), None) is not None)


LAYOUT = Layout(name="ck_plus", about="CK+: frames by person and sequence with files of emotions, or ckextended.csv",
                read=read,
                tell=f"{TABLE}, or frames such as {EXAMPLE} and files S005_001_00000011{SUFFIX}.txt", fits=_fits)
