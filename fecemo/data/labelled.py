"""A labelled set: which images there are, what each is labelled, and which layouts of folders and files say so."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from fecemo.data.dataset import ColumnType
from fecemo.data.receipts import digest_json
from fecemo.data.splits import SPLITS
from fecemo.errors import InputError, nearest
from fecemo.registry import entries, find

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff")

NOT_AN_IMAGE = "not_an_image"
BAD_NAME = "bad_name"


@dataclass(frozen=True)
class ReadOptions:
    """What a user says of a set beside where it lies.

    Parameters
    ----------
    classes : tuple of str
        The set's own classes in their order; without it, the usual emotions that occur.
    numbering : str
        What labels that are numbers mean; one of `NUMBERING_NAMES`.
    annotations : tuple of str
        Further columns to read, which hold numbers.
    text_annotations : tuple of str
        Further columns to read, which hold words.
    """

    classes: tuple[str, ...] = ()
    numbering: str = ""
    annotations: tuple[str, ...] = ()
    text_annotations: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelledImage:
    """One image of a labelled set.

    Parameters
    ----------
    path : str
        Relative to the set's folder, with ``/``.
    label : str
        One of the set's classes, or ``""`` where the layout has no labels.
    split : str
        ``"train"``, ``"valid"`` or ``"test"`` where the set has been divided already, else ``""``.
    annotations : mapping of str to str
        What else is known of it, by column.
    """

    path: str
    label: str = ""
    split: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """Something that the set lists or holds and that is no usable image.

    Parameters
    ----------
    where : str
        A path relative to the set's folder, or ``"line 7"`` of its list.
    reason : str
        Short and fixed, such as ``"unknown_label"``.
    detail : str
        What was found.
    """

    where: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class LabelledSet:
    """What a layout reads.

    Parameters
    ----------
    folder : Path
        What the images' paths are relative to.
    images : tuple of LabelledImage
        In the order of their paths; no path stands twice.
    left_out : tuple of LeftOut
    classes : tuple of str
        In their order; empty where nothing is labelled.
    columns : mapping of str to {"text", "number"}
        Type of each further annotation.
    remark : str
        How something was read that could have been read otherwise, in words.
    """

    folder: Path
    images: tuple[LabelledImage, ...]
    left_out: tuple[LeftOut, ...] = ()
    classes: tuple[str, ...] = ()
    columns: Mapping[str, ColumnType] = field(default_factory=dict)
    remark: str = ""

    def left_out_by_reason(self) -> dict[str, int]:
        """Return how many entries were left out for each reason."""
        return dict(sorted(Counter(entry.reason for entry in self.left_out).items()))


@dataclass(frozen=True)
class Layout:
    """A way in which labelled images lie on a disk.

    Parameters
    ----------
    name : str
        Key in recipes, such as ``"class_folders"``.
    about : str
        One line for people.
    read : callable
        ``read(place, options) -> LabelledSet``; raises `InputError` for a place that is not laid out so.
    """

    name: str
    about: str
    read: Callable[[Path, ReadOptions], LabelledSet]


def layouts() -> dict[str, Layout]:
    """Return every layout by name."""
    return entries("fecemo.data.layouts", "LAYOUT")


def find_layout(name: str) -> Layout:
    """Return a layout by name. Raises `InputError` for an unknown one, naming the nearest."""
    return find("fecemo.data.layouts", "LAYOUT", name, "layout")


def labelled_set(folder: Path, images: Iterable[LabelledImage], left_out: Iterable[LeftOut], asked: str, *,
                 classes: Sequence[str] = (), columns: Mapping[str, ColumnType] | None = None,
                 remark: str = "") -> LabelledSet:
    """Put a layout's finds in order and check what holds for every layout.

    Where a set comes divided into two parts, the part that is not ``"train"`` is its test split, whatever the set
    calls it (AffectNet's own release has a training and a validation set, and results are reported on the latter).

    Parameters
    ----------
    folder : Path
    images : iterable of LabelledImage
    left_out : iterable of LeftOut
    asked : str
        What the layout looks for, for the error message of an empty set.
    classes, columns, remark
        See `LabelledSet`.

    Raises
    ------
    InputError
        If there is no image, or only some of them have a split.
    """
    found = sorted(images, key=lambda image: image.path)
    unused = tuple(left_out)
    if not found:
        first = f"; the first of {len(unused)} left out is {_sentence(unused[0])}" if unused else ""
        raise InputError(f"{folder} holds no usable image: expected {asked}{first}")
    given = {image.split for image in found}
    if "" in given and len(given) > 1:
        bare = next(image for image in found if not image.split)
        raise InputError(f"{folder}: {bare.path} has no split, and other images have one ({_splits(given)}); "
                         "give all of them a split or none")
    if "valid" in given and "test" not in given:
        found = [replace(image, split="test") if image.split == "valid" else image for image in found]
    return LabelledSet(folder, tuple(found), unused, tuple(classes), columns or {}, remark)


def refuse_unknown_part(where: Path, what: str, words: Iterable[str], known: Iterable[str], advice: str) -> None:
    """Refuse a set of which a whole part would be lost because nobody knows the word that it bears.

    A word of a single image is a slip, and costs that image alone.

    Parameters
    ----------
    where : Path
        The set, for the message.
    what : str
        What the word should be, such as ``"split"``.
    words : iterable of str
        The unknown word of every image that bears one.
    known : iterable of str
        All words that are known.
    advice : str
        What the user can do.

    Raises
    ------
    InputError
        If a word stands at more than one image.
    """
    counts = Counter(words)
    lost = sorted((word for word, count in counts.items() if count > 1), key=lambda word: (-counts[word], word))
    if lost:
        named = ", ".join(f"{word[:60]!r} ({counts[word]} images)" for word in lost[:5])
        raise InputError(f"{where}: {named}: no known {what}, so that a whole part of the set would be lost; "
                         f"{nearest(lost[0], known)} {advice}")


def listing_digest(place: Path) -> str:
    """Return a digest of the name, size and time of change of every file that a set is read from.

    It is other as soon as a file is added, replaced or removed; no image is read. ``""`` where nothing is there.
    """
    entries: list[list[str | int]] = []
    folders, seen = [place], set()
    if place.is_file():
        status = place.stat()
        entries.append([place.name, status.st_size, status.st_mtime_ns])
        folders = []
    while folders:
        folder = folders.pop()
        try:
            listed = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            entries.append([os.fspath(folder), error.strerror or "cannot be opened"])
            continue
        for entry in listed:
            if is_passed_over(entry.name):
                continue
            try:
                status = entry.stat()
                is_folder = entry.is_dir()
            except OSError as error:
                entries.append([os.fspath(entry), error.strerror or "cannot be read"])
                continue
            if not is_folder:
                entries.append([os.path.relpath(entry, place), status.st_size, status.st_mtime_ns])
            elif (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                folders.append(Path(entry))
    return digest_json(sorted(entries, key=str))


def opened_folder(folder: Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds, by name. Raises `InputError` where it cannot be opened."""
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise _closed(folder, error) from error


def _closed(folder: str | Path, error: OSError) -> InputError:
    reason = "there is no such folder" if isinstance(error, FileNotFoundError) else (
        f"the folder cannot be opened ({error.strerror}), and what it holds would be lost; open it, or take it out of "
        "the set")
    return InputError(f"{folder}: {reason}")


def image_files(folder: Path, below: str = "") -> Iterator[LabelledImage | LeftOut]:
    """Find the image files of a folder and of all folders in it, in the order of their names.

    Hidden files and folders, and the ones that operating systems put beside pictures, are passed over in silence.
    Folders behind symbolic links are followed, each once.

    Parameters
    ----------
    folder : Path
        The set's folder.
    below : str
        Look only in this part of it.

    Yields
    ------
    LabelledImage or LeftOut
        The former without label and split.

    Raises
    ------
    InputError
        If a folder cannot be opened.
    """
    seen: set[tuple[int, int]] = set()

    def refuse(error: OSError) -> None:
        raise _closed(error.filename, error) from error

    for place, folders, files in os.walk(folder / below, onerror=refuse, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not is_passed_over(name))
        for name in sorted(files):
            if is_passed_over(name):
                continue
            path = Path(place, name).relative_to(folder).as_posix()
            if (fault := _fault_of_name(path)) is not None:
                yield LeftOut(repr(path)[1:-1], BAD_NAME, fault)
            elif not is_image_name(name):
                yield LeftOut(path, NOT_AN_IMAGE, f"the suffix is none of {', '.join(IMAGE_SUFFIXES)}")
            else:
                yield LabelledImage(path)


def is_image_name(name: str) -> bool:
    """Tell whether a file's name ends as an image's does."""
    return PurePath(name).suffix.lower() in IMAGE_SUFFIXES


def is_passed_over(name: str) -> bool:
    """Tell whether a file or folder is hidden, or a system's own and no part of any data set."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _fault_of_name(path: str) -> str | None:
    """Tell why a path cannot be written into an index: file systems also allow names that are not text."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "the name is not UTF-8"
    # A carriage return would break the row of the table that names the file.
    return "the name holds a control character" if any(unicodedata.category(c) == "Cc" for c in path) else None


def _sentence(entry: LeftOut) -> str:
    return f"{entry.where} ({entry.reason}{': ' if entry.detail else ''}{entry.detail})"


def _splits(given: set[str]) -> str:
    return ", ".join(split for split in SPLITS if split in given)
