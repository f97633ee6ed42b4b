"""The writer of datasets: any order of arrival, any moment of death, a full disk."""

import os
import resource
import shutil
import signal
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from fecemo.data import dataset_writer
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry, digest_face
from fecemo.data.dataset_writer import MOVED_NAME, STAGING_NAME, DatasetWriter, in_the_making
from fecemo.data.ledger import LEDGER_NAME
from fecemo.data.receipts import RECEIPT_NAME
from fecemo.errors import InputError, ResourceError, StoredStateError

N = 12
REJECTED = (3, 7)
FILES = ("faces.npy", "faces.csv", "rejects.csv", "dataset.json")


def plan_of(n=N):
    return [FaceEntry(f"id{slot}", f"http://a/{slot // 2}.jpg", 0.0, 0.1 * (slot + 1), 0.0, 1.0) for slot in range(n)]


def face(slot):
    return np.random.default_rng(slot).integers(0, 256, (200, 200, 3), dtype=np.uint8)


def fill(writer, slots=range(N)):
    for slot in slots:
        if slot in REJECTED:
            writer.reject(slot, "gone", "HTTP 404")
        else:
            writer.put(slot, face(slot))


def finish(writer):
    return writer.finish("fetch", config={"a": 1}, inputs={})


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture
def unbroken(tmp_path):
    writer = DatasetWriter(tmp_path / "unbroken", plan_of())
    fill(writer)
    finish(writer)
    writer.close()
    return tmp_path / "unbroken"


def test_stored_faces_stand_in_the_order_of_the_plan(unbroken):
    dataset = Dataset(unbroken)
    kept = [slot for slot in range(N) if slot not in REJECTED]
    assert dataset.ids.tolist() == [f"id{slot}" for slot in kept]
    assert all((dataset.faces[row] == face(slot)).all() for row, slot in enumerate(kept))
    assert dataset.sha256[0] == digest_face(face(0))
    assert dataset.receipt.summary == {"faces": 10, "rejected": {"gone": 2}}
    assert dataset.damaged_rows() == []
    assert not in_the_making(unbroken)


