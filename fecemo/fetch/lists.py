"""The lists that the fetch stage reads, the tables that it writes beside the faces, and how a list is cut into shards.

A list is cut by host, and not by photograph: one host is always asked by one process, so that the budget per host holds
however many there are. All faces of a photograph fall into one shard. What a single host allows bounds the whole fetch:
a list that lies on one host falls into one shard, and no number of shards makes it quicker.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from fecemo.data.csv_rows import RejectedRow, csv_rows, other_separator
from fecemo.data.durable import csv_file
from fecemo.data.face_lists import ListedFace, Triplet, is_fec, is_header, read_face_list, read_fec
from fecemo.errors import InputError
from fecemo.fetch.addresses import asked_host

ALL_HOSTS = "(all)"
ROWS_NAME = "rejected_rows.csv"
TRIPLETS_NAME = "triplets.csv"
RATINGS_NAME = "ratings.csv"


@dataclass(frozen=True)
class Tables:
    """What was written beside the faces."""

    files: list[str]
    summary: dict[str, int] = field(default_factory=dict)  #: Counts for the receipt.
    #: Triplets that have a face at a host, and those of them whose faces were all stored; under `ALL_HOSTS` of any
    #: host.
    triplets: dict[str, tuple[int, int]] = field(default_factory=dict)


class FaceListing(Protocol):
    """A list of one format."""

    format: str
    path: Path

    def faces(self) -> Iterator[ListedFace]:
        """Yield each face once, in the order of the list, up to the limit."""

    def write_tables(self, folder: Path, stored: Iterable[str]) -> Tables:
        """Write what the list says beside its faces; ``stored`` are the ids of those that were fetched."""


def first_fault(faces: FaceListing) -> str:
    """Return which row of a list is the first that cannot be used, and why, in words; ``""`` where there is none."""
    rows = (read_fec if faces.format == "fec" else read_face_list)(faces.path)
    return next((f"line {row.line}: {row.reason}" for row in rows if isinstance(row, RejectedRow)), "")


def open_list(path: Path, format: str, limit: int | None) -> FaceListing:
    """Return a list of faces, of the format given or, for ``"auto"``, of the one that its first line has.

    Raises `InputError` if the file cannot be read, or ``auto`` cannot tell the format.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected a list of faces (a CSV of url,left,right,top,bottom); faces in "
                         "photographs on this disk are found by 01_detect.py, in a recipe by "
                         f"detect: {{photos: {path}}} in the place of fetch")
    if not path.is_file():
        raise InputError(f"{path}: there is no such list of faces")
    if format == "auto":
        format = _detected(path)
    return _FORMATS[format](path, limit)


def _detected(path: Path) -> str:
    first = next(csv_rows(path), None)
    if isinstance(first, tuple) and is_header(first[1]):
        return "boxes"
    if isinstance(first, tuple) and is_fec(first[1]):
        return "fec"
    if first is None:
        content = "nothing"
    else:
        content = first.reason if isinstance(first, RejectedRow) else repr(",".join(first[1])[:120])
    advice = other_separator(first[1][0]) if isinstance(first, tuple) and len(first[1]) == 1 else ""
    raise InputError(f"{path} line 1: found {content}; " + (
        advice or "expected the header url,left,right,top,bottom, or a row of FEC (three faces of five cells, the "
                  "triplet's type, ratings)"))


class BoxList:
    """The plain list of faces."""

    format = "boxes"

    def __init__(self, path: Path, limit: int | None) -> None:
        self.path = path
        self._limit = limit

    def _rows(self) -> Iterator[ListedFace | RejectedRow]:
        taken = 0
        for row in read_face_list(self.path):
            yield row
            taken += isinstance(row, ListedFace)
            if taken == self._limit:
                return

    def faces(self) -> Iterator[ListedFace]:
        """Yield each face, in the order of the list, up to the limit."""
        return (row for row in self._rows() if isinstance(row, ListedFace))

    def write_tables(self, folder: Path, stored: Iterable[str]) -> Tables:
        """Write ``rejected_rows.csv``."""
        with ExitStack() as stack:
            table = stack.enter_context(csv_file(folder / ROWS_NAME, ("line", "reason")))
            n_rejected = 0
            for row in self._rows():
                if isinstance(row, RejectedRow):
                    table.writerow((row.line, row.reason))
                    n_rejected += 1
        return Tables([ROWS_NAME], {"rejected_rows": n_rejected})


