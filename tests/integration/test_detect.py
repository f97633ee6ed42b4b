"""A folder of photographs becomes a data set of faces, whatever lies in it, and however often it is interrupted."""

import csv
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from killing import is_killed_at
from marked_photographs import MarkDetector, detect, photograph, write
from PIL import Image

from fecemo.data import photo_journal
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.data.face_lists import face_id
from fecemo.data.model_files import FOLDER_VARIABLE
from fecemo.data.photo_tree import photo_path
from fecemo.data.receipts import read_receipt
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.imaging.detected_faces import VALUES
from fecemo.imaging.landmarks.alignment import aligned_picture
from fecemo.stages import align, detect_crew
from fecemo.stages import detect as stage
from fecemo.study.artifacts import Artifacts
from fecemo.study.faces.columns import read_column
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

SCRIPT = Path(__file__).parent / "marked_photographs.py"
TABLES = ("faces.npy", "faces.csv", "annotations.csv", "rejects.csv", "photos.csv", "dataset.json", "changes.csv")


@pytest.fixture(autouse=True)
def _count_looks():
    MarkDetector.looks = 0


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    write(folder / "a.jpg", photograph(1))
    write(folder / "b.png", photograph(3))
    write(folder / "nested" / "deep" / "c.jpg", photograph(2, shade=60))
    write(folder / "nested" / "nobody.jpg", photograph(0))
    return folder


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_by_photo(out):
    return {row["photo"]: row for row in table(out / "photos.csv")}


def changes(out):
    return {row["photo"]: row["change"] for row in table(out / "changes.csv")}


def content(out):
    return {name: (out / name).read_bytes() for name in TABLES}


def test_a_tree_of_photographs_is_a_data_set(photos, tmp_path, capsys):
    (photos / "notes.txt").write_text("words")
    (photos / "a.jpg.xmp").write_text("a sidecar")
    (photos / ".hidden.jpg").write_bytes(b"hidden")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in photos.rglob("*") if path.is_file()}
    receipt = detect(photos, tmp_path / "out")
    assert "6 faces in 3 of 4 photographs; 1 files of other kinds" in capsys.readouterr().err
    dataset = Dataset(tmp_path / "out")
    assert dataset.addresses.tolist() == ["a.jpg", "b.png", "b.png", "b.png", *["nested/deep/c.jpg"] * 2]
    assert dataset.ids.tolist() == [face_id(address, *box) for address, box in zip(
        dataset.addresses.tolist(), dataset.boxes.tolist(), strict=True)]
    np.testing.assert_allclose(dataset.boxes[1:4], [
        (left / 160, (left + 30) / 160, 40 / 120, 70 / 120) for left in (10, 50, 90)], atol=2e-6)
    assert tuple(dataset.faces[1][100, 100]) == (250, 10, 250)
    assert tuple(dataset.columns) == VALUES
    assert dataset["size"].tolist() == pytest.approx([30] * 6, abs=2)
    assert dataset["right_eye_x"][1] == pytest.approx(59.5, abs=0.1)
    assert dataset.damaged_rows() == []
    assert {name: row["faces"] for name, row in rows_by_photo(tmp_path / "out").items()} == {
        "a.jpg": "1", "b.png": "3", "nested/deep/c.jpg": "2", "nested/nobody.jpg": "0"}
    assert {name: row["reason"] for name, row in rows_by_photo(tmp_path / "out").items()} == {
        "a.jpg": "", "b.png": "", "nested/deep/c.jpg": "", "nested/nobody.jpg": "no_face"}
    assert table(tmp_path / "out" / "other_files.csv") == [{"file": "notes.txt"}]
    assert receipt.summary["changes"] == {"new": 4}
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before


def test_the_second_time_nothing_is_looked_into(photos, tmp_path, capsys):
    first = detect(photos, tmp_path / "out")
    stored, MarkDetector.looks = content(tmp_path / "out"), 0
    assert detect(photos, tmp_path / "out").digest == first.digest
    assert (MarkDetector.looks, content(tmp_path / "out")) == (0, stored)
    assert "already done, nothing to do" in capsys.readouterr().err
    assert not (tmp_path / "out" / "crops.partial").exists()


