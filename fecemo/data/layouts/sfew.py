"""SFEW and AFEW (Dhall, Goecke, Lucey and Gedeon 2011, 2012): faces in frames of films, by split and emotion."""

import re
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePath

from fecemo.data.classes import SPELLINGS, emotion_of, in_standard_order
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, image_files, opened_folder
from fecemo.data.layouts import (
    LOOKED_AT,
    LabelledSet,
    Layout,
    ReadOptions,
    labelled_set,
    refuse_lost_part,
    refuse_unknown_part,
)
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest

EXAMPLE = "Train/Angry/Airheads_000519240_00000005.png"
FILMS = (".avi", ".mp4", ".mkv", ".mov", ".wmv")
COLUMNS: dict[str, ColumnType] = {"movie": "text", "clip": "text"}
_FRAME = re.compile(r"(?P<movie>.+)_(?P<time>\d{6,})_(?P<frame>\d+)")
_SFEW_NAME = re.compile(r".+_\d{9}_\d{8}")
_AFEW_FOLDER = re.compile(r"_(?:s|a)few\b|_aligned_faces", re.IGNORECASE)
_ENDING = re.compile(r"_(?:s|a)few\b.*|_aligned.*|_faces.*", re.IGNORECASE)


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read ``SPLIT/CLASS/MOVIE_TIME_FRAME.png`` of SFEW, and ``SPLIT/CLASS/CLIP/FRAME.png`` of AFEW.

    A split's folder may be called ``Train_Aligned_Faces`` or ``Val_AFEW``. Columns are ``movie``, which AFEW does not
    say, and ``clip``: frames of one clip show one moment, so that they must not be divided. Pictures of a split that
    lie in no class folder, as SFEW's test set does, have no label and are left out (``no_label``), as are films, of
    which frames must be taken first (``film``). Where there is no labelled test split, ``Val`` is the test split.
    Raises `InputError` if a folder is no split or no emotion, there is no frame, or a whole class or split would be
    left out.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in COLUMNS:
            raise InputError(f"{folder}: frames of films have no annotation {name!r}: {nearest(name, COLUMNS)}")
    splits: dict[str, str] = {}
    for part in (entry.name for entry in opened_folder(folder) if entry.is_dir()):
        if (split := split_of(_ENDING.sub("", part))) is None:
            raise InputError(f"{folder / part} is no split: {nearest(part, SPLIT_SPELLINGS)}; expected such as "
                             f"{EXAMPLE}")
        splits[part] = split
    entries: list[LabelledImage | LeftOut] = []
    unknown = []
    for entry in image_files(folder):
        path = PurePath(entry.path if isinstance(entry, LabelledImage) else entry.where)
        if isinstance(entry, LeftOut):
            film = path.suffix.lower() in FILMS
            entries.append(LeftOut(entry.where, "film", "take frames of it first") if film else entry)
        elif len(path.parts) < 3:
            entries.append(LeftOut(entry.path, "no_label", "it lies in no folder of an emotion"))
        elif (label := emotion_of(path.parts[1])) is None:
            unknown.append(path.parts[1])
            entries.append(LeftOut(entry.path, "unknown_label", f"{path.parts[1]!r}"))
        elif options.classes and label not in options.classes:
            entries.append(LeftOut(entry.path, "other_class", label))
        else:
            entries.append(replace(entry, label=label, split=splits[path.parts[0]], annotations=_film(path)))
    refuse_unknown_part(folder, "emotion", unknown, SPELLINGS, f"Expected such as {EXAMPLE}.")
    wanted = [(part, entry.name, label) for part in splits for entry in opened_folder(folder / part)
              if entry.is_dir() and (label := emotion_of(entry.name))]
    refuse_lost_part(folder, {label: f"{part}/{name}" for part, name, label in wanted
                              if not options.classes or label in options.classes},
                     {splits[part]: part for part, _, _ in wanted}, entries,
                     "; put frames there, or take its folder out of the set")
    present = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    return labelled_set(folder, entries, f"frames such as {EXAMPLE}", columns=COLUMNS,
                        classes=options.classes or in_standard_order(present),
                        remark="films and moments are named in the columns movie and clip")


def _film(path: PurePath) -> dict[str, str]:
    """Return the movie and the clip of a frame, ``""`` for what its path does not say."""
    match = _FRAME.fullmatch(path.stem)
    if match:
        return {"movie": match["movie"], "clip": f"{match['movie']}_{match['time']}"}
    return {"movie": "", "clip": "/".join(path.parts[2:-1])}


def _fits(place: Path) -> bool:
    """Say whether frames of films lie in folders of emotions in folders of splits."""
    if not place.is_dir():
        return False
    images = [PurePath(image.path) for image in islice(image_files(place), LOOKED_AT)
              if isinstance(image, LabelledImage)]
    met = [len(path.parts) > 2 and split_of(_ENDING.sub("", path.parts[0])) is not None
           and bool(_SFEW_NAME.fullmatch(path.stem) or _AFEW_FOLDER.search(path.parts[0])) for path in images]
    return 2 * sum(met) > len(met)


LAYOUT = Layout(name="sfew", about="SFEW and AFEW: frames of films, by split, emotion, movie and clip", read=read,
                tell=f"frames of films such as {EXAMPLE}", fits=_fits, in_class_folders=True)
