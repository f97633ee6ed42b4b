"""Join the shards of a list, each fetched into a data set of its own, into one data set that holds no face twice."""

import csv
import hashlib
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.arrays import write_arrays
from fecemo.data.dataset_files import (
    DESCRIPTION_NAME,
    INDEX_COLUMNS,
    INDEX_NAME,
    REJECT_COLUMNS,
    REJECTS_NAME,
    Description,
)
from fecemo.data.durable import atomic_write, csv_file
from fecemo.data.ledger import LEDGER_NAME
from fecemo.data.receipts import Receipt, digest_file, digest_place, read_receipt, require_receipt
from fecemo.data.stored_faces import PLACES_NAME, SHARDS_NAME, Shard, write_shards
from fecemo.errors import InputError, StoredStateError
from fecemo.fetch.lists import FaceListing, ShardNumber, open_list, shard_of
from fecemo.stages.fetch_report import (
    HOSTS_NAME,
    REPEATED_NAME,
    SURVIVAL_NAME,
    write_hosts,
    write_repeated,
    write_survival,
)
from fecemo.stages.run_stage import StageResult, run_stage

STAGE = "join"
FETCH = "fetch"
READ = (INDEX_NAME, REJECTS_NAME, HOSTS_NAME, REPEATED_NAME)
"""What is read of a shard beside its receipt. Its faces are left where they are."""


@dataclass(frozen=True)
class _Part:
    """The finished data set of one shard."""

    folder: Path
    shard: ShardNumber
    receipt: Receipt

    @property
    def config(self) -> dict[str, Any]:
        """What it was fetched with, and what every other shard must have been fetched with."""
        return {key: value for key, value in self.receipt.config.items() if key != "shard"}


def run(faces: Path, shards: tuple[Path, ...], out: Path) -> Receipt:
    """Make one data set of the shards of a list.

    The data set's faces, rejects, triplets and ratings are, row by row, those of the list fetched whole. No picture is
    copied: the data set reads the shards where they are, so that they are moved together with it, or joined again.

    Parameters
    ----------
    faces : Path
        The list that was fetched.
    shards : tuple of Path
        The data sets of all of its shards, in any order.
    out : Path
        The joined data set's folder.

    Raises
    ------
    InputError
        If the list cannot be read, or no shard holds a face.
    StoredStateError
        If a shard is missing, unfinished, given twice, or of another list or other settings; or if ``out`` is in use
        or holds a data set that was fetched whole.
    ResourceError
        If ``out`` cannot be written.
    """
    try:
        digest = digest_file(faces)
    except OSError as error:
        raise InputError(f"{faces}: {error.strerror}") from error
    parts = _parts(shards, faces, digest)
    config = parts[0].config
    stored = read_receipt(out)
    if (out / LEDGER_NAME).exists() or (stored is not None and stored.stage != STAGE):
        raise StoredStateError(f"{out} holds something else; choose another folder for the joined data set")
    listing = open_list(faces, config["format"], config["limit"])
    return run_stage(
        STAGE, out, config=config, seed=None,
        inputs={**parts[0].receipt.inputs, **{f"shard {part.shard}": part.receipt.digest for part in parts}},
        work=lambda folder: _join(listing, parts, folder))


def _parts(folders: Iterable[Path], faces: Path, digest: str) -> list[_Part]:
    """Return the shards by number, having checked that they are the whole of this list."""
    parts: dict[int, _Part] = {}
    for folder in folders:
        receipt = require_receipt(folder, FETCH)
        if "shard" not in receipt.config:
            raise StoredStateError(f"{folder} was fetched whole, expected a shard, such as one of --shard 1/3")
        for name in READ:
            if not (folder / name).exists() or digest_file(folder / name) != receipt.outputs[name]:
                raise StoredStateError(f"{folder / name} is missing, or not what its fetch wrote; remove it and run "
                                       "that fetch again")
        part = _Part(folder, ShardNumber.parse(receipt.config["shard"]), receipt)
        if receipt.inputs["faces"] != digest:
            raise StoredStateError(f"{folder} was fetched from another list than {faces}; fetch the shard "
                                   f"{part.shard} of this one into another folder")
        first = next(iter(parts.values()), part)
        if part.shard.of != first.shard.of:
            raise StoredStateError(f"{folder} is the shard {part.shard}, and {first.folder} the shard {first.shard}: "
                                   "expected the same number of shards")
        if part.config != first.config or receipt.inputs != first.receipt.inputs:
            settings, expected = ({**shard.config, **shard.receipt.inputs} for shard in (part, first))
            differing = sorted(name for name in {**settings, **expected} if settings.get(name) != expected.get(name))
            raise StoredStateError(f"{folder} and {first.folder} were fetched with other settings "
                                   f"({', '.join(differing)}); fetch all shards with the same")
        if part.shard.number in parts:
            raise StoredStateError(f"{folder} and {parts[part.shard.number].folder} are both the shard {part.shard}")
        parts[part.shard.number] = part
    if not parts:
        raise InputError("no shard is given; expected the data sets of all shards of the list")
    of = next(iter(parts.values())).shard.of
    if missing := [str(ShardNumber(number, of)) for number in range(1, of + 1) if number not in parts]:
        raise StoredStateError(f"of {of} shards, {len(missing)} are not given: {', '.join(missing[:10])}; fetch them "
                               f"with --shard {missing[0]}, and give the data sets of all")
    return [parts[number] for number in sorted(parts)]


