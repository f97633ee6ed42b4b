"""Posed sets whose file names say everything: who is shown, the emotion that was posed, and from where."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

from fecemo.data.classes import in_standard_order
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, image_files
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set, names_are
from fecemo.errors import InputError, nearest

Column = Callable[[Mapping[str, str]], str]
"""Of the groups of a name's pattern, in small letters."""


def read_posed(folder: Path, options: ReadOptions, *, pattern: str, emotions: Mapping[str, str],
               columns: Mapping[str, Column], example: str) -> LabelledSet:
    """Read images by their names, in whatever folders they lie.

    Parameters
    ----------
    options : ReadOptions
        Annotations that it names must be among ``columns``, all of which are read.
    pattern : str
        Regular expression of a whole name without its suffix, in any case; its group ``emotion`` is a key of
        ``emotions``.
    emotions : mapping of str to str
        Classes by their code, in small letters.
    columns : mapping of str to callable
        Annotations in words, each made of the groups of the pattern.
    example : str
        A name, for messages.

    Raises
    ------
    InputError
        If no image has such a name, or the set has no such annotation.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in columns:
            raise InputError(f"{folder}: the names of these images say no {name!r}: {nearest(name, columns)}")
    entries: list[LabelledImage | LeftOut] = []
    for image in image_files(folder):
        if isinstance(image, LeftOut):
            entries.append(image)
            continue
        match = re.fullmatch(pattern, PurePath(image.path).stem.strip(), re.IGNORECASE)
        if match is None:
            entries.append(LeftOut(image.path, "unknown_name", f"expected such as {example}"))
            continue
        parts = {name: text.lower() for name, text in match.groupdict(default="").items()}
        label = emotions[parts["emotion"]]
        if options.classes and label not in options.classes:
            entries.append(LeftOut(image.path, "other_class", label))
            continue
        entries.append(replace(image, label=label,
                               annotations={name: of(parts) for name, of in columns.items()}))
    labels = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    kinds: dict[str, ColumnType] = dict.fromkeys(columns, "text")
    return labelled_set(folder, entries, f"images that are named as {example}", columns=kinds,
                        classes=options.classes or in_standard_order(labels),
                        remark="people are named in the column person; a split that is made here divides them")


def _posed(name: str, title: str, example: str, pattern: str, emotions: Mapping[str, str],
           columns: Mapping[str, Column]) -> Layout:
    return Layout(name=name, about=f"{title}, by names such as {example}", tell=f"names such as {example}",
                  fits=names_are(pattern),
                  read=partial(read_posed, pattern=pattern, emotions=emotions, columns=columns, example=example))


def _group(name: str) -> Column:
    return lambda parts: parts[name]


# The Karolinska Directed Emotional Faces (Lundqvist, Flykt and Öhman 1998): 70 actors, the same in both sessions.
KDEF = _posed(
    "kdef", "KDEF", "AF01ANS.JPG",
    r"(?P<session>[AB])(?P<gender>[FM])(?P<person>\d\d)(?P<emotion>AF|AN|DI|HA|NE|SA|SU)(?P<angle>S|HL|HR|FL|FR)",
    {"af": "fear", "an": "anger", "di": "disgust", "ha": "happy", "ne": "neutral", "sa": "sad", "su": "surprise"},
    {"person": lambda parts: (parts["gender"] + parts["person"]).upper(),
     "gender": lambda parts: {"f": "female", "m": "male"}[parts["gender"]],
     "angle": lambda parts: {"s": "straight", "hl": "half left", "hr": "half right", "fl": "full left",
                             "fr": "full right"}[parts["angle"]],
     "session": lambda parts: parts["session"].upper()})

# The Radboud Faces Database (Langner et al. 2010): 67 models, ``caucasian``, ``kid`` or ``moroccan``; five cameras, in
# degrees, 090 from the front; three gazes.
RAFD = _posed(
    "rafd", "RaFD", "Rafd090_01_Caucasian_female_angry_frontal.jpg",
    r"Rafd(?P<camera>\d{3})_(?P<person>\d+)_(?P<people>[A-Z]+)_(?P<gender>male|female)_"
    r"(?P<emotion>angry|contemptuous|disgusted|fearful|happy|neutral|sad|surprised)_(?P<gaze>frontal|left|right)",
    {"angry": "anger", "contemptuous": "contempt", "disgusted": "disgust", "fearful": "fear", "happy": "happy",
     "neutral": "neutral", "sad": "sad", "surprised": "surprise"},
    {name: _group(name) for name in ("person", "people", "gender", "camera", "gaze")})

# Japanese Female Facial Expressions (Lyons, Akamatsu, Kamachi and Gyoba 1998): ten women.
JAFFE = _posed(
    "jaffe", "JAFFE", "KA.AN1.39.tiff",
    r"(?P<person>[A-Z]{2})\.(?P<emotion>AN|DI|FE|HA|NE|SA|SU)(?P<take>\d+)(\.(?P<number>\d+))?",
    {"an": "anger", "di": "disgust", "fe": "fear", "ha": "happy", "ne": "neutral", "sa": "sad", "su": "surprise"},
    {"person": lambda parts: parts["person"].upper(), "take": _group("take")})

LAYOUT = (KDEF, RAFD, JAFFE)
