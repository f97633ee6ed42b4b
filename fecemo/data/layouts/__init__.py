"""Layouts: the ways in which labelled images lie on a disk. A module here holds a `LAYOUT`, which reads one way."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePath

from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, image_files
from fecemo.data.splits import SPLITS
from fecemo.errors import InputError, nearest
from fecemo.registry import Registry

LOOKED_AT = 50
"""Pictures whose names are looked at to recognise a set."""


@dataclass(frozen=True)
class ReadOptions:
    """What a user says of a set beside where it lies."""

    classes: tuple[str, ...] = ()  #: The set's own classes in their order; without it, the usual emotions that occur.
    numbering: str = ""  #: What labels that are numbers mean; one of `NUMBERING_NAMES`.
    annotations: tuple[str, ...] = ()  #: Further columns to read, which hold numbers.
    text_annotations: tuple[str, ...] = ()  #: Further columns to read, which hold words.


@dataclass(frozen=True)
class LabelledSet:
    """What a layout reads."""

    folder: Path  #: What the images' paths are relative to.
    images: tuple[LabelledImage, ...]  #: In the order of their paths; no address twice.
    left_out: tuple[LeftOut, ...] = ()
    classes: tuple[str, ...] = ()  #: In their order; empty where nothing is labelled.
    columns: Mapping[str, ColumnType] = field(default_factory=dict)  #: Type of each further annotation.
    remark: str = ""  #: How something was read that could have been read otherwise, in words.

    def left_out_by_reason(self) -> dict[str, int]:
        """Return how many entries were left out for each reason."""
        return dict(sorted(Counter(entry.reason for entry in self.left_out).items()))


@dataclass(frozen=True)
class Layout:
    """A way in which labelled images lie on a disk."""

    name: str  #: Key in recipes, such as ``"class_folders"``.
    about: str  #: One line for people.
    #: ``read(place, options) -> LabelledSet``; raises `InputError` for a place that is not laid out so.
    read: Callable[[Path, ReadOptions], LabelledSet]
    tell: str = ""  #: The tell-tale, in words that follow "by", such as ``"the list label.lst"``.
    #: ``fits(place) -> bool``: whether the tell-tale is there, for the layout ``auto``; without it, this layout is read
    #: only where it is named.
    fits: Callable[[Path], bool] | None = None
    #: Whether its pictures lie in folders of classes too, so that such folders do not speak for another layout.
    in_class_folders: bool = False


layouts = Registry[Layout]("fecemo.data.layouts", "LAYOUT", "layout")


def holds(*paths: str) -> Callable[[Path], bool]:
    """Return the tell-tale that one of these files is in a place."""
    return lambda place: any((place / path).is_file() for path in paths)


def names_are(pattern: str) -> Callable[[Path], bool]:
    """Return the tell-tale that most pictures have such names: a regular expression of a name without its suffix."""
    def fits(place: Path) -> bool:
        if not place.is_dir():
            return False
        images = islice((PurePath(image.path).stem.strip() for image in image_files(place)
                         if isinstance(image, LabelledImage)), LOOKED_AT)
        met = [re.fullmatch(pattern, stem, re.IGNORECASE) is not None for stem in images]
        return 2 * sum(met) > len(met)

    return fits


def labelled_set(folder: Path, entries: Iterable[LabelledImage | LeftOut], expected: str, *,
                 classes: Sequence[str] = (), columns: Mapping[str, ColumnType] | None = None,
                 remark: str = "") -> LabelledSet:
    """Put what a layout read in order and check what holds for every layout.

    Where a set comes divided into two parts, the part that is not ``"train"`` is its test split, whatever the set
    calls it (AffectNet's own release has a training and a validation set, and results are reported on the latter).
    ``expected`` is what the layout looks for, for the message of an empty set; for the rest see `LabelledSet`. Raises
    `InputError` if there is no image, or only some of them have a split.
    """
    listed = list(entries)
    images = sorted((image for image in listed if isinstance(image, LabelledImage)),
                    key=lambda image: (image.path, image.box or ()))
    left_out = tuple(entry for entry in listed if isinstance(entry, LeftOut))
    if not images:
        first = f"; the first of {len(left_out)} left out is {_sentence(left_out[0])}" if left_out else ""
        raise InputError(f"{folder} holds no usable image: expected {expected}{first}")
    splits = {image.split for image in images}
    if "" in splits and len(splits) > 1:
        bare = next(image for image in images if not image.split)
        raise InputError(f"{folder}: {bare.path} has no split, and other images have one "
                         f"({', '.join(split for split in SPLITS if split in splits)}); give all of them a split or "
                         "none")
    if "valid" in splits and "test" not in splits:
        images = [replace(image, split="test") if image.split == "valid" else image for image in images]
    return LabelledSet(folder, tuple(images), left_out, tuple(classes), columns or {}, remark)


def _sentence(entry: LeftOut) -> str:
    return f"{entry.where} ({entry.reason}{': ' if entry.detail else ''}{entry.detail})"


def refuse_unknown_part(where: Path, kind: str, words: Iterable[str], known: Iterable[str], advice: str) -> None:
    """Raise `InputError` for a set of which a whole part would be lost because its word is unknown.

    ``words`` are the unknown ones that should be, say, a split (``kind``), of every image that bears one. A word of a
    single image is a slip, and costs that image alone.
    """
    counts = Counter(words)
    lost = sorted((word for word, count in counts.items() if count > 1), key=lambda word: (-counts[word], word))
    if lost:
        named = ", ".join(f"{word[:60]!r} ({counts[word]} images)" for word in lost[:5])
        raise InputError(f"{where}: {named}: no known {kind}, so that a whole part of the set would be lost; "
                         f"{nearest(lost[0], known)}. {advice}")


def refuse_lost_part(where: Path, labels: Mapping[str, str], splits: Mapping[str, str],
                     entries: Sequence[LabelledImage | LeftOut], advice: str) -> None:
    """Raise `InputError` where a class or split of a set has no usable image, while others have some.

    ``labels`` and ``splits`` are those that are to have an image, each with the part that holds it or ``""``.
    """
    images = [entry for entry in entries if isinstance(entry, LabelledImage)]
    left_out = [entry for entry in entries if isinstance(entry, LeftOut)]
    for kind, wanted, present in (("class", labels, {image.label for image in images}),
                                  ("split", splits, {image.split for image in images})):
        for name, part in sorted(wanted.items()) if images else ():
            if name not in present:
                first = next((entry for entry in left_out if entry.where.startswith(part)), None)
                at = f"{first.where}: " if first and first.where not in (name, part) else ""
                raise InputError(f"{where / part}: the {kind} {name!r} has no usable image" + (
                    f" ({at}{first.reason}{', ' if first.detail else ''}{first.detail})" if first else "") + advice)