def test_a_second_delivery_costs_itself_alone_and_equals_one_of_all(photos, tmp_path):
    detect(photos, tmp_path / "out")
    write(photos / "aa.jpg", photograph(2, shade=30))
    MarkDetector.looks = 0
    grown = detect(photos, tmp_path / "out")
    assert MarkDetector.looks == 1
    assert changes(tmp_path / "out") == {"aa.jpg": "new"}
    whole = detect(photos, tmp_path / "whole")
    assert grown.digest == whole.digest
    for name in TABLES[:-1]:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_photographs_that_changed_or_went_are_named(photos, tmp_path, capsys):
    detect(photos, tmp_path / "out")
    write(photos / "a.jpg", photograph(2, shade=140))
    (photos / "nested" / "deep" / "c.jpg").unlink()
    write(photos / "new.jpg", photograph(1, shade=20))
    receipt = detect(photos, tmp_path / "out")
    assert changes(tmp_path / "out") == {"a.jpg": "changed", "nested/deep/c.jpg": "gone", "new.jpg": "new"}
    assert "since the last time 1 changed, 1 gone, 1 new, see changes.csv" in capsys.readouterr().err
    assert receipt.digest == detect(photos, tmp_path / "whole").digest
    assert Dataset(tmp_path / "out").addresses.tolist() == ["a.jpg"] * 2 + ["b.png"] * 3 + ["new.jpg"]


def test_another_folder_does_not_replace_what_was_delivered(photos, tmp_path):
    detect(photos, tmp_path / "out")
    stored = content(tmp_path / "out")
    write(tmp_path / "elsewhere" / "x.jpg", photograph(1, shade=20))
    with pytest.raises(InputError, match=r"elsewhere: 4 of the 4 photographs .* are gone, such as a\.jpg"):
        detect(tmp_path / "elsewhere", tmp_path / "out")
    assert content(tmp_path / "out") == stored
    assert detect(photos, tmp_path / "out").summary["photographs"] == 4
    detect(tmp_path / "elsewhere", tmp_path / "out", accept_gone=True)
    assert Dataset(tmp_path / "out").addresses.tolist() == ["x.jpg"]


def test_a_touched_or_copied_photograph_is_read_and_not_looked_into(photos, tmp_path):
    first = detect(photos, tmp_path / "out")
    MarkDetector.looks = 0
    for path in photos.rglob("*.jpg"):
        os.utime(path, ns=(1, 1))
    assert detect(photos, tmp_path / "out").digest == first.digest
    assert MarkDetector.looks == 0


def test_a_copy_names_the_photograph_of_which_it_is_one(photos, tmp_path):
    shutil.copy(photos / "a.jpg", photos / "nested" / "same.jpg")
    (photos / "empty.jpg").touch()
    shutil.copy(photos / "empty.jpg", photos / "emptier.jpg")
    detect(photos, tmp_path / "out")
    rows = rows_by_photo(tmp_path / "out")
    assert {name: row["copy_of"] for name, row in rows.items() if row["copy_of"]} == {
        "nested/same.jpg": "a.jpg", "empty.jpg": "emptier.jpg"}
    assert (rows["nested/same.jpg"]["faces"], rows["empty.jpg"]["reason"]) == ("1", "empty")


def test_a_renamed_photograph_is_another(photos, tmp_path):
    detect(photos, tmp_path / "out")
    (photos / "b.png").rename(photos / "z.png")
    detect(photos, tmp_path / "out")
    assert changes(tmp_path / "out") == {"b.png": "gone", "z.png": "new"}


def test_faces_without_expression_of_the_photographs_make_nothing_stale(photos, tmp_path):
    """A photograph of nobody is a row of photos.csv, and leaves the digest as it is."""
    first = detect(photos, tmp_path / "out")
    write(photos / "nested" / "landscape.jpg", photograph(0, shade=200))
    assert detect(photos, tmp_path / "out").digest == first.digest
    assert rows_by_photo(tmp_path / "out")["nested/landscape.jpg"]["faces"] == "0"


def test_other_settings_or_another_detector_are_refused(photos, tmp_path):
    detect(photos, tmp_path / "out")
    with pytest.raises(StoredStateError, match=r"was made with min_size 32, not with min_size 64"):
        detect(photos, tmp_path / "out", min_size=64)
    receipt = read_receipt(tmp_path / "out")
    assert receipt is not None
    with pytest.raises(StoredStateError, match="detector 'marks', not with detector 'others'"):
        stage.detect_faces(stage.DetectSettings(photos, margin=0.0), tmp_path / "out", MarkDetector, "others")


