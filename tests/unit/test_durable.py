"""Whole files or none, one writer a folder, and a refusal that says what to do."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fecemo.data.durable import NODE, atomic_file, atomic_write, explained, output_lock, sweep
from fecemo.errors import InputError, ResourceError, StoredStateError

FULL = Path("/dev/full")


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "deep" / "file.bin"
    with atomic_file(path) as file:
        file.write(b"first ")
        assert not path.exists()
        file.write(b"second")
    assert path.read_bytes() == b"first second"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.bin"]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "file.txt"
    atomic_write(path, "old")
    with pytest.raises(ZeroDivisionError), atomic_file(path, "w") as file:
        file.write(f"half of the new{1 // 0}")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    atomic_write(tmp_path / "file.txt", "ä\n")
    assert (tmp_path / "file.txt").read_bytes() == b"\xc3\xa4\n"


def test_a_file_where_a_folder_is_needed_is_said(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(ResourceError, match=r"taken/file\.txt: there is a file where a folder is needed"):
        atomic_write(tmp_path / "taken" / "file.txt", "text")
    with pytest.raises(ResourceError, match="there is a file where a folder"), output_lock(tmp_path / "taken"):
        pass


@pytest.mark.parametrize(("code", "message"), [
    (errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "no permission"),
    (errno.EDQUOT, "quota"),
])
def test_a_refusal_while_writing_leaves_the_old_file_and_says_why(tmp_path, monkeypatch, code, message):
    path = tmp_path / "file.txt"
    atomic_write(path, "old")

    def refuse(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ResourceError, match=f"file.txt: .*{message}.*run the same command again"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


@pytest.mark.skipif(not FULL.exists(), reason="needs Linux's always-full device")
def test_a_device_that_is_really_full_is_said(tmp_path):
    with pytest.raises(ResourceError, match="the disk is full"), explained(tmp_path / "out.npy"):
        FULL.write_bytes(b"x")


def test_other_errors_pass_as_they_are_and_every_refusal_of_the_system_is_one_line(tmp_path):
    with pytest.raises(InputError, match="about something else"), explained(tmp_path):
        raise InputError("about something else")
    with pytest.raises(FileNotFoundError), explained(tmp_path):
        (tmp_path / "an input").read_text()
    for code in (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENAMETOOLONG):
        with pytest.raises(ResourceError, match=f"cannot write {tmp_path}: {os.strerror(code)}"), explained(tmp_path):
            raise OSError(code, os.strerror(code))


@pytest.mark.skipif(not FULL.exists(), reason="needs Linux's always-full device")
def test_an_array_on_a_full_disk_is_said_though_numpy_names_no_error(tmp_path):
    with (pytest.raises(ResourceError, match="the disk is full"), explained(tmp_path / "out.npy"),
          FULL.open("wb", buffering=0) as file):
        np.save(file, np.zeros(100_000))
    with pytest.raises(ResourceError, match="the disk is full"), explained(tmp_path / "out.npy"):
        raise OSError("12800 requested and 992 written")


def test_a_small_array_that_does_not_fit_is_said_and_replaces_nothing(tmp_path):
    """Less than what the C library keeps back until a file is closed, and the end of a longer array."""
    path, before = tmp_path / "out.npy", signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with atomic_file(path) as file:
        np.save(file, np.arange(10))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for count, room in ((100, 500), (100_000, 800_000)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, limit[1]))
            with pytest.raises(ResourceError, match="larger than is allowed"), atomic_file(path) as file:
                np.save(file, np.zeros(count))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    np.testing.assert_array_equal(np.load(path), np.arange(10))
    assert [file.name for file in tmp_path.iterdir()] == ["out.npy"]


HOLD = """
import sys, time
from pathlib import Path
from fecemo.data.durable import output_lock
with output_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_a_killed_one_holds_nothing(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoredStateError, match="being written by another process"), output_lock(tmp_path):
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with output_lock(tmp_path):
        pass


HALF = """
import os, signal, sys
from pathlib import Path
from fecemo.data.durable import atomic_file
with atomic_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_goes_with_the_next_lock_and_what_a_live_one_writes_stays(tmp_path):
    subprocess.run([sys.executable, "-c", HALF, str(tmp_path / "faces.npy")], check=False)
    left, = tmp_path.iterdir()
    assert left.read_bytes() == b"half"
    live = tmp_path / f".names.json.{NODE}-{os.getppid()}.tmp"
    kept = [live, tmp_path / ".notes.tmp", tmp_path / "77.tmp"]
    for path in kept:
        path.touch()
    with atomic_file(tmp_path / "own.npy") as file, output_lock(tmp_path):
        file.write(b"whole")
    assert not left.exists()
    assert (tmp_path / "own.npy").read_bytes() == b"whole"
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "own.npy", *(path.name for path in kept)}


def test_what_another_machine_writes_goes_only_where_a_lock_says_that_it_is_left(tmp_path):
    """Its process may have the number of one that runs here, or of one that does not."""
    others = [tmp_path / f".faces.npy.{'0' * 8}-{process}.tmp" for process in (os.getpid(), 2**22 + 1)]
    for path in others:
        path.touch()
    sweep(tmp_path, locked=False)
    assert all(path.exists() for path in others)
    with output_lock(tmp_path):
        assert not any(path.exists() for path in others)


def test_a_lock_ends_with_its_block_also_by_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), output_lock(tmp_path):
        raise ZeroDivisionError
    with output_lock(tmp_path), pytest.raises(StoredStateError), output_lock(tmp_path):
        pass
