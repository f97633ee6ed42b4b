"""One list of faces, fetched by several processes or machines: which shard a face falls into.

A list is cut by host, and not by photograph: one host is always asked by one process, so that the budget per host holds
however many there are. All faces of a photograph fall into one shard. What a single host allows bounds the whole fetch:
a list that lies on one host falls into one shard, and no number of shards makes it quicker.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fecemo.data.listed_face import ListedFace
from fecemo.fetch.addresses import asked_host
from fecemo.fetch.face_lists import FaceListing, Tables


@dataclass(frozen=True)
class ShardNumber:
    """Which of how many shards.

    Parameters
    ----------
    number : int
        From 1.
    of : int
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "ShardNumber":
        """Return what ``"3/16"`` says. Raises `ValueError` for anything that is not such a number."""
        found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text)
        if found is None or int(found[1]) > int(found[2]):
            raise ValueError(f"shard must be NUMBER/OF, such as 3/16, from 1/16 to 16/16, got {text!r}")
        return cls(int(found[1]), int(found[2]))

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
    shard : ShardNumber
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
