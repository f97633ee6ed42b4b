"""Doubtful labels: planted, found, shown; the joint by hand."""

import csv

import cv2
import numpy as np
import pytest

from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.errors import InputError
from fecemo.evaluation.metrics.label_errors import find_label_errors
from fecemo.stages.label_errors import LabelErrorSettings, run


def test_the_confident_joint_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.62, 0.38]])
    errors = find_label_errors(probabilities, np.array([0, 0, 0, 1, 1]))
    # Thresholds .6 and .54: the third face is surely of the second class, the last just as surely of the first.
    assert errors.thresholds.tolist() == pytest.approx([0.6, 0.54])
    assert errors.suggested.tolist() == [-1, -1, 1, -1, 0]
    assert errors.margin.tolist() == pytest.approx([0.8, 0.6, -0.8, 0.4, -0.24])
    assert find_label_errors(probabilities, np.zeros(5, int)).suggested.tolist() == [-1] * 5, "no face bears the other"


def patterns(n):
    """Return pictures of three kinds, each a large shape of its own under noise."""
    rng = np.random.default_rng(0)
    shapes = [cv2.resize(rng.integers(0, 256, (6, 6, 3), np.uint8), (200, 200), interpolation=cv2.INTER_CUBIC)
              for _ in range(3)]
    return [(np.clip(shapes[row % 3].astype(int) + rng.integers(-40, 40, (200, 200, 3)) + rng.integers(-30, 30), 0, 255)
             .astype(np.uint8), ("happy", "sad", "fear")[row % 3]) for row in range(n)]


def write(folder, faces):
    entries = [FaceEntry(f"{row:032x}", f"{row}.png", annotations={"label": label, "split": "train"})
               for row, (_, label) in enumerate(faces)]
    writer = DatasetWriter(folder, entries, columns={"label": "label", "split": "split"})
    for row, (picture, _) in enumerate(faces):
        writer.put(row, picture)
    writer.finish("import", config={}, inputs={})
    writer.close()
    return folder


def test_planted_errors_are_found_and_shown_and_nothing_else(tmp_path):
    faces = patterns(60)
    planted = {7: "fear", 20: "happy", 33: "sad", 51: "fear"}
    truth = {row: faces[row][1] for row in planted}
    for row, label in planted.items():
        faces[row] = faces[row][0], label
    receipt = run(LabelErrorSettings(write(tmp_path / "faces", faces)), tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "label_errors.csv").read_text().splitlines()))
    assert {int(row["row"]): (row["label"], row["probably"]) for row in rows} == {
        row: (planted[row], truth[row]) for row in planted}
    assert receipt.summary["doubted"] == 4
    page = (tmp_path / "out" / "label_errors.html").read_text()
    assert page.count("<img") == 4
    assert "4 of 60 labels are doubtful" in page


def test_vectors_of_other_faces_and_a_single_class_are_refused(tmp_path):
    alone = write(tmp_path / "alone", [(picture, "happy") for picture, _ in patterns(12)])
    with pytest.raises(InputError, match="its faces have 1 classes"):
        run(LabelErrorSettings(alone), tmp_path / "out")
    with pytest.raises(Exception, match="has not finished"):
        run(LabelErrorSettings(alone, outputs=tmp_path / "outputs" / "alone"), tmp_path / "out")
