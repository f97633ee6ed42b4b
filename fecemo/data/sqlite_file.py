"""A SQLite file that any number of threads may use, and whose errors name the file and what to do."""

import shlex
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fecemo.errors import ResourceError, StoredStateError

_NO_LOCKS = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR_LOCK,
             sqlite3.SQLITE_IOERR_RDLOCK, sqlite3.SQLITE_IOERR_UNLOCK, sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK)
"""What SQLite says where a file system refuses to lock."""


class SqliteFile:
    """An open database in a folder of which the caller holds the `output_lock`.

    Raises
    ------
    StoredStateError
        If the file is damaged.
    ResourceError
        If the disk is full or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._explained():
            self._connection = _opened(path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock, self._explained():
            return self._connection.execute(query, values).fetchall()

    def _change(self, statement: str, *values: Any) -> int:
        """Execute one statement in a transaction and return how many rows it changed."""
        with self._transaction():
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._explained():
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # Text that is not UTF-8 has no code, and what names it is no error of SQLite's where it is in a message.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise ResourceError(f"cannot write {self.path}: the disk is full or failing; what was stored before is "
                                    "untouched. Make room, then run the same command again") from error
            if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
                raise ResourceError(f"cannot write {self.path}: the folder or the file is read-only") from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA):
                raise self._damaged(str(error)) from error
            raise

    def _damaged(self, words: str) -> StoredStateError:
        return StoredStateError(f"{self.path} is damaged: {words}; remove the folder and run the same command again: "
                                f"rm -r {shlex.quote(str(self.path.parent))}")


def marks(values: Sequence[Any]) -> str:
    """Return a question mark for each value of a statement."""
    return ", ".join("?" * len(values))


def _opened(path: Path) -> sqlite3.Connection:
    """Open a database; without locks of its own where the file system has none: the caller holds that of the folder."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode not in _NO_LOCKS:
            raise
        return sqlite3.connect(f"{path.absolute().as_uri()}?nolock=1", uri=True, check_same_thread=False,
                               isolation_level=None)
    return connection
