"""The draw stage: files that the next stages read, and the same bytes after any interruption."""

import csv
import dataclasses
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import cv2
import pytest

from fecemo.cli import command_line
from fecemo.data.draw_settings import DrawSettings
from fecemo.data.face_lists import ListedFace, Triplet, read_face_list, read_fec
from fecemo.data.receipts import read_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.stages.draw import run

ROOT = Path(__file__).parents[2]
SETTINGS = DrawSettings(seed=4, faces=12, photograph_width=240, photograph_height=180, dead_links=2, triplets=9,
                        workers=1)
LABELLED = DrawSettings(seed=4, faces_per_class=1, face_size=64, workers=1)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in ("receipt.json", ".lock")}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn") / "out"
    run(SETTINGS, out)
    return out


def test_the_list_can_be_read_and_its_photographs_are_there(drawn):
    rows = list(read_face_list(drawn / "faces.csv"))
    assert all(isinstance(row, ListedFace) for row in rows)
    assert len(rows) == 12 + 2 + 1
    paths = [drawn / row.url.removeprefix(SETTINGS.url_prefix) for row in rows]
    assert sum(not path.exists() for path in paths) == 2
    whole = [cv2.imread(str(path)).shape for path in paths[:12]]
    assert set(whole) == {(180, 240, 3)}
    assert len(set(paths[:12])) < 12  # several faces a photograph
    assert not paths[-1].read_bytes().endswith(b"\xff\xd9")  # the damaged one breaks off


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    out = tmp_path_factory.mktemp("labelled") / "out"
    run(LABELLED, out)
    return out


def test_labelled_faces_have_a_folder_for_each_emotion(labelled):
    assert sorted(path.name for path in (labelled / "labelled").iterdir()) == [
        "anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    assert {cv2.imread(str(path)).shape for path in (labelled / "labelled").rglob("*.jpg")} == {(64, 64, 3)}
    assert not (labelled / "faces.csv").exists()


def test_true_parameters_are_beside_the_pictures(drawn, labelled):
    with (drawn / "parameters.csv").open() as file:
        source = list(csv.DictReader(file))
    with (labelled / "parameters.csv").open() as file:
        target = list(csv.DictReader(file))
    assert (len(source), len(target)) == (12, 8)
    assert all((labelled / row["path"]).parent.name == row["emotion"] for row in target)
    assert {"url", "left", "emotion", "expression.lip_corner_pull", "identity.skin_tone", "capture.yaw"} <= source[
        0
    ].keys()


def test_triplets_are_in_the_format_of_fec(drawn):
    rows = list(read_fec(drawn / "triplets.csv"))
    listed = {row.id for row in read_face_list(drawn / "faces.csv") if isinstance(row, ListedFace)}
    assert len(rows) == 9
    for row in rows:
        assert isinstance(row, Triplet)
        assert len(row.ratings) >= 6
        assert {face.id for face in row.faces} <= listed


def test_triplets_change_no_picture_and_are_drawn_only_where_they_are_asked_for(drawn, tmp_path):
    run(dataclasses.replace(SETTINGS, triplets=0), tmp_path)
    assert not (tmp_path / "triplets.csv").exists()
    before, after = contents(drawn), contents(tmp_path)
    drawing = {path for path in before if path.endswith((".jpg", "faces.csv", "parameters.csv"))}
    assert {path: after[path] for path in drawing} == {path: before[path] for path in drawing}


def test_again_draws_nothing_and_what_is_missing_comes_back_the_same(drawn):
    before = contents(drawn)
    times = {path: path.stat().st_mtime_ns for path in drawn.rglob("*.jpg")}
    run(SETTINGS, drawn)
    assert {path: path.stat().st_mtime_ns for path in drawn.rglob("*.jpg")} == times

    lost = drawn / "photographs" / "photograph_00001.jpg"
    kept = drawn / "photographs" / "photograph_00000.jpg"
    lost.unlink()
    (drawn / "photographs" / ".photograph_00001.jpg.77.tmp").write_bytes(b"half")
    (drawn / "receipt.json").unlink()
    run(SETTINGS, drawn)
    assert contents(drawn) == before
    assert kept.stat().st_mtime_ns == times[kept]


def test_killed_and_run_again_is_the_same_as_unbroken_with_any_number_of_workers(tmp_path):
    settings = dataclasses.replace(SETTINGS, faces=90, workers=2)
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "pipelines" / "00_draw.py"), *command_line(settings), "--out", str(broken)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while len(list(broken.rglob("*.jpg"))) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # Its workers follow it within a moment, in which one may begin another picture that nobody would clear away.
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    assert len(list(broken.rglob("*.jpg"))) >= 5
    assert read_receipt(broken) is None
    run(settings, broken)
    run(dataclasses.replace(settings, workers=1), unbroken)
    assert contents(broken) == contents(unbroken)
    assert read_receipt(broken).digest == read_receipt(unbroken).digest


def test_other_settings_draw_anew_and_a_strangers_pictures_are_left_alone(drawn, tmp_path):
    small = DrawSettings(seed=5, faces=2, photograph_width=200, photograph_height=120,
                         workers=1)
    run(small, tmp_path)
    first = (tmp_path / "photographs" / "photograph_00000.jpg").read_bytes()
    run(DrawSettings(seed=6, faces=2, photograph_width=200, photograph_height=120,
                     workers=1), tmp_path)
    assert (tmp_path / "photographs" / "photograph_00000.jpg").read_bytes() != first

    foreign = tmp_path / "foreign" / "photographs"
    foreign.mkdir(parents=True)
    (foreign / "mine.jpg").write_bytes(b"dear to someone")
    with pytest.raises(InputError, match="foreign holds photographs, which nothing here has written"):
        run(small, tmp_path / "foreign")
    (tmp_path / "foreign" / ".lock").touch()
    with pytest.raises(StoredStateError, match="was not drawn here"):
        run(small, tmp_path / "foreign")
    assert (foreign / "mine.jpg").exists()


def test_settings_that_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match="faces_per_photograph is 4 to 2"):
        DrawSettings(faces_per_photograph=(4, 2))
    with pytest.raises(ValueError, match="face_size must be at least 16, not 4"):
        DrawSettings(face_size=4)
    for faces in ({}, {"faces": 3, "faces_per_class": 1}):
        with pytest.raises(ValueError, match="expected one of them above 0"):
            DrawSettings(**faces)
