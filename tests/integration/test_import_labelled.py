"""From images on a disk to a data set: labels, splits, rejects, and runs that are cut short."""

import csv
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.documents import build
from fecemo.data.face_lists import face_id
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.imaging import decode
from fecemo.imaging.resize import square_face
from fecemo.stages import import_labelled
from fecemo.stages.import_labelled import ImportSettings, run

ROOT = Path(__file__).parents[2]


def image(seed, height=40, width=48):
    """Return a smooth random picture of shape (height, width, 3), RGB."""
    knots = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels[..., ::-1])


@pytest.fixture
def faces(tmp_path):
    """Thirty images in folders of classes: 20 happy, 10 sad."""
    folder = tmp_path / "images"
    for number in range(30):
        save(folder / ("happiness" if number < 20 else "sad") / f"{number:02d}.png", image(number))
    return folder


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_labelled_set_becomes_a_dataset(faces, tmp_path):
    receipt = run(ImportSettings(faces), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    assert dataset.addresses.tolist() == [
        *(f"happiness/{number:02d}.png" for number in range(20)),
        *(f"sad/{number:02d}.png" for number in range(20, 30)),
    ]
    assert Counter(dataset.labels.tolist()) == {"happy": 20, "sad": 10}
    assert Counter(zip(dataset.labels.tolist(), dataset.splits.tolist(), strict=True)) == {
        ("happy", "train"): 16, ("happy", "test"): 4, ("sad", "train"): 8, ("sad", "test"): 2,
    }
    assert dataset.ids[3] == face_id("happiness/03.png", 0, 1, 0, 1)
    for number in (0, 29):
        assert np.array_equal(dataset.faces[number], square_face(image(number), "crop"))
    assert dataset.damaged_rows() == []
    assert receipt == dataset.receipt
    assert receipt.summary["faces"] == 30
    assert receipt.summary["splits"] == {"test": {"happy": 4, "sad": 2}, "train": {"happy": 16, "sad": 8}}


def test_every_shape_policy_is_the_one_that_is_stored(faces, tmp_path):
    for shape in ("crop", "pad", "stretch"):
        run(ImportSettings(faces, shape=shape, per_class=1), tmp_path / shape)
        dataset = Dataset(tmp_path / shape)
        number = int(Path(dataset.addresses[0]).stem)
        assert np.array_equal(dataset.faces[0], square_face(image(number), shape))


def test_a_dataset_depends_neither_on_threads_nor_on_where_the_images_lie(faces, tmp_path):
    by_one_thread = run(ImportSettings(faces, threads=1), tmp_path / "one")
    shutil.copytree(faces, tmp_path / "elsewhere")
    many = run(ImportSettings(tmp_path / "elsewhere", threads=8), tmp_path / "many")
    assert by_one_thread.digest == many.digest
    assert by_one_thread.inputs == many.inputs
    assert by_one_thread.config == many.config
    for name in ("faces.npy", "faces.csv", "rejects.csv", "left_out.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_the_seed_decides_the_splits_and_they_are_stored(faces, tmp_path):
    first, other = (run(ImportSettings(faces, seed=seed), tmp_path / f"seed{seed}") for seed in (0, 1))
    assert first.digest != other.digest
    before, after = Dataset(tmp_path / "seed0"), Dataset(tmp_path / "seed1")
    assert before.ids.tolist() == after.ids.tolist()
    assert before.splits.tolist() != after.splits.tolist()


def test_splits_that_the_set_comes_with_are_kept(tmp_path):
    for number in range(12):
        save(tmp_path / "set" / ("train" if number < 9 else "valid") / "happy" / f"{number}.png", image(number))
    run(ImportSettings(tmp_path / "set", test_fraction=0.5), tmp_path / "kept")
    assert Counter(Dataset(tmp_path / "kept").splits.tolist()) == {"train": 9, "test": 3}
    run(ImportSettings(tmp_path / "set", valid_fraction=1 / 3), tmp_path / "more")
    dataset = Dataset(tmp_path / "more")
    assert Counter(dataset.splits.tolist()) == {"train": 6, "valid": 3, "test": 3}
    assert all(dataset.addresses[row].startswith("valid/") for row in dataset.rows_in("test"))


def test_so_many_of_each_emotion_are_held_out_and_the_receipt_says_what_was_scaled(faces, tmp_path, capsys):
    receipt = run(ImportSettings(faces, valid_per_class=1, test_per_class=3), tmp_path / "whole")
    assert receipt.summary["splits"] == {split: {"happy": happy, "sad": sad} for split, happy, sad in (
        ("test", 3, 3), ("train", 16, 6), ("valid", 1, 1))}
    assert receipt.summary["held_out"] == "1 of each emotion for valid and 3 of each emotion for test"

    receipt = run(ImportSettings(faces, valid_per_class=500, test_per_class=500), tmp_path / "scaled")
    assert receipt.summary["splits"]["train"] == {"happy": 16, "sad": 6}
    rule = ("2 of each emotion for valid and 2 of each emotion for test, in place of 500 and 500: half of sad, 10 in "
            "all, stays to be learnt from")
    assert receipt.summary["held_out"] == rule
    assert f"held out {rule}" in capsys.readouterr().err


def test_a_count_for_validation_is_taken_from_the_sets_own_training_part(tmp_path):
    for number in range(12):
        save(tmp_path / "set" / ("train" if number < 9 else "valid") / "happy" / f"{number}.png", image(number))
    receipt = run(ImportSettings(tmp_path / "set", valid_per_class=2, test_per_class=2), tmp_path / "dataset")
    assert Counter(Dataset(tmp_path / "dataset").splits.tolist()) == {"train": 7, "valid": 2, "test": 3}
    assert receipt.summary["held_out"] == "2 of each emotion for valid"


def test_a_dataset_that_was_made_before_counts_were_known_is_current(faces, tmp_path):
    assert not {"valid_per_class", "test_per_class"} & run(ImportSettings(faces), tmp_path / "dataset").config.keys()


def test_a_set_of_training_images_alone_is_divided(tmp_path):
    for number in range(10):
        save(tmp_path / "set" / "train" / "happy" / f"{number}.png", image(number))
    run(ImportSettings(tmp_path / "set"), tmp_path / "dataset")
    assert Counter(Dataset(tmp_path / "dataset").splits.tolist()) == {"train": 8, "test": 2}


def test_a_few_of_each_class_are_drawn(faces, tmp_path):
    run(ImportSettings(faces, per_class=5), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    assert Counter(dataset.labels.tolist()) == {"happy": 5, "sad": 5}
    assert Counter(zip(dataset.labels.tolist(), dataset.splits.tolist(), strict=True))["happy", "test"] == 1


def test_photographs_have_no_labels_and_no_splits(faces, tmp_path):
    run(ImportSettings(faces, layout="photographs"), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    assert len(dataset) == 30
    assert set(dataset.labels.tolist()) == set(dataset.splits.tolist()) == {""}


def test_a_bad_image_is_a_reject_and_costs_nothing_else(faces, tmp_path):
    (faces / "sad" / "20.png").write_bytes((faces / "sad" / "20.png").read_bytes()[:200])
    (faces / "sad" / "21.png").write_bytes(b"<html>")
    (faces / "sad" / "22.png").write_bytes(b"")
    (faces / "sad" / "23.png").unlink()
    (faces / "sad" / "23.png").symlink_to(tmp_path / "nowhere.png")
    (faces / "sad" / "notes.txt").touch()
    receipt = run(ImportSettings(faces), tmp_path / "dataset")
    assert [(row["address"], row["reason"], row["label"]) for row in rows(tmp_path / "dataset" / "rejects.csv")] == [
        ("sad/20.png", "damaged_image", "sad"), ("sad/21.png", "not_an_image", "sad"), ("sad/22.png", "empty", "sad"),
        ("sad/23.png", "cannot_open", "sad"),
    ]
    assert [row["where"] for row in rows(tmp_path / "dataset" / "left_out.csv")] == ["sad/notes.txt"]
    assert receipt.summary["rejected"] == {"cannot_open": 1, "damaged_image": 1, "empty": 1, "not_an_image": 1}
    assert receipt.summary["left_out"] == {"not_an_image": 1}
    dataset = Dataset(tmp_path / "dataset")
    assert len(dataset) == 26
    assert np.array_equal(dataset.faces[20], square_face(image(24), "crop"))
    assert dataset.addresses[20] == "sad/24.png"


def test_copies_between_train_and_test_are_counted(tmp_path):
    for number in range(4):
        save(tmp_path / "set" / "train" / "happy" / f"{number}.png", image(number))
    save(tmp_path / "set" / "test" / "happy" / "same_as_2.png", image(2))
    save(tmp_path / "set" / "test" / "happy" / "new.png", image(9))
    assert run(ImportSettings(tmp_path / "set"), tmp_path / "dataset").summary["copies_across_splits"] == 1


def test_a_finished_dataset_is_left_alone(faces, tmp_path, monkeypatch):
    first = run(ImportSettings(faces), tmp_path / "dataset")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "dataset").iterdir()}
    monkeypatch.setattr(import_labelled, "read_image", lambda *_: pytest.fail("nothing is to be decoded again"))
    assert run(ImportSettings(faces), tmp_path / "dataset") == first
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "dataset").iterdir()} == before


