"""Names of classes: how labelled sets spell the usual emotions, and what their numbers mean.

Which classes there are is a matter of each dataset; see `Dataset.classes`. Nothing here is a list of all emotions.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fecemo.errors import InputError, nearest

SPELLINGS = {
    "neutral": "neutral", "neutrality": "neutral",
    "happy": "happy", "happiness": "happy", "joy": "happy",
    "sad": "sad", "sadness": "sad",
    "surprise": "surprise", "surprised": "surprise",
    "fear": "fear", "fearful": "fear", "afraid": "fear", "scared": "fear",
    "disgust": "disgust", "disgusted": "disgust",
    "anger": "anger", "angry": "anger",
    "contempt": "contempt", "contemptuous": "contempt",
}
"""How labelled sets spell the emotions that most of them have; in the order in which classes are usually listed."""
USUAL_CLASSES = tuple(dict.fromkeys(SPELLINGS.values()))
"""The emotions of `SPELLINGS`: for lists to choose from where no dataset says which classes there are."""

ALPHABETICAL, LISTED = "alphabetical", "listed"
NUMBERINGS: dict[str, dict[int, str]] = {
    "affectnet": dict(enumerate(("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"))),
    "fer2013": dict(enumerate(("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"))),
    "rafdb": dict(enumerate(("surprise", "fear", "disgust", "happy", "sad", "anger", "neutral"), start=1)),
}
"""What the numbers of well-known sets mean, as their authors publish them."""
NUMBERING_NAMES = (*NUMBERINGS, ALPHABETICAL, LISTED)

_TELL_TALES = {
    "rafdb": re.compile(r"(?:train|test)_\d+(?:_aligned)?\.\w+"),
    "fer2013": re.compile(r"(?:Training|PublicTest|PrivateTest)_\d+\.\w+"),
}
"""Names that a set's authors gave to its images, and nobody else does."""
_FLOATS = " written as floats, such as 3.0,"
_CODE = re.compile(r"(\d{1,4})(?:\.0+)?", re.ASCII)


def emotion_of(spelling: str) -> str | None:
    """Return the emotion that a folder name or label means, or None where it is none of the usual ones.

    Upper and lower case, and a leading number as in ``"3_surprise"``, are understood; a number alone is none.
    """
    return SPELLINGS.get(spelling.strip().lower().lstrip("0123456789").strip(" _-."))


def class_of(name: str, classes: Sequence[str]) -> str | None:
    """Return which of a dataset's classes a name means: itself, or another spelling of it; None where it means none."""
    folded = {_folded(known): known for known in classes}
    emotion = emotion_of(name)
    return folded.get(_folded(name)) or (emotion if emotion in classes else None)


def in_standard_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return different names of classes in the usual order: that of `SPELLINGS`, then all others by alphabet."""
    return tuple(sorted(set(names), key=lambda name: (
        USUAL_CLASSES.index(name) if name in USUAL_CLASSES else len(USUAL_CLASSES), name)))


@dataclass(frozen=True)
class ClassReading:
    """What the labels of a set were read as."""

    classes: tuple[str, ...]  #: In their order; also those that were named and have no face.
    class_of: Mapping[str, str]  #: By the label as it is written. A label that is not here means no class.
    remark: str = ""  #: How numbers were read, in words; ``""`` where there were none.


def read_classes(where: Path, labels: Collection[str], *, classes: Sequence[str] = (), numbering: str = "",
                 file_names: Iterable[str] = ()) -> ClassReading:
    """Tell which classes the labels of a set mean.

    Words are the usual emotions in any spelling, or those of ``classes``. Numbers mean something else in every set, so
    that they are read only by a numbering that is named, or recognised by the names of the set's own images. Raises
    `InputError` if labels are numbers and no numbering is known, or the numbering is none.

    Parameters
    ----------
    where : Path
        The set, for messages.
    labels : collection of str
        All that occur, as they are written; each once.
    classes : sequence of str
        The set's own classes in their order; without it, the usual emotions that occur.
    numbering : str
        One of `NUMBERING_NAMES`, or ``""``. ``alphabetical``: from 0 on in the order of the alphabet, of ``classes`` or
        of seven or eight usual emotions; ``listed``: from 0 on in the order of ``classes``.
    file_names : iterable of str
        Names of the set's images, without folders.
    """
    if numbering and numbering not in NUMBERING_NAMES:
        raise InputError(f"there is no numbering {numbering!r}: {nearest(numbering, NUMBERING_NAMES)}")
    if numbering == LISTED and not classes:
        raise InputError("the numbering 'listed' counts the set's own classes from 0 on: name them with classes")
    understood = {label: name for label in labels if label and (
        name := class_of(label, classes) if classes else emotion_of(label)) is not None}
    codes = {label: int(match[1]) for label in labels
             if label not in understood and (match := _CODE.fullmatch(label.strip()))}
    remark = ""
    if codes and (numbering or not understood):
        name = numbering or _recognised(where, codes, file_names)
        meaning = _meaning(name, codes.values(), classes)
        understood |= {label: meaning[code] for label, code in codes.items()
                       if code in meaning and (not classes or meaning[code] in classes)}
        remark = _remark(name, codes, meaning, recognised=not numbering)
    return ClassReading(tuple(classes) or in_standard_order(understood.values()), understood, remark)


def _recognised(where: Path, codes: Mapping[str, int], file_names: Iterable[str]) -> str:
    """Return the numbering of the set whose names the images have. Raises `InputError` where it is none's."""
    names = list(file_names)
    for numbering, pattern in _TELL_TALES.items():
        if names and set(codes.values()) <= set(NUMBERINGS[numbering]) and all(map(pattern.fullmatch, names)):
            return numbering
    known = "; ".join(f"{name} ({_listed(meaning)})" for name, meaning in NUMBERINGS.items())
    written = sorted(codes, key=lambda label: codes[label])[:12]
    floats = _FLOATS if any("." in label for label in codes) else ""
    raise InputError(f"{where}: the labels are numbers{floats} ({', '.join(written)}), and every set numbers emotions "
                     f"in its own way: name the numbering. Known are {known}; {ALPHABETICAL} (from 0 on), and {LISTED} "
                     "(from 0 on in the order of classes)")


def _meaning(numbering: str, codes: Collection[int], classes: Sequence[str]) -> dict[int, str]:
    if numbering in NUMBERINGS:
        return NUMBERINGS[numbering]
    if numbering == LISTED:
        return dict(enumerate(classes))
    if classes:
        return dict(enumerate(sorted(classes)))
    usual = sorted(USUAL_CLASSES)
    if max(codes) >= len(usual):
        raise InputError(f"numbered by alphabet, {max(codes)} is beyond the {len(usual)} usual emotions; "
                         "name the set's classes")
    # Sets of seven emotions are those without contempt.
    return dict(enumerate(usual if max(codes) == len(usual) - 1 else [name for name in usual if name != "contempt"]))


def _remark(numbering: str, codes: Mapping[str, int], meaning: Mapping[int, str], recognised: bool) -> str:
    used = {code: meaning[code] for code in sorted(set(codes.values())) if code in meaning}
    how = f"recognised as {numbering}'s by the images' names" if recognised else f"read as {numbering}"
    floats = _FLOATS if any("." in label for label in codes) else ""
    return f"labels that are numbers{floats} {how}: {_listed(used)}"


def _listed(meaning: Mapping[int, str]) -> str:
    return ", ".join(f"{code} {name}" for code, name in meaning.items())


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()
