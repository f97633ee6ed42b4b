"""XMP sidecars: what a photograph's faces show, beside the photograph, where other programs read it.

A sidecar is merged with what is in it, and what was added can be taken out again. A photograph itself is never opened
for writing.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fecemo.archive.merge import KEYWORDS, PhotoTags, keywords, merged, recorded_faces, without_tags
from fecemo.archive.regions import TAGS, Region, read_regions
from fecemo.archive.xmp import MAX_BYTES, Packet, plain_text
from fecemo.data.durable import atomic_file, explained
from fecemo.errors import InputError, ResourceError, StoredStateError

ATTEMPTS = 3
"""How often a sidecar is read anew that another program has written meanwhile."""
MAX_NAME_BYTES = 255
"""Of a file, on nearly every file system."""

Form = Literal["photo.jpg.xmp", "photo.xmp"]
Outcome = Literal["written", "unchanged", "deleted", "absent"]
"""Absent: there is no sidecar, and none is needed."""


@dataclass(frozen=True)
class Sidecar:
    """What a sidecar holds, whoever wrote it."""

    keywords: dict[str, list[str]]  #: Those of ``dc:subject``, ``lr:hierarchicalSubject`` and ``digiKam:TagsList``.
    regions: list[Region]
    #: `run`, `row`, `date`: Of fecemo's tags; ``""`` where it has none.
    run: str
    row: str
    date: str
    #: What fecemo recorded of each tagged face: ``Face``, ``Shows`` and, where it is calibrated, ``Confidence``.
    faces: list[dict[str, str]]


class SidecarNames:
    """Which file is a photograph's sidecar: one that is there already, in either form, or else of the form asked for.

    Where several files have a photograph's name but for the suffix, as a raw file and its JPEG, ``photo.xmp`` may be of
    the other one, and only ``photo.jpg.xmp`` is used.

    Parameters
    ----------
    form : {"photo.jpg.xmp", "photo.xmp"}
    """

    def __init__(self, form: Form = "photo.jpg.xmp") -> None:
        self.form = form
        self._folder: Path | None = None
        self._stems: dict[str, int] = {}

    def path_of(self, photo: Path) -> Path:
        """Return the path of a photograph's sidecar, whether or not it is there."""
        long, short = photo.with_name(f"{photo.name}.xmp"), photo.with_suffix(".xmp")
        if os.path.lexists(long) or short == photo or self._shares_its_name(photo):
            return long
        if len(os.fsencode(long.name)) > MAX_NAME_BYTES:
            return short
        return short if self.form == "photo.xmp" or os.path.lexists(short) else long

    def _shares_its_name(self, photo: Path) -> bool:
        if photo.parent != self._folder:
            self._folder, self._stems = photo.parent, {}
            for path in photo.parent.iterdir():
                if path.suffix.lower() != ".xmp":
                    self._stems[path.stem] = self._stems.get(path.stem, 0) + 1
        return self._stems.get(photo.stem, 0) > 1


def read_sidecar(path: Path) -> Sidecar | None:
    """Return what a sidecar holds, or None where there is none. Raises `InputError` for one that cannot be read."""
    data = _read(path)
    if data is None:
        return None
    packet = Packet(data, str(path))
    run, row, date = (plain_text(packet.values(TAGS).get(name)) for name in ("Run", "Row", "Date"))
    return Sidecar({name: keywords(packet, name) for name in KEYWORDS}, read_regions(packet), run, row, date,
                   recorded_faces(packet))


def write_tags(path: Path, tags: PhotoTags) -> Outcome:
    """Write a photograph's tags into its sidecar, in the place of those that fecemo wrote before.

    Parameters
    ----------
    path : Path
        See `SidecarNames`.
    tags : PhotoTags
        Without a face, what was written before is taken out.

    Returns
    -------
    {"written", "unchanged", "deleted", "absent"}
        Absent where there is no face, and no sidecar either.

    Raises
    ------
    InputError
        If what is there cannot be read or merged, is a link or no file, or a keyword holds a character that XML has
        not. Nothing is changed then.
    StoredStateError
        If another program keeps writing it.
    ResourceError
        If it is read-only, or the disk is full.
    """
    return _rewrite(path, lambda data: merged(data, tags, str(path)))


def remove_tags(path: Path) -> Outcome:
    """Take out of a sidecar all that fecemo wrote, and delete it if it was fecemo's alone. Raises as `write_tags`."""
    return _rewrite(path, lambda data: None if data is None else without_tags(data, str(path)))


def _read(path: Path) -> bytes | None:
    """Return a sidecar's bytes, None where there is none. Raises `InputError` for a link, which is not followed."""
    try:
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode):
            raise InputError(f"{path} is a link or a folder, expected a file; it is left as it is")
        if state.st_size > MAX_BYTES:
            raise InputError(f"{path}: {state.st_size} bytes, no sidecar is as large; it is left as it is")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _rewrite(path: Path, change: Callable[[bytes | None], bytes | None]) -> Outcome:
    for _ in range(ATTEMPTS):
        data = _read(path)
        changed = change(data)
        if changed == data:
            return "absent" if data is None else "unchanged"
        mode = None if data is None else stat.S_IMODE(path.lstat().st_mode)
        if mode is not None and not mode & 0o222:
            raise ResourceError(f"{path} is read-only; it is left as it is")
        if changed is None:
            with explained(path):
                path.unlink()
            return "deleted"
        try:
            with atomic_file(path) as file:
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.write(changed)
                if _read(path) != data:  # as late as can be: what another program wrote since must not be lost
                    raise _WrittenMeanwhileError
        except _WrittenMeanwhileError:
            continue
        return "written"
    raise StoredStateError(f"{path} is being written by another program; run the same command again when it is done")


class _WrittenMeanwhileError(Exception):
    """A sidecar is not what it was when it was read."""
