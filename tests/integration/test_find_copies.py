"""Copies found across splits and between data sets, shown, and left out of lists by a rule."""

import csv

import cv2
import numpy as np
import pytest

from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.drawn import draw_face, sample_face
from fecemo.drawn.expression import EMOTIONS
from fecemo.imaging.near_copies import ALIKE, SIDE, likeness, neighbour_pairs
from fecemo.stages.find_copies import FindCopiesSettings, run

COLUMNS = {"label": "label", "split": "split"}


def pictures(n):
    """Return pictures with large shapes of their own: noise that is enlarged."""
    rng = np.random.default_rng(0)
    return [cv2.resize(rng.integers(0, 256, (8, 8, 3), np.uint8), (200, 200), interpolation=cv2.INTER_CUBIC)
            for _ in range(n)]


def written(folder, faces):
    """Write (picture, label, split) as a data set."""
    writer = DatasetWriter(folder, [FaceEntry(f"{folder.name}{row}", f"{label}/{row}.png", annotations={
        "label": label, "split": split}) for row, (_, label, split) in enumerate(faces)], columns=COLUMNS)
    for row, (picture, _, _) in enumerate(faces):
        writer.put(row, picture)
    writer.finish("import", config={}, inputs={})
    writer.close()
    return folder


def test_copies_are_counted_shown_and_left_out(tmp_path):
    made = pictures(6)
    mirrored = np.ascontiguousarray(made[1][:, ::-1])
    a = written(tmp_path / "a", [(made[0], "happy", "train"), (made[1], "happy", "train"), (mirrored, "sad", "test"),
                                 (made[2], "sad", "test")])
    recompressed = cv2.imdecode(cv2.imencode(".jpg", made[2], [cv2.IMWRITE_JPEG_QUALITY, 85])[1], cv2.IMREAD_COLOR)
    b = written(tmp_path / "b", [(made[3], "happy", "train"), (recompressed, "sad", "train"), (made[4], "sad", "test")])
    out = tmp_path / "out"
    receipt = run(FindCopiesSettings((a, b)), out)
    assert receipt.summary["across splits"] == receipt.summary["between data sets"] == 1
    assert receipt.summary["left_out"] == 2
    rows = list(csv.DictReader((out / "copies.csv").read_text().splitlines()))
    assert {(row["dataset"], row["row"], row["copies_are"], row["labels_differ"], row["kept"]) for row in rows} == {
        ("a", "2", "across splits", "1", "1"), ("a", "1", "across splits", "1", "0"),
        ("a", "3", "between data sets", "0", "1"), ("b", "1", "between data sets", "0", "0")}
    kept = {name: [row["path"] for row in csv.DictReader((out / f"{name}_without_copies.csv").read_text().splitlines())]
            for name in "ab"}
    assert kept == {"a": ["happy/0.png", "sad/2.png", "sad/3.png"], "b": ["happy/0.png", "sad/2.png"]}
    page = (out / "copies.html").read_text()
    assert page.count("<img") == 4
    assert page.count("left out</figcaption>") == 2


def test_a_set_without_copies_keeps_all(tmp_path):
    a = written(tmp_path / "a", [(picture, "happy", "train") for picture in pictures(3)])
    assert run(FindCopiesSettings((a,)), tmp_path / "out").summary["left_out"] == 0
    assert len((tmp_path / "out" / "a_without_copies.csv").read_text().splitlines()) == 4


def changed(picture, rng):
    """Crop a picture to at least .84 of its side, anywhere, change its light and store it as JPEG."""
    side = int(rng.uniform(168, 192))
    top, left = rng.integers(0, 201 - side, 2)
    cropped = cv2.resize(picture[top : top + side, left : left + side], (200, 200)).astype(np.float32)
    lit = np.clip(cropped * rng.uniform(0.75, 1.25) + rng.uniform(-20, 20), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", lit, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)


def test_cropped_brightened_and_compressed_pictures_are_found_by_embedding(tmp_path):
    rng = np.random.default_rng(1)
    faces = [draw_face(sample_face(np.random.default_rng(number), EMOTIONS[number % 8])) for number in range(40)]
    mirrored = np.ascontiguousarray(changed(faces[2], rng)[:, ::-1])
    a = written(tmp_path / "a", [*((face, "happy", "train") for face in faces),
                                 (changed(faces[0], rng), "happy", "test"), (mirrored, "sad", "test")])
    b = written(tmp_path / "b", [(changed(faces[number], rng), "happy", "train") for number in range(5, 13)])
    by_hash = run(FindCopiesSettings((a, b)), tmp_path / "hash")
    assert by_hash.summary["left_out"] <= 2, "a hash knows few pictures that were cropped"
    assert by_hash.summary["by_embedding"] == 0
    receipt = run(FindCopiesSettings((a, b), neighbours=5), tmp_path / "out")
    assert receipt.summary["by_embedding"] == receipt.summary["left_out"] - by_hash.summary["left_out"]
    rows = list(csv.DictReader((tmp_path / "out" / "copies.csv").read_text().splitlines()))
    groups = {}
    for row in rows:
        groups.setdefault(row["group"], set()).add((row["dataset"], int(row["row"])))
    planted = [{("a", 0), ("a", 40)}, {("a", 2), ("a", 41)},
               *({("a", number), ("b", number - 5)} for number in range(5, 13))]
    recalled = [group for group in planted if group in groups.values()]
    assert len(recalled) >= 8, "of ten"
    assert all(group in planted for group in groups.values()), "no two faces that were drawn apart"
    assert {row["found_by"] for row in rows} >= {"embedding"}
    kept = (tmp_path / "out" / "b_without_copies.csv").read_text().splitlines()
    assert len(kept) - 1 == 8 - sum(max(group) >= ("b", 0) for group in recalled)
    assert "group near" in (tmp_path / "out" / "copies.html").read_text()


def test_an_embedding_of_another_network_proposes_pairs(tmp_path):
    pairs = neighbour_pairs(np.array([[0, 1, 0], [5, 0, 0], [0, 2, 0.1], [4, 0, 0.1]]), 1)
    assert pairs.tolist() == [[0, 2], [1, 3]], "by direction, not by length"
    assert neighbour_pairs(np.ones((1, 3)), 5).shape == (0, 2)
    with pytest.raises(ValueError, match="give neighbours too"):
        FindCopiesSettings((tmp_path,), network=tmp_path / "net.keras")


def test_the_middle_of_a_picture_is_found_at_another_scale_and_light():
    face = cv2.cvtColor(draw_face(sample_face(np.random.default_rng(3), "happy")), cv2.COLOR_RGB2GRAY)
    other = cv2.cvtColor(draw_face(sample_face(np.random.default_rng(4), "happy")), cv2.COLOR_RGB2GRAY)
    small = [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
             for picture in (face, face[12:188, 20:196], other)]
    assert likeness(small[0], small[0]) == pytest.approx(1, abs=1e-3)
    assert likeness(small[0], small[1]) > ALIKE
    assert likeness(small[0], 0.5 * small[1] + 30) == pytest.approx(likeness(small[0], small[1]), abs=1e-3)
    assert likeness(small[0], small[2]) < ALIKE
    assert likeness(small[0], np.full((SIDE, SIDE), 90, np.float32)) == 0
