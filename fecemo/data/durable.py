"""Files that are whole: written by rename, one writer a folder, and read only where they have an end."""

import csv
import errno
import fcntl
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from fecemo.errors import FecemoError, ResourceError, StoredStateError

LOCK_NAME = ".lock"
HALF_WRITTEN = ".*.tmp"
"""Files that `atomic_file` has not finished: of a writer at work, or of one that was killed."""
NODE = hashlib.sha256(os.fsencode(os.uname().nodename)).hexdigest()[:8]
"""This machine among those that share a file system; process ids are each machine's own."""
LONG_NAME_BYTES = 200


@contextmanager
def atomic_file(path: Path, mode: str = "wb") -> Iterator[IO[Any]]:
    r"""Open a temporary file beside ``path`` that takes its place when the block ends well; its folder is made.

    ``mode`` is ``"wb"``, or ``"w"`` for UTF-8 text with ``\n`` line ends. Raises `ResourceError` if the disk is full or
    the folder cannot be written; what was at ``path`` is untouched.
    """
    name = path.name
    if len(os.fsencode(name)) > LONG_NAME_BYTES:  # with what is added, no file system would take it
        name = hashlib.sha256(os.fsencode(name)).hexdigest() + path.suffix[:LONG_NAME_BYTES // 8]
    temporary = path.with_name(f".{name}.{NODE}-{os.getpid()}.tmp")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # For reading too: into a file for writing alone NumPy writes past Python, and what is lost when the C
            # library's buffer is emptied onto a full disk raises nothing.
            with temporary.open(f"{mode}+", **text) as file:  # type: ignore[call-overload]
                yield file
                file.flush()
                sync(file.fileno())
            temporary.replace(path)
            _fsync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def csv_file(path: Path, columns: Iterable[Any]) -> Iterator[Any]:
    """Open a CSV file as `atomic_file` does, write its header, and return a ``csv.writer`` of its rows."""
    with atomic_file(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        yield writer


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write a whole file by rename. Raises `ResourceError` as `atomic_file` does."""
    with atomic_file(path, "w" if isinstance(content, str) else "wb") as file:
        file.write(content)


def refuse_endless(path: Path) -> None:
    """Raise `OSError` for a pipe, a device or a socket: nobody knows when, or whether, what is read there ends."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "it is no file", str(path))


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write at ``path`` into a `ResourceError` that says what to do.

    Whatever the refusal: of a reason that has no words of its own here, the system's are given. NumPy names none
    where it wrote less than it was asked to, and there the disk is full.
    """
    reasons = {
        None: "the disk is full",
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EFBIG: "the file would be larger than is allowed there",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "there is no permission to write there",
        errno.EPERM: "there is no permission to write there",
    }
    try:
        yield
    except FecemoError:
        raise
    except (FileExistsError, NotADirectoryError) as error:
        raise ResourceError(f"cannot write {path}: there is a file where a folder is needed") from error
    except IsADirectoryError as error:
        raise ResourceError(f"cannot write {path}: there is a folder where a file is needed; move it away, then run "
                            "the same command again") from error
    except FileNotFoundError:  # of something that is read meanwhile
        raise
    except OSError as error:
        reason = reasons.get(error.errno, error.strerror or str(error))
        raise ResourceError(f"cannot write {path}: {reason}; what was stored before is untouched. "
                            "Make room or choose another folder, then run the same command again") from error


@contextmanager
def output_lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one writer. The lock goes with the process, also when that is killed.

    What a killed writer left half-written in the folder is deleted first: it may be as large as the folder's largest
    file, and nothing else would ever take it away.

    A folder that is there and takes no files needs no lock: what is finished on a read-only disk can be asked for.
    Before work begins, `require_writable` refuses it.

    Raises
    ------
    StoredStateError
        If another process is writing there.
    ResourceError
        If the folder cannot be made, or its lock cannot be opened.
    """
    if folder.is_dir() and not os.access(folder, os.W_OK):
        yield
        return
    descriptor = _open_lock(folder)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoredStateError(f"{folder} is being written by another process; wait for it to end") from error
        except OSError as error:  # Lustre without -o flock, NFS without a lock daemon, some file systems of FUSE
            print(f"warning: {folder} cannot be locked there ({error.strerror}); run one command at a time on it",
                  file=sys.stderr)
        sweep(folder)
        yield
    finally:
        os.close(descriptor)


def require_writable(folder: Path) -> None:
    """Make a folder. Raises `ResourceError` if it takes no files."""
    os.close(_open_lock(folder))


def _open_lock(folder: Path) -> int:
    with explained(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:  # /proc
            raise ResourceError(f"cannot write {folder}: no folder can be made there; choose another") from error
        return os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)


def sweep(folder: Path, pattern: str = HALF_WRITTEN, *, locked: bool = True) -> None:
    """Delete the half-written files of processes that are gone; a file of one that runs is nobody else's to delete.

    Whether another machine's process runs nobody here knows. Its files go only where the folder, or the one around it,
    is ``locked`` for this process: two cannot hold that.
    """
    for path in folder.glob(pattern):
        writer = re.fullmatch(r"([0-9a-f]{8})-(\d+)", path.name.split(".")[-2])
        if writer and (locked if writer[1] != NODE else not _runs(int(writer[2]))):
            with suppress(OSError):
                path.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True


def sync(descriptor: int) -> None:
    """Put a file's bytes onto the disk. Raises `OSError` as `os.fsync` does, but not where there is no such thing."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise


def _fsync_folder(folder: Path) -> None:
    """Let a rename outlive a power cut; where folders cannot be synced (SMB, some of FUSE), files are whole anyhow."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