def test_a_dataset_is_never_filled_up_with_something_else(faces, tmp_path):
    receipt = run(ImportSettings(faces), tmp_path / "dataset")
    with pytest.raises(StoredStateError, match="made with shape 'crop', not with shape 'pad'"):
        run(ImportSettings(faces, shape="pad"), tmp_path / "dataset")
    (faces / "sad" / "25.png").unlink()
    with pytest.raises(StoredStateError, match="1 of its 30 faces are not among the 29 that are asked for"):
        run(ImportSettings(faces), tmp_path / "dataset")
    assert Dataset(tmp_path / "dataset").receipt == receipt


@pytest.mark.parametrize("change", ["grown", "replaced", "divided otherwise"])
def test_a_set_that_grows_or_changes_costs_the_changed_images_alone(faces, tmp_path, monkeypatch, change):
    """What comes out is what an import of the changed set into an empty folder gives."""
    settings = ImportSettings(faces, threads=1)
    run(settings, tmp_path / "dataset")
    changed = {"grown": ["happiness/00a.png", "sad/40.png"], "replaced": ["sad/25.png"]}.get(change, [])
    for number, name in enumerate(changed):
        save(faces / name, image(200 + number))
    if change == "divided otherwise":
        settings = dataclasses.replace(settings, seed=5, test_fraction=0.4)
    read, decoded = decode.read_image, []
    monkeypatch.setattr(import_labelled, "read_image", lambda path, **more: decoded.append(path) or read(path, **more))
    grown = run(settings, tmp_path / "dataset")
    assert sorted(path.relative_to(faces).as_posix() for path in decoded) == changed
    assert grown.digest == run(settings, tmp_path / "anew").digest