def test_the_order_of_arrival_from_many_threads_does_not_show(unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_writer, "FLUSH_FACES", 3)
    writer = DatasetWriter(tmp_path / "dataset", plan_of())
    order = np.random.default_rng(5).permutation(N)
    threads = [threading.Thread(target=fill, args=(writer, order[start::4].tolist())) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finish(writer)
    writer.close()
    assert contents(tmp_path / "dataset") == contents(unbroken)


def die_at_rename(folder: Path, number: int, forget: tuple[str, ...] = ()) -> bool:
    """Write a whole data set in a child that kills itself before its rename of that number; return whether it died.

    With ``forget``, faces that were rejected for these reasons are all stored this time.
    """
    child = os.fork()
    if child == 0:
        renames, replace = [0], Path.replace

        def deadly(self, target):
            renames[0] += 1
            if renames[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(self, target)

        Path.replace = deadly
        writer = DatasetWriter(folder, plan_of())
        if forget:
            writer.ledger.forget_rejected(forget)
            for slot in writer.missing():
                writer.put(slot, face(slot))
        else:
            fill(writer, writer.missing())
        finish(writer)
        writer.close()
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def test_death_before_any_rename_of_the_end_changes_nothing(unbroken, tmp_path):
    folder, deaths = tmp_path / "dataset", 0
    while die_at_rename(folder, deaths + 1):
        deaths += 1
        if (folder / RECEIPT_NAME).exists():  # only the digest file, which tells nothing new, was still to come
            assert contents(folder) == contents(unbroken)
        else:
            with pytest.raises(StoredStateError, match="not a finished dataset"):
                Dataset(folder)
        writer = DatasetWriter(folder, plan_of())
        fill(writer, writer.missing())
        finish(writer)
        writer.close()
        assert contents(folder) == contents(unbroken)
        for path in folder.iterdir():
            path.unlink()
    assert deaths >= 4  # the staging file, the faces, the index, the rejects, the receipt


def test_death_while_a_finished_dataset_is_made_anew_leaves_the_old_the_new_or_none(unbroken, tmp_path):
    seen = set()
    for number in range(1, 20):
        folder = tmp_path / f"copy{number}"
        shutil.copytree(unbroken, folder)
        died = die_at_rename(folder, number, forget=("gone",))
        try:
            dataset = Dataset(folder)
        except StoredStateError:
            seen.add("none")
        else:
            assert dataset.damaged_rows() == []
            assert dataset.receipt.summary["faces"] == len(dataset)  # the old receipt never speaks for new faces
            seen.add(len(dataset))
        if not died:
            break
    assert seen == {N - len(REJECTED), "none", N}


def test_a_finished_dataset_opened_again_keeps_its_faces_through_a_death(unbroken):
    before = contents(unbroken)
    child = os.fork()
    if child == 0:
        DatasetWriter(unbroken, plan_of())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert in_the_making(unbroken)
    assert Dataset(unbroken).damaged_rows() == []  # still the finished data set that it was
    writer = DatasetWriter(unbroken, plan_of())
    assert writer.missing() == []
    writer.ledger.forget_rejected(["gone"])
    assert writer.missing() == list(REJECTED)
    writer.put(3, face(3))
    writer.reject(7, "gone")
    finish(writer)
    writer.close()
    after = Dataset(unbroken)
    assert after.ids.tolist()[3] == "id3"
    assert (after.faces[3] == face(3)).all()
    assert before["faces.npy"] != contents(unbroken)["faces.npy"]


def test_faces_that_were_never_committed_are_made_again(unbroken, tmp_path):
    child = os.fork()
    if child == 0:
        writer = DatasetWriter(tmp_path / "dataset", plan_of())
        fill(writer, range(5))
        writer.flush()
        fill(writer, range(5, 9))  # pending when the power goes
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    writer = DatasetWriter(tmp_path / "dataset", plan_of())
    assert writer.missing() == list(range(5, N))
    fill(writer, writer.missing())
    finish(writer)
    writer.close()
    assert contents(tmp_path / "dataset") == contents(unbroken)


def test_bytes_that_changed_under_the_ledger_are_found_before_they_become_a_dataset(unbroken, tmp_path):
    folder = tmp_path / "dataset"
    writer = DatasetWriter(folder, plan_of())
    fill(writer)
    writer.flush()
    with (folder / STAGING_NAME).open("r+b") as file:
        file.seek(4 * dataset_writer.FACE_BYTES + 17)
        file.write(b"\x00\xff\x00\xff")
    with pytest.raises(StoredStateError, match=r"slots 4…"):
        finish(writer)
    assert not (folder / RECEIPT_NAME).exists()
    assert writer.missing() == [4]
    fill(writer, [4])
    finish(writer)
    writer.close()
    assert contents(folder) == contents(unbroken)


def test_a_damaged_finished_dataset_names_its_rows_and_is_mended_when_opened_again(unbroken):
    whole = contents(unbroken)
    with (unbroken / "faces.npy").open("r+b") as file:
        file.seek(128 + 2 * dataset_writer.FACE_BYTES + 5)
        file.write(b"\x01\x02\x03")
    assert Dataset(unbroken).damaged_rows() == [2]
    writer = DatasetWriter(unbroken, plan_of())
    assert writer.missing() == [2]
    fill(writer, [2])
    finish(writer)
    writer.close()
    assert contents(unbroken) == whole


def grown_plan():
    """The plan with a new face in front, one between the others and one behind."""
    new = [FaceEntry(name, f"http://b/{name}.jpg", 0.0, 1.0, 0.0, 1.0) for name in ("new0", "new1", "new2")]
    plan = plan_of()
    return [new[0], *plan[:6], new[1], *plan[6:], new[2]]


@pytest.mark.parametrize("state", ["finished", "in the making", "killed while it grew"])
def test_a_grown_plan_keeps_what_is_stored_and_asks_for_the_new_faces_alone(tmp_path, monkeypatch, state):
    writer = DatasetWriter(tmp_path, plan_of(), made_of={"margin": 0.0})
    fill(writer)
    if state == "finished":
        finish(writer)
    writer.close()
    if state == "killed while it grew":
        with monkeypatch.context() as patch:
            patch.setattr(DatasetWriter, "_restore_staging", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                DatasetWriter(tmp_path, grown_plan(), made_of={"margin": 0.0})
    writer = DatasetWriter(tmp_path, grown_plan(), made_of={"margin": 0.0})
    assert [writer.ledger[slot].id for slot in writer.missing()] == ["new0", "new1", "new2"]
    for slot in writer.missing():
        writer.put(slot, face(100 + slot))
    finish(writer)
    writer.close()
    dataset = Dataset(tmp_path)
    assert dataset.ids.tolist() == [
        entry.id for entry in grown_plan() if entry.id not in {f"id{slot}" for slot in REJECTED}]
    for row, face_id in enumerate(dataset.ids.tolist()):
        if face_id.startswith("id"):
            np.testing.assert_array_equal(dataset.faces[row], face(int(face_id[2:])))
    assert dataset.damaged_rows() == []
    assert not (tmp_path / MOVED_NAME).exists()


def test_a_ledger_whose_list_was_damaged_never_becomes_a_finished_dataset(tmp_path):
    writer = DatasetWriter(tmp_path, plan_of())
    fill(writer, range(5))
    writer.close()
    with sqlite3.connect(tmp_path / LEDGER_NAME) as ledger:
        ledger.execute("UPDATE plan SET address = 'http://a/9.jpg' WHERE slot = 7")
    with pytest.raises(StoredStateError, match=r"ledger\.sqlite is damaged: its list of faces"):
        DatasetWriter(tmp_path, plan_of())


@pytest.mark.parametrize("damage", [
    "UPDATE faces SET state = NULL WHERE slot = 3",
    "UPDATE faces SET state = x'73746f726564' WHERE slot = 3",
    "INSERT INTO faces VALUES (99, 'stored', '', '', '')",
    "UPDATE plan SET id = x'ff' WHERE slot = 3",
    "UPDATE plan SET address = CAST(x'ff' AS TEXT) WHERE slot = 3",
    "UPDATE notes SET value = '{'",
    "UPDATE notes SET value = CAST(x'ff' AS TEXT)",
])
def test_a_ledger_with_cells_that_are_none_never_becomes_a_finished_dataset(tmp_path, damage):
    writer = DatasetWriter(tmp_path, plan_of())
    fill(writer, range(5))
    writer.close()
    with sqlite3.connect(tmp_path / LEDGER_NAME) as ledger:
        ledger.execute(damage)
    with pytest.raises(StoredStateError, match=r"ledger\.sqlite is damaged: .*: rm -r"):
        DatasetWriter(tmp_path, plan_of())


def test_a_ledger_whose_table_has_a_name_that_is_no_text_is_said(tmp_path):
    DatasetWriter(tmp_path, plan_of()).close()
    path = tmp_path / LEDGER_NAME
    path.write_bytes(path.read_bytes().replace(b"tablefacesfaces", b"tablefac\xe5sfaces"))
    with pytest.raises(StoredStateError, match=r"ledger\.sqlite is damaged"):
        DatasetWriter(tmp_path, plan_of())


def test_a_ledger_that_was_cut_anywhere_is_refused_or_costs_no_face(unbroken, tmp_path):
    writer = DatasetWriter(tmp_path / "base", plan_of())
    fill(writer, range(5))
    writer.close()
    whole, outcomes = (tmp_path / "base" / LEDGER_NAME).read_bytes(), set()
    for length in range(0, len(whole), 2048):
        folder = tmp_path / str(length)
        shutil.copytree(tmp_path / "base", folder)
        (folder / LEDGER_NAME).write_bytes(whole[:length])
        try:
            writer = DatasetWriter(folder, plan_of())
        except StoredStateError:
            outcomes.add("refused")
            continue
        fill(writer, writer.missing())
        finish(writer)
        writer.close()
        assert contents(folder) == contents(unbroken)
        outcomes.add("whole")
    assert outcomes == {"refused", "whole"}  # an empty file is a new ledger


def test_rejects_are_listed_also_where_nothing_was_stored(tmp_path):
    writer = DatasetWriter(tmp_path, plan_of(2))
    for slot in range(2):
        writer.reject(slot, "forbidden_address")
    with pytest.raises(InputError, match=r"none of the 2 .*\(2 forbidden_address\); rejects.csv .* Open the host"):
        writer.finish("fetch", config={}, inputs={}, advice="Open the host")
    writer.close()
    assert (tmp_path / "rejects.csv").read_text().count("forbidden_address") == 2
    assert not (tmp_path / RECEIPT_NAME).exists()


def test_unfinished_slots_another_plan_and_other_pixels_are_refused(tmp_path):
    folder = tmp_path / "my data set"
    writer = DatasetWriter(folder, plan_of(), made_of={"margin": 0.0})
    fill(writer, range(5))
    with pytest.raises(StoredStateError, match="7 of 12 faces"):
        finish(writer)
    writer.close()
    moved = [FaceEntry("id0", "http://a/0.jpg", 0.5, 0.6, 0.0, 1.0), *plan_of()[1:]]
    for plan, margin, difference in (
            (plan_of(5), 0.0, r"7 of its 12 faces are not among the 5 that are asked for, the first id5 \(http://a/2.jpg"),
            (plan_of(), 0.1, r"with margin 0\.0, not with margin 0\.1"),
            (moved, 0.0, r"the left of face id0 is now 0\.5, not 0\.0")):
        with pytest.raises(StoredStateError, match=f"{difference}.*: rm -r '{folder}'$"):
            DatasetWriter(folder, plan, made_of={"margin": margin})
    with pytest.raises(InputError, match=r"id1 \(http://a/0.jpg\) twice"):
        DatasetWriter(tmp_path / "other", [*plan_of(3), plan_of(2)[1]])
    DatasetWriter(tmp_path / "other", plan_of(3)).close()  # the refused plan left nothing behind


def test_a_face_of_another_shape_or_kind_is_refused(tmp_path):
    writer = DatasetWriter(tmp_path, plan_of())
    shapes = ((200, 200), np.uint8), ((200, 200, 3), np.float32), ((100, 200, 3), np.uint8)
    for wrong in (np.zeros(shape, kind) for shape, kind in shapes):
        with pytest.raises(ValueError, match="uint8 of shape"):
            writer.put(0, wrong)
    writer.close()


def test_a_box_that_is_not_a_number_survives_the_ledger(tmp_path):
    writer = DatasetWriter(tmp_path, [FaceEntry("a", "u", float("nan"), float("inf"), 0.1, 1.0)])
    entry = writer.ledger[0]
    assert np.isnan(entry.left)
    assert np.isposinf(entry.right)
    assert entry.top == 0.1
    writer.close()


def test_a_ledger_that_is_no_ledger_is_said(tmp_path):
    (tmp_path / LEDGER_NAME).write_bytes(b"this was a database once" * 100)
    with pytest.raises(StoredStateError, match=r"ledger.sqlite is damaged"):
        DatasetWriter(tmp_path, plan_of())


def test_the_output_of_another_stage_is_refused(unbroken):
    (unbroken / LEDGER_NAME).unlink()
    with pytest.raises(StoredStateError, match="another stage"):
        DatasetWriter(unbroken, plan_of())


def full_after(folder: Path, n_bytes: int) -> str:
    """Write a data set in a child whose files may not grow beyond ``n_bytes``; return the error's name and text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
        words = "nothing"
        try:
            writer = DatasetWriter(folder, plan_of())
            try:
                fill(writer, writer.missing())
                finish(writer)
            finally:
                writer.close()
        except (ResourceError, OSError) as error:
            words = f"{type(error).__name__}: {error}"
        os.write(writing, words.encode())
        os._exit(0)
    os.waitpid(child, 0)
    return os.read(reading, 4096).decode()


def test_what_was_stored_before_the_disk_was_full_is_kept(unbroken, tmp_path):
    """A limit on the size of files stands in for a full disk: writes fail in the same places."""
    words = full_after(tmp_path / "dataset", 6 * dataset_writer.FACE_BYTES + 100)
    assert words.startswith("ResourceError"), words
    writer = DatasetWriter(tmp_path / "dataset", plan_of())
    assert writer.missing() == list(range(6, N))
    fill(writer, writer.missing())
    finish(writer)
    writer.close()
    assert contents(tmp_path / "dataset") == contents(unbroken)