class FecList:
    """FEC's list of triplets."""

    format = "fec"

    def __init__(self, path: Path, limit: int | None) -> None:
        self.path = path
        self._limit = limit

    def faces(self) -> Iterator[ListedFace]:
        """Yield each face where it is listed first, up to the limit."""
        listed_keys: set[bytes] = set()
        for row in read_fec(self.path):
            if isinstance(row, Triplet):
                yield from self._new(row, listed_keys)
                if len(listed_keys) == self._limit:
                    return

    def _new(self, triplet: Triplet, listed_keys: set[bytes]) -> Iterator[ListedFace]:
        """Yield a triplet's faces that were not seen before, up to the limit, and note them."""
        for face in triplet.faces:
            key = bytes.fromhex(face.id)
            if key not in listed_keys and len(listed_keys) != self._limit:
                listed_keys.add(key)
                yield face

    def write_tables(self, folder: Path, stored: Iterable[str]) -> Tables:
        """Write ``triplets.csv``, ``ratings.csv`` and ``rejected_rows.csv``.

        A triplet is named by its line in the list. One whose faces are not all within the limit is left out; one of
        whose faces could not be fetched stays, for its rows are what the raters said.
        """
        counts = {"rejected_rows": 0, "triplets": 0, "triplets_whole": 0, "ratings": 0}
        had = {bytes.fromhex(face) for face in stored}
        planned: set[bytes] = set()
        by_host: dict[str, tuple[int, int]] = {}
        with ExitStack() as stack:
            rejected = stack.enter_context(csv_file(folder / ROWS_NAME, ("line", "reason")))
            triplets = stack.enter_context(csv_file(
                folder / TRIPLETS_NAME, ("triplet", "first", "second", "third", "type")))
            ratings = stack.enter_context(csv_file(folder / RATINGS_NAME, ("triplet", "rater", "answer")))
            for row in read_fec(self.path):
                if isinstance(row, RejectedRow):
                    rejected.writerow((row.line, row.reason))
                    counts["rejected_rows"] += 1
                    continue
                for _ in self._new(row, planned):
                    pass
                keys = [bytes.fromhex(face.id) for face in row.faces]
                if not all(key in planned for key in keys):
                    continue
                triplets.writerow((row.line, *(face.id for face in row.faces), row.type))
                ratings.writerows((row.line, rater, answer) for rater, answer in row.ratings)
                whole = all(key in had for key in keys)
                for host in {ALL_HOSTS, *(host_in(face.url) for face in row.faces)}:
                    n_triplets, n_whole = by_host.get(host, (0, 0))
                    by_host[host] = (n_triplets + 1, n_whole + whole)
                counts["triplets"] += 1
                counts["triplets_whole"] += whole
                counts["ratings"] += len(row.ratings)
        return Tables([ROWS_NAME, TRIPLETS_NAME, RATINGS_NAME], counts, by_host)


_FORMATS: dict[str, type[BoxList] | type[FecList]] = {kind.format: kind for kind in (BoxList, FecList)}


def host_in(url: str) -> str:
    """Return the host that an address names, or an empty text."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True)
class ShardNumber:
    """Which of how many shards."""

    number: int  #: From 1.
    of: int

    @classmethod
    def parse(cls, text: str) -> "ShardNumber":
        """Return what ``"3/16"`` says. Raises `ValueError` for anything that is not such a number."""
        match = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
        if match is None or int(match[1]) > int(match[2]):
            raise ValueError(f"shard must be NUMBER/OF, such as 3/16, from 1/16 to 16/16, got {text!r}")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def shard_of(url: str, of: int) -> int:
    """Return the number, from 1, of the shard of ``of`` into which an address falls: by a digest of its host.

    Addresses that have no host, which are never asked, fall into one shard like those of any other host.
    """
    try:
        host = asked_host(urlsplit(url))
    except ValueError:
        host = ""
    return int.from_bytes(hashlib.sha256(host.encode("utf-8", "surrogatepass")).digest()[:8]) % of + 1


class ShardOfList:
    """The faces of a list that fall into one shard.

    Parameters
    ----------
    whole : FaceListing
        A limit is the whole list's: the shards together hold the first so many faces.
    """

    def __init__(self, whole: FaceListing, shard: ShardNumber) -> None:
        self.format: str = whole.format
        self.path: Path = whole.path
        self._whole = whole
        self._shard = shard

    def faces(self) -> Iterator[ListedFace]:
        """Yield each face of the shard once, in the order of the list."""
        return (face for face in self._whole.faces() if shard_of(face.url, self._shard.of) == self._shard.number)

    def write_tables(self, folder: Path, stored: Iterable[str]) -> Tables:
        """Write nothing: what a list says beside its faces goes across shards, and is written where they are joined."""
        return Tables([])