def test_a_folder_of_another_stage_is_refused(photos, tmp_path):
    (tmp_path / "other").mkdir()
    for name in (".lock", "ledger.sqlite"):
        (tmp_path / "other" / name).touch()
    with pytest.raises(StoredStateError, match="holds the output of another stage"):
        detect(photos, tmp_path / "other")
    with pytest.raises(InputError, match="is the folder of photographs itself"):
        detect(photos, photos)
    assert not (photos / ".lock").exists()


def test_the_data_set_may_lie_among_the_photographs(photos):
    detect(photos, photos / "faces")
    assert sorted(rows_by_photo(photos / "faces")) == ["a.jpg", "b.png", "nested/deep/c.jpg", "nested/nobody.jpg"]
    assert "already" not in str(detect(photos, photos / "faces").summary)


NAMES = ["line\nend.jpg", "a\rb\tc.jpg", "smile 😀 & <b>\"'.jpg", "100%.jpg", "x" * 251 + ".jpg", "e\u0301.jpg",
         " .jpg", "no suffix", os.fsdecode(b"latin\xe9\xff.jpg"), "\u2028.png", "=cmd().jpg"]


def test_names_of_any_kind(tmp_path):
    folder = tmp_path / "photos"
    for number, name in enumerate(NAMES):
        write(folder / name, photograph(1, shade=5 * number))
    detect(folder, tmp_path / "out")
    dataset = Dataset(tmp_path / "out")
    assert sorted(photo_path(folder, name).name for name in dataset.addresses.tolist()) == sorted(NAMES)
    assert all(photo_path(folder, name).is_file() for name in dataset.addresses.tolist())
    assert {"100%25.jpg", "latin%E9%FF.jpg", "line%0Aend.jpg"} <= set(dataset.addresses.tolist())
    assert len(table(tmp_path / "out" / "photos.csv")) == len(NAMES)


