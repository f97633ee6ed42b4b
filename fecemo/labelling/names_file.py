"""People's files of names: one is in use, each person has one, and a session writes it whole after every act."""

import re
import time
from dataclasses import replace
from pathlib import Path

from fecemo.data.cluster_names import HandNames, read_hand_names
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import digest_file
from fecemo.data.vocabulary_file import house_vocabulary
from fecemo.errors import InputError, StoredStateError
from fecemo.labelling.groups import NamedClustering


class NamesFile:
    """What a person, ``by``, has decided, as it is on disk.

    A new file takes ``seed``; an existing one keeps the seed with which it began. ``names`` is what the file holds, or
    will hold while there is none.

    Raises
    ------
    InputError
        If nobody names, the file cannot be read, names another cell, or is another person's.
    StoredStateError
        If it names another clustering. It is left as it is.
    """

    def __init__(self, path: Path, clustering: NamedClustering, by: str, seed: int, classes: tuple[str, ...]) -> None:
        if not by.strip():
            raise InputError("whose names are these? Say who names: the file of names says so")
        self.path = path
        self._digest = _digest(path)
        self.names = self._read(clustering, by.strip(), seed, classes)

    def _read(self, clustering: NamedClustering, by: str, seed: int, classes: tuple[str, ...]) -> HandNames:
        cell = (clustering.approach, clustering.variant)
        if not self._digest:
            return HandNames(*cell, clustering=clustering.digest, names={}, by=by, seed=seed, classes=classes,
                             vocabulary=house_vocabulary(self.path.parents[1]))
        stored = read_hand_names(self.path, classes)
        if (stored.approach, stored.variant) != cell:
            raise InputError(f"{self.path} names the clusters of {stored.approach} {stored.variant}, expected "
                             f"{' '.join(cell)}")
        if stored.clustering != clustering.digest:
            raise StoredStateError(f"{self.path} names another clustering ({stored.clustering[:12]}…) than this one "
                                   f"({clustering.digest[:12]}…); move it away to name these clusters anew")
        if stored.by and stored.by != by:
            raise InputError(f"{self.path} holds the names of {stored.by!r}, not of {by!r}; give each person a file")
        return replace(stored, by=by)

    def write(self, names: HandNames) -> None:
        """Write first, and only then believe: a refusing disk leaves the session where the file is.

        Raises `StoredStateError` if someone else has written the file since it was read or last written here.
        """
        if _digest(self.path) not in ("", self._digest):
            raise StoredStateError(f"{self.path} was changed by someone else while this session was open; open the "
                                   "session again to continue from what is there now")
        names = replace(names, when=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        atomic_write(self.path, names.as_json())
        self.names, self._digest = names, _digest(self.path)


def _digest(path: Path) -> str:
    return digest_file(path) if path.is_file() else ""


def file_of(in_use: Path, by: str) -> Path:
    """Return a person's file of names of a cell: the one in use if it is theirs or nobody's, else one beside it."""
    if not in_use.exists() or read_hand_names(in_use).by in ("", by.strip()):
        return in_use
    return _beside(in_use, by)


def files_of_others(in_use: Path, by: str) -> dict[str, Path]:
    """Return the other people's files of names of a cell, by whose they are."""
    files = {}
    for path in (in_use, *sorted(in_use.parent.glob(f"{in_use.stem}.*{in_use.suffix}"))):
        if path.is_file() and (person := read_hand_names(path).by) not in ("", by.strip()):
            files[person] = path
    return files


def use_file_of(in_use: Path, by: str) -> None:
    """Make a further person's names the ones that the pipeline uses; those used so far become a further file.

    At every moment some names are in use: those used so far are copied aside before the others take their place, and
    the same call resumes where it was killed in between.

    Raises
    ------
    StoredStateError
        If the person has named nothing, or other names would be overwritten.
    ResourceError
        If the folder cannot be written.
    """
    replacement = file_of(in_use, by)
    if replacement == in_use:
        return
    if not replacement.is_file():
        raise StoredStateError(f"{replacement}: there is no such file; "
                               f"{by.strip()!r} has named none of these clusters yet")
    aside, names = _beside(in_use, read_hand_names(in_use).by), in_use.read_bytes()
    if not aside.exists():
        atomic_write(aside, names)
    elif aside.read_bytes() != names:
        raise StoredStateError(f"{aside} exists already, and {in_use} cannot take its place; move one of them away")
    replacement.replace(in_use)


def _beside(in_use: Path, by: str) -> Path:
    word = re.sub(r"[^\w-]+", "_", by.strip().lower()).strip("_") or "someone"
    return in_use.with_name(f"{in_use.stem}.{word}{in_use.suffix}")