def _join(listing: FaceListing, parts: list[_Part], folder: Path) -> StageResult:
    rejected: Counter[str] = Counter()
    for part in parts:
        rejected.update(part.receipt.summary["rejected"])
    n_faces, digest = _write_rows(listing, parts, folder)
    if not n_faces:
        listed = ", ".join(f"{count} {reason}" for reason, count in sorted(rejected.items()))
        raise InputError(f"{folder}: none of the {sum(rejected.values())} faces could be stored ({listed})")
    tables = listing.write_tables(folder, _ids(folder))
    hosts: Counter[tuple[str, str]] = Counter()
    for host, outcome, count in _cells(parts, HOSTS_NAME):
        hosts[host, outcome] += int(count)
    write_hosts(folder / HOSTS_NAME, hosts)
    write_survival(folder / SURVIVAL_NAME, hosts, tables.triplets)
    repeated = _repeated(parts)
    write_repeated(folder / REPEATED_NAME, repeated)
    atomic_write(folder / DESCRIPTION_NAME, Description().as_json())  # what is fetched has no annotations
    write_shards(folder, [Shard(os.path.relpath(part.folder.resolve(), folder.resolve()), part.receipt.digest)
                          for part in parts])
    return StageResult(
        files=[INDEX_NAME, REJECTS_NAME, DESCRIPTION_NAME, *tables.files, HOSTS_NAME, SURVIVAL_NAME,
               REPEATED_NAME, PLACES_NAME],
        # As a data set's own file: of the digests of the faces, wherever they lie.
        digests={SHARDS_NAME: digest},
        message=f"{n_faces} faces of {len(parts)} shards, {sum(rejected.values())} rejected",
        summary={"faces": n_faces, "rejected": dict(sorted(rejected.items())), **tables.summary,
                 "repeated_photographs": len(repeated), "shards": len(parts), "place": digest_place(listing.path)},
        seconds_before=sum(part.receipt.seconds for part in parts))


def _write_rows(listing: FaceListing, parts: list[_Part], folder: Path) -> tuple[int, str]:
    """Write the index and the rejects in the order of the list; return the number of faces and their digest.

    Every shard is in the order of the list too: one row of each is in memory at a time.
    """
    digest = hashlib.sha256()
    places = array("q")
    n_faces = 0
    with ExitStack() as stack:
        stored = [_Waiting(stack.enter_context(_rows(part.folder / INDEX_NAME)), INDEX_COLUMNS) for part in parts]
        refused = [_Waiting(stack.enter_context(_rows(part.folder / REJECTS_NAME)), REJECT_COLUMNS) for part in parts]
        index = stack.enter_context(csv_file(folder / INDEX_NAME, INDEX_COLUMNS))
        rejects = stack.enter_context(csv_file(folder / REJECTS_NAME, REJECT_COLUMNS))
        for face in listing.faces():
            number = shard_of(face.url, len(parts)) - 1
            if (cells := stored[number].take(face.id)) is not None:
                index.writerow((n_faces, *cells[1:]))
                digest.update(f"{cells[-1]}\n".encode())
                places.extend((number, int(cells[0])))
                n_faces += 1
            elif (cells := refused[number].take(face.id)) is not None:
                rejects.writerow(cells)
            else:
                raise StoredStateError(f"{parts[number].folder} does not hold the face {face.id} ({face.url}) in its "
                                       "place; it is damaged, or not of this list")
        for part, rows in [*zip(parts, stored, strict=True), *zip(parts, refused, strict=True)]:
            if rows.head is not None:
                raise StoredStateError(f"{part.folder} holds a face that is not in the list: {rows.head}")
    write_arrays(folder, {PLACES_NAME.removesuffix(".npy"): np.array(places, np.int64).reshape(-1, 2)})
    return n_faces, digest.hexdigest()


class _Waiting:
    """The rows of a shard's table, the first of them waiting."""

    def __init__(self, rows: Iterator[list[str]], columns: tuple[str, ...]) -> None:
        self._rows = rows
        self._id_column = columns.index("id")
        self.head = next(rows, None)

    def take(self, face: str) -> list[str] | None:
        """Return the waiting row if it is this face's, and let the next one wait."""
        head = self.head
        if head is None or head[self._id_column] != face:
            return None
        self.head = next(self._rows, None)
        return head


@contextmanager
def _rows(path: Path) -> Iterator[Iterator[list[str]]]:
    """Open a table and return the rows below its header."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield rows


def _ids(folder: Path) -> Iterator[str]:
    with _rows(folder / INDEX_NAME) as rows:
        yield from (cells[INDEX_COLUMNS.index("id")] for cells in rows)


def _cells(parts: Iterable[_Part], name: str) -> Iterator[list[str]]:
    """Yield the rows of one report of all shards."""
    for part in parts:
        with _rows(part.folder / name) as rows:
            yield from rows


def _repeated(parts: Iterable[_Part]) -> list[tuple[str, int, str]]:
    """Return the photographs that very many addresses sent, of those that did so within a shard."""
    addresses: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for sha256, count, example in _cells(parts, REPEATED_NAME):
        addresses[sha256] += int(count)
        examples[sha256] = min(example, examples.get(sha256, example))
    return sorted(((sha256, count, examples[sha256]) for sha256, count in addresses.items()),
                  key=lambda row: (-row[1], row[0]))
