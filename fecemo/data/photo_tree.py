"""The photographs of a folder and of all folders in it, as they are found on a person's disk: read only, any names."""

import os
import stat
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes

from fecemo.data.image_files import IMAGE_SUFFIXES, is_passed_over
from fecemo.errors import InputError

PHOTO_SUFFIXES = (*IMAGE_SUFFIXES, ".jpe", ".mpo", ".gif", ".heic", ".heif", "")
"""Files without a suffix are looked into; of all others it is the suffix that says what they are."""
SIDECAR_SUFFIXES = (".xmp",)
CANNOT_OPEN = "cannot_open"
LATEST_NS = 2**63 - 1
"""The year 2262; some file systems hold later times."""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file that may be a photograph; its path is that of its name, see `photo_path`."""

    n_bytes: int
    mtime_ns: int  #: When it was last written, in nanoseconds since the epoch.


class PhotoFiles(Mapping[str, PhotoFile]):
    """Files by name, in the order of the names; beside its name a file takes 24 bytes.

    Parameters
    ----------
    n_bytes, mtimes_ns : sequence of int
        Of each.
    """

    def __init__(self, names: Sequence[str] = (), n_bytes: Sequence[int] = (), mtimes_ns: Sequence[int] = ()) -> None:
        order = sorted(range(len(names)), key=names.__getitem__)
        self._names = [names[place] for place in order]
        self._n_bytes = array("q", (n_bytes[place] for place in order))
        self._mtimes_ns = array("q", (mtimes_ns[place] for place in order))

    def __getitem__(self, name: str) -> PhotoFile:
        place = bisect_left(self._names, name)
        if place == len(self._names) or self._names[place] != name:
            raise KeyError(name)
        return PhotoFile(self._n_bytes[place], self._mtimes_ns[place])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass
class PhotoTree:
    """What a folder holds, by the names of `photo_name`."""

    folder: Path
    photographs: PhotoFiles = field(default_factory=PhotoFiles)  #: Files whose suffix is a photograph's.
    #: What cannot be opened, is a pipe or a device, or is a link that leads nowhere, and why. Folders end with ``/``.
    unreadable: dict[str, str] = field(default_factory=dict)
    other_files: list[str] = field(default_factory=list)  #: Files of other kinds, sidecars apart.

    @property
    def closed_folders(self) -> dict[str, str]:
        """Dict of str to str: The folders among what cannot be opened: what they hold is not known."""
        return {name: reason for name, reason in self.unreadable.items() if name.endswith("/")}

    def is_closed(self, name: str) -> bool:
        """Tell whether a photograph would be in a folder that cannot be opened."""
        return any(name.startswith(folder) for folder in self.closed_folders)


def photo_name(path: str) -> str:
    """Return the name by which tables call a photograph: a path with ``/``, relative to the folder.

    What would break a table is written as in addresses on the web, ``%0A`` for a line's end: control characters, bytes
    that are no text, and for their sake ``%`` itself. `photo_path` is the inverse.
    """
    return "".join(character if _is_plain(character) else "".join(f"%{byte:02X}" for byte in os.fsencode(character))
                   for character in path)


def photo_path(folder: Path, name: str) -> Path:
    """Return the path of the photograph that tables call by a name. Raises `InputError` where it leads elsewhere."""
    relative = os.fsdecode(unquote_to_bytes(name))
    parts = PurePosixPath(relative)
    if not parts.parts or parts.is_absolute() or ".." in parts.parts or "\0" in relative:
        raise InputError(f"{name!r} is no photograph within {folder}; find the faces of this folder again")
    return folder / relative


def _is_plain(character: str) -> bool:
    return character != "%" and unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")


def read_photo_tree(folder: Path, apart_from: Path | None = None) -> PhotoTree:
    """Find the photographs of a folder. Nothing is opened but folders.

    Hidden files and folders are passed over, and so are links to what lies in the folder anyway. Folders behind other
    links are followed, each once.

    Parameters
    ----------
    apart_from : Path, optional
        A folder that is passed over wherever it is: that of the output.

    Raises
    ------
    InputError
        If there is no such folder, or it cannot be opened.
    """
    try:
        root, status = folder.resolve(strict=True), folder.stat()
        os.scandir(folder).close()
    except (OSError, RuntimeError) as error:
        raise InputError(f"{folder}: the folder of photographs cannot be opened: "
                         f"{getattr(error, 'strerror', None) or error}") from error
    tree = PhotoTree(folder)
    visited = {(status.st_dev, status.st_ino)}
    if apart_from is not None and apart_from.exists():
        output = apart_from.stat()
        if (output.st_dev, output.st_ino) in visited:
            raise InputError(f"{apart_from} is the folder of photographs itself; choose another for the data set")
        visited.add((output.st_dev, output.st_ino))
    names: list[str] = []
    sizes, times = array("q"), array("q")
    open_folders = [""]
    while open_folders:
        below, folders = open_folders.pop(), []
        try:
            with os.scandir(folder / below) as entries:  # one entry at a time: a folder may hold a million
                for entry in entries:
                    if is_passed_over(entry.name):
                        continue
                    path, name = below + entry.name, photo_name(below + entry.name)
                    try:
                        status = entry.stat()  # a link that leads nowhere is told
                        if entry.is_symlink() and Path(entry).resolve().is_relative_to(root):
                            continue
                    except (OSError, RuntimeError) as error:
                        tree.unreadable[name] = getattr(error, "strerror", None) or "a loop of links"
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        folders.append((f"{path}/", (status.st_dev, status.st_ino)))
                    elif not stat.S_ISREG(status.st_mode):
                        tree.unreadable[name] = "it is no file"
                    elif (suffix := _suffix(entry.name)) in PHOTO_SUFFIXES:
                        names.append(name)
                        sizes.append(status.st_size)
                        times.append(min(status.st_mtime_ns, LATEST_NS))
                    elif suffix not in SIDECAR_SUFFIXES:
                        tree.other_files.append(name)
        except OSError as error:
            tree.unreadable[photo_name(below)] = error.strerror or str(error)
        for path, place in sorted(folders):
            if place not in visited:
                visited.add(place)
                open_folders.append(path)
    tree.photographs = PhotoFiles(names, sizes, times)
    tree.unreadable = dict(sorted(tree.unreadable.items()))
    tree.other_files.sort()
    return tree


def _suffix(name: str) -> str:
    """Return the suffix of a file in small letters. A `pathlib` path would intern each name, in 200 bytes more."""
    stem, _, ending = name.rpartition(".")
    return f".{ending.lower()}" if stem and ending else ""


def vanished(tree: PhotoTree, path: Path) -> Path | None:
    """Return what is gone of a file that was there when the tree was read: its folder, or else itself; None for none.

    Raises `InputError` if the whole folder of photographs is gone.
    """
    if path.exists():
        return None
    gone = next((parent for parent in _parents(tree.folder, path) if not parent.is_dir()), path)
    if gone == tree.folder:
        raise InputError(f"{tree.folder}: the folder of photographs is gone")
    return gone


def _parents(folder: Path, path: Path) -> Iterator[Path]:
    """Yield the folders around a file, from the outermost on."""
    yield folder
    yield from reversed([parent for parent in path.parents if parent != folder and parent.is_relative_to(folder)])
