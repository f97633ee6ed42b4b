"""A stage's work: once, under a lock, its receipt last."""

import errno
import os
import signal

import pytest

from fecemo.data.durable import output_lock
from fecemo.data.receipts import RECEIPT_NAME, read_receipt
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.stages import run_stage as run_stage_module
from fecemo.stages.run_stage import StageResult, run_stage


def run(folder, content="result", calls=None):
    def work(out):
        (calls if calls is not None else []).append(content)
        (out / "checkpoint").write_text("half done")
        (out / "out").write_text(content)
        return StageResult(files=["out"], message="done", scratch=["checkpoint"])
    return run_stage("train", folder, config={"content": content}, inputs={}, seed=1, work=work)


def test_work_is_done_once_and_again_when_its_settings_or_files_change(tmp_path, capsys):
    calls = []
    first = run(tmp_path, calls=calls)
    capsys.readouterr()
    assert run(tmp_path, calls=calls) == first
    assert "already done, nothing to do: done" in capsys.readouterr().err
    assert calls == ["result"]
    run(tmp_path, "other", calls=calls)
    (tmp_path / "out").unlink()
    run(tmp_path, "other", calls=calls)
    assert calls == ["result", "other", "other"]
    assert not (tmp_path / "checkpoint").exists()


def test_what_is_finished_on_a_read_only_disk_can_be_asked_for_and_nothing_is_begun_there(tmp_path, monkeypatch):
    def refuse(path, flags, *mode):
        raise OSError(errno.EROFS, "Read-only file system")

    calls = []
    first = run(tmp_path, calls=calls)
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert run(tmp_path, calls=calls) == first
    with pytest.raises(ResourceError, match="the file system is read-only"):
        run(tmp_path, "other", calls=calls)
    with pytest.raises(ResourceError, match="the file system is read-only"):
        run(tmp_path / "new", calls=calls)
    assert calls == ["result"]
    assert read_receipt(tmp_path) == first


def test_a_folder_in_the_place_of_the_receipt_is_said(tmp_path):
    (tmp_path / RECEIPT_NAME).mkdir()
    with pytest.raises(ResourceError, match=r"receipt\.json: there is a folder where a file is needed; move it away"):
        run(tmp_path)


def test_a_kill_while_the_receipt_is_written_keeps_what_the_work_goes_on_from(tmp_path, monkeypatch):
    def die(*arguments, **more):
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(run_stage_module, "write_receipt", die)
        run(tmp_path)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert read_receipt(tmp_path) is None
    assert (tmp_path / "checkpoint").exists()


def test_an_old_receipt_never_speaks_for_half_new_files(tmp_path):
    run(tmp_path)

    def interrupted(folder):
        (folder / "out").write_text("half")
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        run_stage("train", tmp_path, config={"content": "new"}, inputs={}, seed=1, work=interrupted)
    assert read_receipt(tmp_path) is None


def test_work_that_is_refused_at_once_keeps_the_earlier_output(tmp_path):
    first = run(tmp_path)

    def refuse(out):
        raise InputError("names.json: line 3 is no JSON")

    with pytest.raises(InputError, match="line 3"):
        run_stage("train", tmp_path, config={"content": "changed"}, inputs={}, seed=1, work=refuse)
    assert read_receipt(tmp_path) == first


def test_an_output_beside_the_folder_that_changed_takes_the_earlier_receipt_with_it(tmp_path):
    def write(out):
        (out.parent / "table1.md").write_text("| row |")
        return StageResult(files=["../table1.md"], message="done")

    def stop_midway(out):
        (out.parent / "table1.md").write_text("| r")
        raise KeyboardInterrupt

    folder = tmp_path / "table"
    folder.mkdir()
    run_stage("table", folder, config={"rows": 1}, inputs={}, seed=1, work=write)
    with pytest.raises(KeyboardInterrupt):
        run_stage("table", folder, config={"rows": 2}, inputs={}, seed=1, work=stop_midway)
    assert read_receipt(folder) is None


def test_a_second_writer_is_refused(tmp_path):
    with output_lock(tmp_path), pytest.raises(StoredStateError, match="being written by another process"):
        run(tmp_path)
