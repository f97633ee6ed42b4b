"""Copies found across splits and between data sets, shown, and left out of lists by a rule."""

import csv

import cv2
import numpy as np

from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
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
