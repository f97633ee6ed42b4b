"""The ledger of a dataset in the making: which faces are wanted, and what became of each.

A SQLite file, so that a kill at any moment leaves the last whole transaction.
"""

import hashlib
import json
import math
import shlex
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fecemo.data.dataset_files import ENTRY_COLUMNS, FaceEntry
from fecemo.data.sqlite_file import SqliteFile, marks
from fecemo.errors import InputError, StoredStateError

LEDGER_NAME = "ledger.sqlite"

_TABLES = (
    "CREATE TABLE IF NOT EXISTS plan (slot INTEGER PRIMARY KEY, id TEXT UNIQUE, address TEXT,"
    " left REAL, right REAL, top REAL, bottom REAL, annotations TEXT)",
    "CREATE INDEX IF NOT EXISTS plan_address ON plan (address)",
    "CREATE TABLE IF NOT EXISTS planned (digest TEXT)",
    "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE IF NOT EXISTS work (seconds REAL)",
    "CREATE TABLE IF NOT EXISTS faces (slot INTEGER PRIMARY KEY, state TEXT, sha256 TEXT, reason TEXT, detail TEXT)",
)
_ENTRY = ", ".join(f"plan.{column}" for column in (*ENTRY_COLUMNS, "annotations"))
_PAGE = 1000
Outcome = tuple[int, str, str, str, str]
"""Slot, ``"stored"`` or ``"rejected"``, sha256 of the face, reason, detail."""


