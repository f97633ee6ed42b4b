"""Machines other than the usual: file systems without locks, folder syncs or maps, and terminals without UTF-8."""

import errno
import fcntl
import os
import shlex
import sqlite3
import stat
import subprocess
import sys

import cv2
import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.import_settings import ImportSettings
from fecemo.stages.import_labelled import run

from fetching import ROOT  # isort: skip


@pytest.fixture
def faces(tmp_path):
    for name in ("happy", "sad"):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for number in range(3):
            cv2.imwrite(str(tmp_path / "faces" / name / f"{number}.png"),
                        np.full((40, 40, 3), 60 * number + len(name), np.uint8))
    return tmp_path / "faces"


def test_a_finished_data_set_on_a_read_only_disk_is_done_already(faces, tmp_path, monkeypatch, capsys):
    first = run(ImportSettings(faces), tmp_path / "out")
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", lambda *arguments: pytest.fail("nothing is to be opened for writing"))
        assert run(ImportSettings(faces), tmp_path / "out") == first
    assert "already done, nothing to do" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP])
def test_where_there_are_no_locks_it_works_with_a_warning(faces, tmp_path, monkeypatch, capsys, number):
    def refuse(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    run(ImportSettings(faces), tmp_path / "out")
    assert f"out cannot be locked there ({os.strerror(number)})" in capsys.readouterr().err
    assert len(Dataset(tmp_path / "out")) == 6


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO, errno.ENOTSUP])
def test_where_a_folder_cannot_be_synced_files_are_whole_all_the_same(faces, tmp_path, monkeypatch, number):
    sync = os.fsync

    def refuse_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    run(ImportSettings(faces), tmp_path / "out")
    assert Dataset(tmp_path / "out").damaged_rows() == []


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_BUSY])
def test_the_ledger_does_without_locks_of_its_own(faces, tmp_path, monkeypatch, code):
    """SQLite locks by fcntl; the folder's lock is held already."""
    class Refused(sqlite3.Connection):
        def execute(self, statement, *values):
            if statement.startswith("BEGIN"):
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = code
                raise error
            return super().execute(statement, *values)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda name, **kwargs: connect(
        name, **kwargs, **({} if str(name).endswith("?nolock=1") else {"factory": Refused})))
    run(ImportSettings(faces), tmp_path / "out ?#%")  # a path is no address
    assert len(Dataset(tmp_path / "out ?#%")) == 6


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_where_nothing_can_be_synced_it_works(faces, tmp_path, monkeypatch, number):
    def refuse(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    run(ImportSettings(faces), tmp_path / "out")
    assert len(Dataset(tmp_path / "out")) == 6


def test_where_files_cannot_be_mapped_they_are_read(faces, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    run(ImportSettings(faces), tmp_path / "out")
    mapped = np.array(Dataset(tmp_path / "out").faces)
    monkeypatch.setattr(np, "memmap", refuse)
    monkeypatch.setattr("numpy.lib.format.open_memmap", refuse)
    np.testing.assert_array_equal(Dataset(tmp_path / "out").faces, mapped)


@pytest.mark.parametrize("script", ["01_fetch", "02_import", "12_convert_weights"])
def test_help_is_shown_on_a_terminal_without_utf_8(script):
    ended = subprocess.run([sys.executable, ROOT / "pipelines" / f"{script}.py", "--help"], cwd=ROOT,
                           env=os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "100"}, capture_output=True,
                           text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "usage" in ended.stdout


@pytest.mark.parametrize("settings", [
    {"OPENCV_IO_MAX_IMAGE_PIXELS": "100"}, {"OPENCV_IO_MAX_IMAGE_WIDTH": "8"}, {"OMP_NUM_THREADS": "many"},
    {"LC_ALL": "de_DE.UTF-8"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONOPTIMIZE": "2"},
    {"PYTHONWARNINGS": "error"}, {"HOME": "/proc", "TMPDIR": "/nowhere"},
])
def test_a_user_s_settings_change_no_face(faces, tmp_path, settings):
    run(ImportSettings(faces), tmp_path / "plain")
    ended = subprocess.run([sys.executable, ROOT / "pipelines" / "02_import.py", "--images", faces, "--out",
                            tmp_path / "set"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)} | settings,
                           capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "set" / "faces.npy").read_bytes() == (tmp_path / "plain" / "faces.npy").read_bytes()


@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/full"])
def test_work_goes_on_where_nobody_reads_its_progress(faces, tmp_path, closing):
    command = shlex.join(map(str, (sys.executable, ROOT / "pipelines" / "02_import.py", "--images", faces,
                                   "--out", tmp_path / "out")))
    subprocess.run(["sh", "-c", f"{command} {closing}"], check=False)
    assert len(Dataset(tmp_path / "out")) == 6


def test_help_ends_on_a_terminal_of_one_column():
    ended = subprocess.run([sys.executable, ROOT / "pipelines" / "02_import.py", "--help"], cwd=ROOT,
                           env=os.environ | {"COLUMNS": "1"}, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0
    assert max(map(len, ended.stdout.splitlines())) > 40


def test_a_variable_of_the_environment_that_tqdm_refuses_is_named():
    program = ("from fecemo.errors import InputError\n"
               "from fecemo.progress import progress\n"
               "try: progress(1, 'read', 'image')\n"
               "except InputError as error: print(error)")
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "TQDM_MININTERVAL": "often"},
                          capture_output=True, text=True, check=True)
    assert "TQDM_MININTERVAL=often" in done.stdout