def bad_photographs(folder):
    """Return by name the reason that is recorded; None where faces are found."""
    write(folder / "good.jpg", photograph(1))
    whole = (folder / "good.jpg").read_bytes()
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "truncated.jpg").write_bytes(whole[:len(whole) // 3])
    (folder / "text.jpg").write_text("no picture")
    (folder / "heic.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    write(folder / "huge.png", photograph(1))
    small = (folder / "huge.png").read_bytes()
    head = b"IHDR" + struct.pack(">II", 20_000, 20_000) + small[24:29]  # 400 megapixels
    (folder / "huge.png").write_bytes(small[:12] + head + struct.pack(">I", zlib.crc32(head)) + small[33:])
    picture = Image.fromarray(photograph(1))
    picture.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    write(folder / "deep.png", photograph(1).astype(np.uint16) * 257)
    picture.convert("RGBA").save(folder / "alpha.png")
    frames = [Image.fromarray(photograph(faces)) for faces in (1, 2)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "animated.webp", save_all=True, append_images=frames[1:], lossless=True)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "broken.jpg").symlink_to("nowhere.jpg")
    (folder / "round").symlink_to(folder)
    (folder / "device.jpg").symlink_to("/dev/zero")
    served = socket.socket(socket.AF_UNIX)
    served.bind(os.path.relpath(folder / "socket.jpg"))
    served.close()
    return {"empty.jpg": "empty", "truncated.jpg": "damaged_image", "text.jpg": "not_an_image",
            "huge.png": "too_many_pixels", "pipe.jpg": "cannot_open", "loop.jpg": "cannot_open",
            "broken.jpg": "cannot_open", "device.jpg": "cannot_open", "socket.jpg": "cannot_open",
            **dict.fromkeys(("good.jpg", "cmyk.jpg", "deep.png", "alpha.png", "animated.gif", "animated.webp"), "")}


def test_bad_photographs_cost_themselves_alone(tmp_path, monkeypatch):
    folder = tmp_path / "photos"
    folder.mkdir()
    monkeypatch.chdir(folder)
    expected = bad_photographs(folder)
    receipt = detect(folder, tmp_path / "out")
    rows = rows_by_photo(tmp_path / "out")
    heic = rows.pop("heic.heic")
    assert heic["reason"] in ("needs_pillow_heif", "damaged_image")  # by whether pillow-heif is installed
    assert {name: row["reason"] for name, row in rows.items()} == expected
    assert {name: row["faces"] for name, row in rows.items()} == {
        name: "0" if reason else "1" for name, reason in expected.items()}
    assert sum(receipt.summary["rejected"].values()) == 10
    rejects = table(tmp_path / "out" / "rejects.csv")
    assert {row["address"] for row in rejects} == {*(name for name, reason in expected.items() if reason), "heic.heic"}
    detect(folder, tmp_path / "out")
    assert rows_by_photo(tmp_path / "out")["pipe.jpg"]["detail"] == "it is no file"


def test_a_photograph_without_permission_is_found_when_it_is_opened(photos, tmp_path, monkeypatch):
    """Root may read everything, so that the system's refusal is played where the tests run as root."""
    from fecemo.imaging import decode

    closed, read = True, Path.read_bytes

    def refuse(path):
        if closed and path.name == "a.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(decode.Path, "read_bytes", refuse)
    detect(photos, tmp_path / "out")
    row = rows_by_photo(tmp_path / "out")["a.jpg"]
    assert (row["reason"], row["detail"]) == ("cannot_open", "Permission denied")
    closed = False
    detect(photos, tmp_path / "out")
    assert rows_by_photo(tmp_path / "out")["a.jpg"]["faces"] == "1"
    assert changes(tmp_path / "out") == {"a.jpg": "changed"}


def test_a_closed_folder_ends_with_an_error_after_all_others_are_stored(photos, tmp_path, monkeypatch):
    detect(photos, tmp_path / "out")
    scan, closed = os.scandir, True

    def refuse(path):
        if closed and str(path).rstrip("/").endswith("nested"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr("fecemo.data.photo_tree.os.scandir", refuse)
    write(photos / "new.jpg", photograph(1, shade=11))
    for _ in range(2):
        with pytest.raises(InputError, match=r"1 folders cannot be opened, the first nested/ \(Permission denied\)"):
            detect(photos, tmp_path / "out")
    # What is known of the photographs in it stays, for nobody knows that they are gone.
    assert {"new.jpg", "nested/deep/c.jpg"} <= set(Dataset(tmp_path / "out").addresses.tolist())
    closed = False
    assert detect(photos, tmp_path / "out").digest == detect(photos, tmp_path / "whole").digest


def test_a_folder_that_goes_away_midway_loses_nothing(photos, tmp_path):
    """Its photographs are not taken for gone; what was found is kept."""
    for number in range(6):
        write(photos / "late" / f"{number}.jpg", photograph(1, shade=number * 20))

    class Remover(MarkDetector):
        def detect(self, picture):
            if (photos / "late").exists():
                shutil.rmtree(photos / "late")
            return super().detect(picture)

    settings = stage.DetectSettings(photos, margin=0.0, threads=1)
    with pytest.raises(InputError, match="late went away while its photographs were read"):
        stage.detect_faces(settings, tmp_path / "out", Remover, "marks")
    assert read_receipt(tmp_path / "out") is None
    seen, MarkDetector.looks = MarkDetector.looks, 0
    assert seen >= 1
    detect(photos, tmp_path / "out", threads=1)
    assert MarkDetector.looks == 4 - seen
    assert detect(photos, tmp_path / "whole").digest == read_receipt(tmp_path / "out").digest


def test_the_whole_folder_that_is_missing_or_empty_is_said(photos, tmp_path):
    with pytest.raises(InputError, match="the folder of photographs cannot be opened: No such file"):
        detect(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InputError, match="cannot be opened: Not a directory"):
        detect(photos / "a.jpg", tmp_path / "out")
    detect(photos, tmp_path / "out")
    stored = content(tmp_path / "out")
    shutil.rmtree(photos)
    photos.mkdir()  # as a disk that is not mounted
    with pytest.raises(InputError, match="is empty, and 4 photographs were there before"):
        detect(photos, tmp_path / "out")
    assert content(tmp_path / "out") == stored


def test_photographs_of_nobody_are_said(tmp_path):
    write(tmp_path / "photos" / "wall.jpg", photograph(0))
    (tmp_path / "photos" / "empty.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"none of the 2 photographs in .* shows a face \(1 empty left out\)"):
        detect(tmp_path / "photos", tmp_path / "out")
    assert set(rows_by_photo(tmp_path / "out")) == {"wall.jpg", "empty.jpg"}
    write(tmp_path / "photos" / "face.jpg", photograph(1))
    assert detect(tmp_path / "photos", tmp_path / "out").summary["faces"] == 1


def test_a_fault_of_the_program_costs_one_photograph_and_many_end_it(photos, tmp_path, monkeypatch):
    class Faulty(MarkDetector):
        def detect(self, picture):
            if picture[0, 0, 0] in range(50, 70):
                raise ZeroDivisionError
            return super().detect(picture)

    settings = stage.DetectSettings(photos, margin=0.0, threads=1)
    stage.detect_faces(settings, tmp_path / "out", Faulty, "marks")
    row = rows_by_photo(tmp_path / "out")["nested/deep/c.jpg"]
    assert row["reason"] == "fault"
    assert row["detail"].startswith("ZeroDivisionError in test_detect.py")
    detect(photos, tmp_path / "out")  # it is looked into again
    assert rows_by_photo(tmp_path / "out")["nested/deep/c.jpg"]["faces"] == "2"
    monkeypatch.setattr(detect_crew, "FAULTS_IN_A_ROW", 1)
    with pytest.raises(ZeroDivisionError):
        stage.detect_faces(settings, tmp_path / "other", Faulty, "marks")


def test_two_at_once_are_refused(photos, tmp_path):
    with output_lock(tmp_path / "out"), pytest.raises(StoredStateError, match="is being written by another process"):
        detect(photos, tmp_path / "out")


def test_a_full_disk_is_said_and_what_was_stored_stays(photos, tmp_path):
    """By a limit on the size of files: the system's refusal is a real one."""
    detect(photos, tmp_path / "out")
    stored = content(tmp_path / "out")
    for number in range(12):
        write(photos / f"more{number}.jpg", photograph(3, shade=5 * number))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limit[1]))
    try:
        with pytest.raises(ResourceError, match="the file would be larger than is allowed there"):
            detect(photos, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert content(tmp_path / "out") == stored
    assert detect(photos, tmp_path / "out").digest == detect(photos, tmp_path / "whole").digest


def test_damaged_faces_are_found_again(photos, tmp_path):
    first = detect(photos, tmp_path / "out")
    with (tmp_path / "out" / "faces.npy").open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(b"\xff" * 500)
    write(photos / "new.jpg", photograph(0, shade=9))
    MarkDetector.looks = 0
    assert detect(photos, tmp_path / "out").digest == first.digest
    assert MarkDetector.looks == 2  # the new one, and the one of which faces were lost
    assert Dataset(tmp_path / "out").damaged_rows() == []


def test_a_damaged_journal_is_refused(photos, tmp_path):
    detect(photos, tmp_path / "out")
    (tmp_path / "out" / "photographs.jsonl").write_text('{"format": "another"}\n')
    with pytest.raises(StoredStateError, match=r"photographs\.jsonl is damaged"):
        detect(photos, tmp_path / "out")


def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(tmp_path):
    """Two deliveries, each killed again and again by the system; the tables equal those of an unbroken run."""
    folder = tmp_path / "photos"
    for number in range(60):
        write(folder / f"{number:03}.jpg", photograph(number % 4, 640, 480, shade=number))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def killed(seconds):
        process = subprocess.Popen([sys.executable, SCRIPT, folder, tmp_path / "out"], env=environment,
                                   stderr=subprocess.PIPE)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return process.returncode

    started = time.monotonic()
    assert subprocess.run([sys.executable, SCRIPT, folder, tmp_path / "clock"], env=environment,
                          stderr=subprocess.DEVNULL).returncode == 0
    whole = time.monotonic() - started
    for delivery in range(2):
        for moment in np.linspace(0.5, 1.1, 5):
            killed(whole * moment)
        detect(folder, tmp_path / "out")
        if delivery == 0:
            detect(folder, tmp_path / "unbroken")
            assert content(tmp_path / "out") == content(tmp_path / "unbroken")
            for number in range(60, 80):
                write(folder / f"{number:03}.jpg", photograph(2, 640, 480, shade=number))
            (folder / "001.jpg").unlink()
            write(folder / "002.jpg", photograph(1, 640, 480, shade=222))
    detect(folder, tmp_path / "unbroken")
    assert content(tmp_path / "out") == content(tmp_path / "unbroken")
    assert changes(tmp_path / "out")["001.jpg"] == "gone"


def test_killed_at_twenty_writes_it_ends_as_an_unbroken_run(tmp_path, monkeypatch):
    """Of the journal, the faces, the tables and the receipt, whichever comes at that moment."""
    monkeypatch.setattr(photo_journal, "FLUSH_PHOTOGRAPHS", 2)
    folder = tmp_path / "photos"
    for number in range(24):
        write(folder / f"{number:03}.jpg", photograph(number % 3, shade=5 * number))
    detect(folder, tmp_path / "unbroken")
    expected, kills = content(tmp_path / "unbroken"), 0
    for moment in range(1, 41, 2):
        out = tmp_path / str(moment)
        kills += is_killed_at(moment, lambda out=out: detect(folder, out))
        MarkDetector.looks = 0
        detect(folder, out)
        assert content(out) == expected, moment
        assert MarkDetector.looks <= 24
    assert kills >= 15


def test_a_model_with_another_digest_is_refused_with_both(photos, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    settings = stage.DetectSettings(photos)
    with pytest.raises(InputError, match=r"there is no model .*00_models\.py"):
        stage.run(settings, tmp_path / "out")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / settings.detector).write_bytes(b"another")
    with pytest.raises(InputError, match=r"its sha256 is [0-9a-f]{64} .* expected 8f2383e4"):
        stage.run(settings, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_photographs_are_turned_as_their_exif_says_and_dated(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2011:12:13 14:15:16"
    upright = photograph(2)
    Image.fromarray(np.rot90(upright)).save(folder / "turned.jpg", exif=exif, quality=95)
    Image.fromarray(upright).save(folder / "plain.jpg", quality=95)
    detect(folder, tmp_path / "out")
    rows = rows_by_photo(tmp_path / "out")
    assert {name: rows["turned.jpg"][name] for name in ("width", "height", "orientation", "taken", "faces")} == {
        "width": "120", "height": "160", "orientation": "6", "taken": "2011-12-13 14:15:16", "faces": "2"}
    assert (rows["plain.jpg"]["orientation"], rows["plain.jpg"]["taken"]) == ("1", "")
    boxes = Dataset(tmp_path / "out").boxes
    np.testing.assert_allclose(boxes[:2], boxes[2:], atol=0.01)


def test_links_are_followed_once(photos, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "far.jpg", photograph(1, shade=77))
    (elsewhere / "back").symlink_to(elsewhere)
    (photos / "link").symlink_to(elsewhere)
    (photos / "again").symlink_to(elsewhere)
    (photos / "same.jpg").symlink_to(photos / "a.jpg")
    (photos / "far.jpg").symlink_to(elsewhere / "far.jpg")
    detect(photos, tmp_path / "out")
    assert set(rows_by_photo(tmp_path / "out")) == {
        "a.jpg", "b.png", "nested/deep/c.jpg", "nested/nobody.jpg", "again/far.jpg", "far.jpg"}


def test_heic_is_read_where_pillow_heif_is_installed(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    folder = tmp_path / "photos"
    folder.mkdir()
    pillow_heif.from_pillow(Image.fromarray(photograph(2))).save(folder / "phone.heic", quality=95)
    detect(folder, tmp_path / "out")
    assert rows_by_photo(tmp_path / "out")["phone.heic"]["faces"] == "2"


def test_the_eyes_of_the_detector_align_faces(photos, tmp_path):
    """Without a landmark model; and nothing is stale when one comes."""
    layout = RunLayout(tmp_path / "run")
    dataset = layout.dataset("source")
    detect(photos, dataset, margin=0.5)
    align.run(align.AlignSettings(dataset), layout.column("source", "aligned"))
    column = read_column(layout, "source", "aligned")
    stored = Dataset(dataset)
    for row in range(len(stored)):
        eyes = np.array([stored[name][row] for name in align.EYE_COLUMNS], np.float64).reshape(2, 2)
        np.testing.assert_array_equal(column.values[row], aligned_picture(np.asarray(stored.faces[row]), eyes))
    assert column.receipt.summary == {"faces": 6, "unsure": 0}
    assert Artifacts(layout).status("aligned", "source").state == "current"
    write(photos / "more.jpg", photograph(1, shade=33))
    detect(photos, dataset, margin=0.5)
    assert Artifacts(layout).status("aligned", "source").state == "stale"


def test_a_data_set_without_eyes_asks_for_landmarks(tmp_path):
    faces = np.zeros((1, 200, 200, 3), np.uint8)
    with output_lock(tmp_path / "plain"):
        writer = DatasetWriter(tmp_path / "plain", [FaceEntry("0" * 32, "a.jpg")])
        writer.put(0, faces[0])
        writer.finish("import", config={}, inputs={})
        writer.close()
    with pytest.raises(InputError, match="has no column right_eye_x, as data sets of the detect stage have"):
        align.run(align.AlignSettings(tmp_path / "plain"), tmp_path / "out")


def test_memory_is_bounded_by_pixels_at_a_time():
    budget, inside, most = detect_crew.PixelBudget(100), [0], [0]

    def work(pixels):
        with budget.room(pixels):
            inside[0] += pixels
            most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            inside[0] -= pixels

    threads = [threading.Thread(target=work, args=(pixels,)) for pixels in (60, 60, 30, 70, 40, 250, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert most[0] <= 100 or most[0] == 250  # the one that is larger than all room has all of it
    assert not any(thread.is_alive() for thread in threads)


def test_the_script_tells_what_is_wrong_in_one_line(tmp_path):
    script = Path(__file__).parents[2] / "pipelines" / "01_detect.py"
    done = subprocess.run([sys.executable, script, "--photos", tmp_path, "--out", tmp_path / "out", "--detector",
                           tmp_path / "none.onnx"], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no model" in done.stderr


RECIPE = """
name: pile
title: A pile of photographs
datasets:
  archive: {detect: {photos: PHOTOS, min_size: 40}}
roles: {source: archive}
variants: [aligned]
landmark_model: nowhere.task
naming: {method: hand}
approaches:
  symmetric_hog: {fit: {}}
  landmark_features: {fit: {}}
"""


@pytest.fixture
def recipe(photos, tmp_path):
    path = tmp_path / "pile.yaml"
    path.write_text(RECIPE.replace("PHOTOS", str(photos)))
    return path


def test_a_recipe_makes_a_data_set_of_photographs(recipe, photos, tmp_path):
    layout = RunLayout(tmp_path / "run")
    read = read_recipe(recipe)
    archive = read.datasets["archive"]
    (step,) = archive.way.steps(archive.settings, "archive", layout)
    assert (step.script, step.out, step.settings.min_size) == ("01_detect", layout.dataset("archive"), 40)
    watched = step.watched
    write(photos / "more.jpg", photograph(1, shade=12))
    assert step.watched != watched
    (photos / "more.jpg").unlink()
    (photos / "a.jpg.xmp").write_text("a sidecar is no photograph")
    assert step.watched == watched
    # Eyes come with the faces: only what reads landmarks waits for a landmark model.
    assert read.waits_for("symmetric_hog", "aligned") is None
    assert "waits for a face landmark model in nowhere.task" in read.waits_for("landmark_features", "aligned")


def test_the_workflow_detects_and_aligns_by_the_eyes_that_come_with_the_faces(recipe, tmp_path):
    snakefile = Path(__file__).parents[2] / "pipelines" / "Snakefile"
    done = subprocess.run([sys.executable, "-m", "snakemake", "-s", snakefile, "-n", "-p", "--quiet", "host",
                           "--config", f"recipe={recipe}", f"run={tmp_path / 'run'}"], cwd=tmp_path,
                          capture_output=True, text=True)
    lines = done.stdout + done.stderr
    assert done.returncode == 0, lines
    assert "01_detect.py" in lines
    (aligning,) = [line for line in lines.splitlines() if "02_align.py" in line]
    assert "--landmark-features" not in aligning
    assert "02_landmarks.py" not in lines
