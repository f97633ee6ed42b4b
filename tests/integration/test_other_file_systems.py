"""Machines other than the usual: file systems without locks, folder syncs or maps, and terminals without UTF-8."""

import errno
import fcntl
import os
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