class Ledger(SqliteFile):
    """The plan of a dataset and the outcome of each slot; from any number of threads.

    A plan may grow: a new one that holds every face of the stored one takes its place, and each face keeps its outcome.

    Parameters
    ----------
    folder : Path
        The dataset's folder. The caller holds its `output_lock`.
    plan : iterable of FaceEntry
        The wanted faces in their final order; ids are unique; read once.
    made_of : JSON value
        What else decides the pixels. A ledger made with something else is another plan.
    before_moving : callable, optional
        Called before a grown plan gives faces other slots.

    Raises
    ------
    InputError
        If an id occurs twice in the plan.
    StoredStateError
        If ``folder`` holds a plan of other settings or with faces that the new one has not, or a damaged ledger.
    ResourceError
        If the disk is full or the folder cannot be written.
    """

    def __init__(self, folder: Path, plan: Iterable[FaceEntry], made_of: Any,
                 before_moving: Callable[[], None] | None = None) -> None:
        super().__init__(folder / LEDGER_NAME)
        try:
            with self._transaction():
                for table in _TABLES:
                    self._connection.execute(table)
                planned = self._connection.execute("SELECT digest FROM planned").fetchone()
                if planned is None:
                    self._connection.execute("INSERT INTO planned VALUES (?)", (self._store_plan(plan, "plan"),))
                    self._connection.execute("INSERT INTO notes VALUES ('made_of', ?)", (json.dumps(made_of),))
                else:
                    self._refuse_damage()
                    self._take_grown(plan, planned[0], made_of, before_moving)
        except BaseException:
            self._connection.close()
            raise
        ((self._length,),) = self._all("SELECT count(*) FROM plan")

    def _refuse_damage(self) -> None:
        """Raise `StoredStateError` where parts of the file contradict each other, or a face has no outcome that is one.

        What is neither missing nor stored nor rejected would be in no table of the dataset.
        """
        ((words,),) = self._all("PRAGMA quick_check(1)")
        strange = self._all("SELECT slot FROM faces WHERE state IS NOT 'stored' AND state IS NOT 'rejected' "
                            "OR slot NOT IN (SELECT slot FROM plan) LIMIT 1")
        if words != "ok" or strange:
            raise self._damaged(f"the outcome of face {strange[0][0]} is none" if strange else str(words))

    def _store_plan(self, plan: Iterable[FaceEntry], table: str) -> str:
        """Fill a table with a plan; return the digest of its rows."""
        def stored() -> Iterator[tuple[Any, ...]]:
            for slot, entry in enumerate(plan):
                row = (*(getattr(entry, column) for column in ENTRY_COLUMNS),
                       json.dumps(entry.annotations, sort_keys=True, ensure_ascii=False))
                try:
                    self._connection.execute(f"INSERT INTO {table} VALUES (?, {marks(row)})", (slot, *row))
                except sqlite3.IntegrityError as error:
                    raise InputError(f"the plan for {self.path.parent} holds the face {row[0]} ({row[1]}) twice; "
                                     "give every address and box once") from error
                yield row

        return _plan_digest(stored())

    def _take_grown(self, plan: Iterable[FaceEntry], digest: str, made_of: Any,
                    before_moving: Callable[[], None] | None) -> None:
        """Let a plan that holds every face of the stored one take its place."""
        made_before = self._made_of()
        if made_before != json.loads(json.dumps(made_of)):
            raise self._refusal(f"was made with {difference(made_before, made_of)}")
        stored_rows = (tuple(math.nan if value is None else value for value in row[1:])
                       for row in self._connection.execute("SELECT * FROM plan ORDER BY slot"))
        if _plan_digest(stored_rows) != digest:
            raise self._damaged("its list of faces is not the one that was stored")
        self._connection.execute("CREATE TEMP TABLE wanted AS SELECT * FROM plan LIMIT 0")
        self._connection.execute("CREATE UNIQUE INDEX temp.wanted_id ON wanted (id)")
        new_digest = self._store_plan(plan, "wanted")
        if new_digest != digest:
            self._check_nothing_lost()
            if before_moving is not None and self._all(
                    "SELECT 1 FROM plan JOIN wanted USING (id) WHERE plan.slot != wanted.slot LIMIT 1"):
                before_moving()
            for statement in (
                "CREATE TEMP TABLE moved AS SELECT wanted.slot, state, sha256, reason, detail "
                "FROM faces JOIN plan USING (slot) JOIN wanted USING (id)",
                "DELETE FROM faces", "INSERT INTO faces SELECT * FROM moved", "DROP TABLE moved",
                "DELETE FROM plan", "INSERT INTO plan SELECT * FROM wanted",
            ):
                self._connection.execute(statement)
            self._connection.execute("UPDATE planned SET digest = ?", (new_digest,))
        self._connection.execute("DROP TABLE wanted")

    def _check_nothing_lost(self) -> None:
        """Refuse a new plan that lacks a face of the stored one, or holds it with another entry."""
        lost = self._all("SELECT count(*), (SELECT count(*) FROM plan), (SELECT count(*) FROM wanted), id, address, "
                         "min(slot) FROM plan WHERE id NOT IN (SELECT id FROM wanted)")
        n_lost, n_stored, n_wanted, face, address, _ = lost[0]
        if n_lost:
            raise self._refusal(f"was made of another list of faces: {n_lost} of its {n_stored} faces are not among "
                                f"the {n_wanted} that are asked for, the first {face} ({address})")
        columns = [name for _, name, *_ in self._all("PRAGMA table_info(plan)") if name != "slot"]
        for column in columns[1:-1]:  # the annotations of a face, the last, may change: its pixels do not
            if changed := self._all(
                    f"SELECT id, plan.{column}, wanted.{column} FROM plan JOIN wanted USING (id) "
                    f"WHERE plan.{column} IS NOT wanted.{column} ORDER BY plan.slot LIMIT 1"):
                ((face, before, now),) = changed
                raise self._refusal(f"was made of another list of faces: the {column} of face {face} is now {now!r}, "
                                    f"not {before!r}")

    def _refusal(self, difference: str) -> StoredStateError:
        return StoredStateError(f"{self.path.parent} {difference}. Nothing stored is overwritten: choose another "
                                f"folder, or remove that one: rm -r {shlex.quote(str(self.path.parent))}")

    def note(self, name: str) -> str | None:
        """Return what was noted under a name, or None."""
        rows = self._all("SELECT value FROM notes WHERE name = ?", name)
        return rows[0][0] if rows else None

    def _made_of(self) -> Any:
        try:
            return json.loads(self.note("made_of") or "null")
        except (ValueError, RecursionError) as error:
            raise self._damaged(f"what decides the pixels cannot be read ({error})") from error

    def set_note(self, name: str, value: str) -> None:
        """Note something beside the plan."""
        self._change("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, value)

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Store what became of some slots, in one transaction."""
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO faces VALUES (?, ?, ?, ?, ?)", outcomes)

    def forget(self, slots: Iterable[int]) -> None:
        """Make slots missing again."""
        with self._transaction():
            self._connection.executemany("DELETE FROM faces WHERE slot = ?", [(slot,) for slot in slots])

    def take_plan(self, plan: Iterable[FaceEntry]) -> None:
        """Let a plan of the same faces, with other annotations, take the place of the stored one."""
        with self._transaction():
            ((digest,),) = self._all("SELECT digest FROM planned")
            self._take_grown(plan, digest, self._made_of(), None)

    def keep_those_of(self, details: Sequence[str]) -> None:
        """Make every slot missing again that was rejected, or stored with another detail than is listed for it."""
        self.forget([slot for slot, state, detail in self._all("SELECT slot, state, detail FROM faces")
                     if state != "stored" or detail != details[slot]])

    def forget_rejected(self, reasons: Sequence[str]) -> int:
        """Make every slot missing again that was rejected for one of these reasons; return their number."""
        return self._change(f"DELETE FROM faces WHERE state = 'rejected' AND reason IN ({marks(reasons)})", *reasons)

    def forget_rejected_at(self, is_chosen: Callable[[str], bool]) -> None:
        """Make every slot missing again that was rejected and whose face is at a chosen address."""
        self.forget([slot for slot, address in self._pages(
            "SELECT plan.slot, address FROM plan JOIN faces USING (slot) WHERE state = 'rejected' AND plan.slot > ?")
            if is_chosen(address)])

    def reject_stored(self, details: Sequence[str], reason: str, detail: str) -> int:
        """Reject every stored face whose detail is one of these; return their number."""
        return self._change(
            "UPDATE faces SET state = 'rejected', sha256 = '', reason = ?, detail = ? "
            f"WHERE state = 'stored' AND detail IN ({marks(details)})", reason, detail, *details)

    def missing(self) -> list[int]:
        """Return the slots without an outcome, in ascending order."""
        return [slot for (slot,) in self._pages(
            "SELECT plan.slot FROM plan LEFT JOIN faces USING (slot) WHERE faces.slot IS NULL AND plan.slot > ?")]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, slot: int) -> FaceEntry:
        (row,) = self._all(f"SELECT {_ENTRY} FROM plan WHERE slot = ?", slot)
        return _entry(row)

    def missing_photos(self) -> Iterator[tuple[int, str]]:
        """Yield, once for each photograph with a missing face, the first such face's slot and the address."""
        yield from self._pages(
            "SELECT plan.slot, address FROM plan LEFT JOIN faces USING (slot) "
            "WHERE faces.slot IS NULL AND plan.slot > ? "
            "AND NOT EXISTS (SELECT 1 FROM plan AS other LEFT JOIN faces AS known USING (slot) "
            "WHERE other.address = plan.address AND other.slot < plan.slot AND known.slot IS NULL)")

    def missing_of_same_address(self, slot: int) -> list[tuple[int, FaceEntry]]:
        """Return every missing face of the photograph that a slot's face is in, ascending by slot."""
        return [(row[0], _entry(row[1:])) for row in self._all(
            f"SELECT plan.slot, {_ENTRY} FROM plan LEFT JOIN faces USING (slot) WHERE faces.slot IS NULL "
            "AND address = (SELECT address FROM plan WHERE slot = ?) ORDER BY plan.slot", slot)]

    def stored(self) -> Iterator[tuple[int, FaceEntry, str]]:
        """Yield slot, entry and sha256 of every stored face, in the order of the plan."""
        for slot, *entry, sha256 in self._pages(
                f"SELECT plan.slot, {_ENTRY}, sha256 FROM plan JOIN faces USING (slot) "
                "WHERE state = 'stored' AND plan.slot > ?"):
            yield slot, _entry(entry), sha256

    def rejected(self) -> Iterator[tuple[FaceEntry, str, str]]:
        """Yield entry, reason and detail of every rejected face, in the order of the plan."""
        for _, *entry, reason, detail in self._pages(
                f"SELECT plan.slot, {_ENTRY}, reason, detail FROM plan JOIN faces USING (slot) "
                "WHERE state = 'rejected' AND plan.slot > ?"):
            yield _entry(entry), reason, detail

    def counts(self) -> tuple[int, dict[str, int]]:
        """Return the number of stored faces, and of rejected ones by reason."""
        rows = self._all("SELECT state, reason, count(*) FROM faces GROUP BY state, reason ORDER BY reason")
        stored = sum(count for state, _, count in rows if state == "stored")
        return stored, {reason: count for state, reason, count in rows if state == "rejected"}

    def addresses_by_detail(self, at_least: int) -> list[tuple[Any, ...]]:
        """Return each detail that the stored faces of so many addresses share: detail, addresses, the first of them."""
        return self._all(
            "SELECT detail, count(DISTINCT address) AS addresses, min(address) FROM plan JOIN faces USING (slot) "
            "WHERE state = 'stored' AND detail != '' GROUP BY detail HAVING addresses >= ? "
            "ORDER BY addresses DESC, detail", at_least)

    def annotation_names(self) -> list[str]:
        """Return the names of all annotations of the plan."""
        return [name for (name,) in self._all(
            "SELECT DISTINCT key FROM plan, json_each(plan.annotations) ORDER BY key")]

    def annotation_values(self, name: str) -> list[str]:
        """Return the different values of one annotation, apart from ``""``."""
        return [value for (value,) in self._all(
            "SELECT DISTINCT value FROM plan, json_each(plan.annotations) WHERE key = ? AND value != '' "
            "ORDER BY value", name)]

    def add_seconds(self, seconds: float) -> None:
        """Add to the time that all runs took."""
        self._change("INSERT INTO work VALUES (?)", seconds)

    def seconds(self) -> float:
        """Return the seconds that all earlier runs took."""
        ((seconds,),) = self._all("SELECT coalesce(sum(seconds), 0) FROM work")
        return float(seconds)

    def _pages(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows that begin with the slot, a page at a time: neither much memory nor the lock is held long."""
        after = -1
        while rows := self._all(f"{query} ORDER BY plan.slot LIMIT {_PAGE}", after):
            yield from rows
            after = rows[-1][0]


def _plan_digest(rows: Iterable[tuple[Any, ...]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        # What a damaged file gives in the place of a text may be bytes: the digest is then another.
        digest.update(b"\n" + json.dumps(row, default=repr).encode())
    return digest.hexdigest()


def difference(before: Any, now: Any) -> str:
    """Return in words which settings differ."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return "other settings or from other files"
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return (", ".join(f"{name} {before.get(name)!r}" for name in names) + ", not with "
            + ", ".join(f"{name} {now.get(name)!r}" for name in names))


def _entry(row: Sequence[Any]) -> FaceEntry:
    # SQLite has no NaN: it stores a box's missing side as NULL.
    face, address, *sides, annotations = row
    left, right, top, bottom = (math.nan if side is None else side for side in sides)
    return FaceEntry(face, address, left, right, top, bottom, json.loads(annotations))