@pytest.mark.parametrize(("suffix", "alter"), [
    (".png", lambda pixels: pixels), (".bmp", lambda pixels: pixels), (".jpg", lambda pixels: pixels),
    (".png", lambda pixels: pixels[:, ::-1]), (".jpg", lambda pixels: pixels[:, ::-1])],
    ids=["equal", "bmp", "jpeg", "mirrored", "mirrored jpeg"])
def test_no_test_face_has_its_copy_in_train(tmp_path, capsys, suffix, alter):
    for number in range(40):
        for name, pixels in ((f"{number}.png", image(number)), (f"again_{number}{suffix}", alter(image(number)))):
            save(tmp_path / "set" / ("happy" if number % 2 else "sad") / name, pixels)
    receipt = run(ImportSettings(tmp_path / "set"), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    split_of = dict(zip(dataset.addresses.tolist(), dataset.splits.tolist(), strict=True))
    pairs = [(address, address.replace("again_", "").rpartition(".")[0] + ".png") for address in split_of
             if "again_" in address]
    assert len(pairs) == 40
    assert sum(split_of[copy] != split_of[original] for copy, original in pairs) <= 1
    assert receipt.summary["copies"] >= 39
    assert receipt.summary["copies_across_splits"] == 0
    assert (dataset.splits == "test").sum() == 16
    assert "are copies of others" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_where_it_stopped(faces, tmp_path, monkeypatch):
    unbroken = run(ImportSettings(faces), tmp_path / "unbroken")
    put, decoded = DatasetWriter.put, []

    def interrupted_put(writer, slot, face, detail=""):
        if len(decoded) == 11:
            raise KeyboardInterrupt
        decoded.append(slot)
        put(writer, slot, face, detail)

    monkeypatch.setattr(DatasetWriter, "put", interrupted_put)
    with pytest.raises(KeyboardInterrupt):
        run(ImportSettings(faces, threads=1), tmp_path / "broken")

    def watched_put(writer, slot, face, detail=""):
        decoded.append(slot)
        put(writer, slot, face, detail)

    monkeypatch.setattr(DatasetWriter, "put", watched_put)
    assert run(ImportSettings(faces), tmp_path / "broken").digest == unbroken.digest
    assert sorted(decoded) == list(range(30))  # nothing was decoded twice
    for name in ("faces.npy", "faces.csv", "rejects.csv", "left_out.csv"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()


def import_in_another_process(images, out, *more):
    return subprocess.Popen(
        [sys.executable, ROOT / "pipelines" / "02_import.py", "--images", images, "--out", out, *more],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def test_a_killed_process_loses_nothing(tmp_path):
    images = tmp_path / "images" / "happy"
    images.mkdir(parents=True)
    save(images / "0000.png", image(0, 300, 300))
    for number in range(1, 600):
        (images / f"{number:04d}.png").hardlink_to(images / "0000.png")
    process = import_in_another_process(tmp_path / "images", tmp_path / "killed")
    staging = tmp_path / "killed" / "faces.partial"
    patience = time.monotonic() + 30
    while not (staging.exists() and staging.stat().st_size > 100 * 120_000) and time.monotonic() < patience:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "receipt.json").exists()
    run(ImportSettings(tmp_path / "images"), tmp_path / "unbroken")
    run(ImportSettings(tmp_path / "images"), tmp_path / "killed")
    for name in ("faces.npy", "faces.csv", "rejects.csv", "left_out.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()
    assert not staging.exists()


def test_the_script_says_what_is_wrong_in_one_line(faces, tmp_path):
    (faces / "hapy").mkdir()
    process = import_in_another_process(faces, tmp_path / "dataset")
    _, output = process.communicate(timeout=60)
    assert process.returncode == 2
    assert output.strip().splitlines() == [
        f"error: {faces / 'hapy'}: the folder's name is no known emotion; did you mean 'happy'? Known: "
        + output.strip().split("Known: ")[1],
    ]
    assert not (tmp_path / "dataset").exists()


def test_nowhere_to_write_is_said(faces, tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(ResourceError, match="there is a file where a folder is needed"):
        run(ImportSettings(faces), tmp_path / "taken")


def test_an_unknown_layout_names_the_nearest(faces, tmp_path):
    with pytest.raises(InputError, match="did you mean 'class_folders'"):
        run(ImportSettings(faces, layout="class_folder"), tmp_path / "dataset")


@pytest.mark.parametrize(("document", "message"), [
    ({}, "'target.images' is missing|'images' is missing"),
    ({"images": "x", "test_fraction": 1.0}, "below 1"),
    ({"images": "x", "per_class": 0}, "per_class must be at least 1, not 0"),
    ({"images": "x", "test_per_class": 0}, "test_per_class must be at least 1, not 0"),
    ({"images": "x", "shape": "square"}, "'crop', 'pad' or 'stretch'"),
    ({"images": "x", "sed": 1}, "unknown key 'sed', did you mean 'seed'"),
])
def test_a_recipes_settings_are_checked(document, message):
    with pytest.raises(InputError, match=message):
        build(ImportSettings, document, "recipe.yaml: target")


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_class_of_which_no_image_can_be_read_is_refused_until_it_is_mended(faces, tmp_path, content):
    sound = {path: path.read_bytes() for path in (faces / "sad").iterdir()}
    for path in sound:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"none of the 10 images of the class 'sad' can be read \(sad/20\.png: "):
        run(ImportSettings(faces), tmp_path / "dataset")
    for path, data in sound.items():
        path.write_bytes(data)
    assert run(ImportSettings(faces), tmp_path / "dataset").summary["faces"] == 30


def test_a_split_of_which_no_image_can_be_read_is_refused(tmp_path):
    for number in range(4):
        save(tmp_path / "images" / "train" / ("happy" if number % 2 else "sad") / f"{number}.png", image(number))
    for number in (0, 1):
        path = tmp_path / "images" / "test" / ("happy" if number % 2 else "sad") / f"{number}.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"cut")
    with pytest.raises(InputError, match=r"none of the 2 images of the split 'test' can be read"):
        run(ImportSettings(tmp_path / "images"), tmp_path / "dataset")


def test_a_class_that_a_split_lacks_and_copies_under_two_labels_are_said(tmp_path, capsys):
    for number, place in enumerate(("train/happy", "train/sad", "train/fear", "test/happy", "test/fear")):
        save(tmp_path / "images" / place / "0.png", image(number))
    save(tmp_path / "images" / "train" / "sad" / "1.png", image(2))  # the same picture is fear, too
    receipt = run(ImportSettings(tmp_path / "images"), tmp_path / "dataset")
    assert receipt.summary["splits_without"] == {"test": ["sad"]}
    assert receipt.summary["copies_of_another_label"] == 1
    output = capsys.readouterr().err
    assert "warning: no test image of sad" in output
    assert "1 are copies of others, 1 of them under another label" in output


def test_annotations_say_of_how_many_they_are_known_and_one_of_none_is_refused(tmp_path, capsys):
    lines = ["path,label,valence,arousal,who"]
    for number in range(4):
        save(tmp_path / f"{number}.png", image(number))
        valence = ("0.5", "-99", "", "0.25")[number]
        lines.append(f"{number}.png,{('happy', 'sad')[number % 2]},{valence},,{'zoe' if number else ''}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    settings = ImportSettings(tmp_path / "labels.csv", "path_label", annotations=("valence",),
                              text_annotations=("who",), test_fraction=0.0)
    run(settings, tmp_path / "dataset")
    assert "valence known of 3, from -99 to 0.5, who known of 3" in capsys.readouterr().err
    with pytest.raises(InputError, match="'arousal' is asked for, and it is known of none of the 4 images"):
        run(dataclasses.replace(settings, annotations=("arousal",)), tmp_path / "other")
