"""The image files of a folder: which there are, which are passed over, and what tells that any of them changed."""

import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from fecemo.data.receipts import digest_json
from fecemo.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff")
OTHER_PICTURES = (".gif", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw",
                  ".orf", ".rw2", ".raf", ".psd", ".svg")
"""Suffixes of pictures that are not read."""
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
LITTER = ("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "#recycle", "$recycle.bin", "lost+found",
          "system volume information")
"""What systems and network drives put beside pictures, in small letters."""


@dataclass(frozen=True)
class LabelledImage:
    """One image of a labelled set."""

    path: str  #: Relative to the set's folder, with ``/``.
    label: str = ""  #: One of the set's classes, or ``""`` where the layout has no labels.
    split: str = ""  #: ``"train"``, ``"valid"`` or ``"test"`` where the set has been divided already, else ``""``.
    annotations: Mapping[str, str] = field(default_factory=dict)  #: What else is known of it, by column.
    #: Grey values of a square picture, row by row, where a table holds it; ``path`` then is the table and the line,
    #: such as ``fer2013.csv:00002``. Empty where ``path`` is an image file.
    pixels: bytes = field(default=b"", repr=False)
    #: Left, top, right and bottom of a face in pixels of a photograph that may show several: columns ``left:right``,
    #: rows ``top:bottom``.
    box: tuple[int, int, int, int] | None = None
    #: Returns the bytes of the image's file, where that lies within another file, such as an archive; ``path`` then is
    #: that of both, such as ``train-00000.tar/0001.png``.
    read: Callable[[], bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def address(self) -> str:
        """str: The path, and of a face with a box its place there: ``name.jpg#xywh=LEFT,TOP,WIDTH,HEIGHT`` (W3C)."""
        if self.box is None:
            return self.path
        left, top, right, bottom = self.box
        return f"{self.path}#xywh={left},{top},{right - left},{bottom - top}"


@dataclass(frozen=True)
class LeftOut:
    """Something that a set lists or holds and that is no usable image."""

    where: str  #: A path relative to the set's folder, or ``"line 7"`` of its list.
    reason: str  #: Short and fixed, such as ``"unknown_label"``.
    detail: str = ""


def image_files(folder: Path, below: str = "") -> Iterator[LabelledImage | LeftOut]:
    """Yield the image files of a folder and of all folders in it, in the order of their names, without label or split.

    Hidden files and folders, and the ones that operating systems put beside pictures, are passed over in silence.
    Folders behind symbolic links are followed, each once. ``below`` looks only in that part of the set's folder. Raises
    `InputError` if a folder cannot be opened.
    """
    def refuse(error: OSError) -> None:
        raise _closed(error.filename, error) from error

    for place, names in _walk(folder / below, refuse):
        for name in names:
            path = (place / name).relative_to(folder).as_posix()
            if (fault := _fault_of_name(path)) is not None:
                yield LeftOut(repr(path)[1:-1], "bad_name", fault)
            elif is_image_name(name):
                yield LabelledImage(path)
            elif (target := broken_link(place / name)) is not None:
                yield LeftOut(path, "broken_link", f"it leads to {target}, and nothing is there")
            elif PurePath(name).suffix.lower() in OTHER_PICTURES:
                yield LeftOut(path, "kind_not_read", f"pictures are read that end in {', '.join(IMAGE_SUFFIXES)}")
            else:
                yield LeftOut(path, "not_an_image", f"the suffix is none of {', '.join(IMAGE_SUFFIXES)}")


def listing_digest(place: Path) -> str:
    """Return a digest of the name, size and time of change of every file that a set is read from.

    It differs as soon as a file is added, replaced or removed; no image is read.
    """
    entries: list[list[str | int]] = []

    def note(error: OSError) -> None:
        entries.append([os.fspath(error.filename), error.strerror or "cannot be read"])

    def add(path: Path, name: str) -> None:
        try:
            status = path.stat()
        except OSError as error:
            note(error)
        else:
            entries.append([name, status.st_size, status.st_mtime_ns])

    if place.is_file():
        add(place, place.name)
    else:
        for folder, names in _walk(place, note):
            for name in names:
                add(folder / name, os.path.relpath(folder / name, place))
    return digest_json(sorted(entries, key=str))


def _walk(folder: Path, onerror: Callable[[OSError], None]) -> Iterator[tuple[Path, list[str]]]:
    """Yield every folder once, with the names of the files in it that are not passed over.

    A link that leads back up, out of this folder, is not followed: beneath it are other classes.
    """
    known = {(status.st_dev, status.st_ino) for above in folder.resolve().parents if above.exists()
             for status in (above.stat(),)}
    for place, folders, files in os.walk(folder, onerror=onerror, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in known:
            folders.clear()
            continue
        known.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not is_passed_over(name))
        yield Path(place), sorted(name for name in files if not is_passed_over(name))


def opened_folder(folder: Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds and is not passed over, by name. Raises `InputError` where it cannot be opened."""
    try:
        return sorted((entry for entry in os.scandir(folder) if not is_passed_over(entry.name)),
                      key=lambda entry: entry.name)
    except OSError as error:
        raise _closed(folder, error) from error


def _closed(folder: str | Path, error: OSError) -> InputError:
    reason = "there is no such folder" if isinstance(error, FileNotFoundError) else (
        "this is a file, expected a folder; unpack an archive first" if isinstance(error, NotADirectoryError) else
        f"the folder cannot be opened ({error.strerror}), and what it holds would be lost; open it, or take it out of "
        "the set")
    return InputError(f"{folder}: {reason}")


def is_image_name(name: str) -> bool:
    """Tell whether a file's name ends as an image's does."""
    return PurePath(name).suffix.lower() in IMAGE_SUFFIXES


def is_passed_over(name: str) -> bool:
    """Tell whether a file or folder is hidden, or a system's own and no part of any data set."""
    return name.startswith(".") or name.lower() in LITTER


def broken_link(path: Path) -> str | None:
    """Return where a symbolic link leads if nothing is there, None for anything else."""
    return os.fspath(path.readlink()) if path.is_symlink() and not path.exists() else None


def _fault_of_name(path: str) -> str | None:
    """Return why a path cannot be written into an index: file systems also allow names that are not text."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "the name is not UTF-8"
    # A carriage return would break the row of the table that names the file.
    return "the name holds a control character" if any(unicodedata.category(c) == "Cc" for c in path) else None
