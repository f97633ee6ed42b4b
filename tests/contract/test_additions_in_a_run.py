"""The additions by the stages of a run: named by a recipe, trained, killed, resumed, scored, tabled, read back."""

import csv
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from additions.seven_classes import CLASSES
from additions_in_a_run import PER_CLASS, ROWS, SOURCE, cell, install, installed, write_study

import fecemo
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import read_receipt
from fecemo.stages import cluster, compare_sets, embed, evaluate, label, table, train
from fecemo.stages.compare_sets import CompareSettings
from fecemo.training.backend import BACKENDS
from fecemo.training.network_file import load_network

ROOT = Path(__file__).parents[2]
DYING = ROOT / "tests" / "integration" / "dying_training.py"
N_FACES = len(CLASSES) * PER_CLASS
N_TEST = 2 * len(CLASSES)


def environment(site, backend=None):
    return {**os.environ, "KERAS_BACKEND": backend or keras.backend.backend(),
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, site, Path(__file__).parent)))}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Everything done: each row trained, embedded and scored, and the tables written."""
    folder = tmp_path_factory.mktemp("additions")
    with installed(install(folder)):
        layout = write_study(folder)
        for row in ROWS:
            arguments = cell(folder, row)
            train.run(arguments)
            embed.run(arguments)
            if row in ("affect", "variational"):
                cluster.run(arguments)
                label.run(arguments)
            evaluate.run(arguments)
        table.run((layout.run,), folder / "recipe.yaml")
        yield folder, layout


@pytest.fixture(scope="module")
def results(study):
    return fecemo.open_run(study[1].run).results


def figures(results, metric, **where):
    rows = results[results["metric"] == metric]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows


def test_a_layout_brings_classes_of_its_own_and_numbers(study):
    dataset = fecemo.open_dataset(study[1].dataset("target"))
    assert dataset.classes == CLASSES
    assert dataset.columns["valence"] == dataset.columns["arousal"] == "number"
    assert np.isnan(dataset["valence"]).sum() == len(CLASSES)
    assert not np.isnan(dataset["arousal"]).any()


def test_chance_is_one_in_seven(results):
    for row in ("jigsaw", "two_stream", "affect"):
        figure, = figures(results, "accuracy", row=row).to_dict("records")
        assert figure["chance"] == pytest.approx(1 / 7)
        assert figure["n"] == N_TEST


def test_an_emitted_target_and_the_second_use_of_a_loss_have_curves_of_their_own(study):
    with (study[1].model("jigsaw", "gray") / "history.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    assert len(epochs) == 2
    for term in ("probabilities.cross_entropy", "order.cross_entropy"):
        assert all(float(epoch[f"loss.{term}"]) > 0 for epoch in epochs)
        assert all(0 <= float(epoch[f"accuracy.{term}"]) <= 1 for epoch in epochs)


def test_numbers_that_a_model_answers_are_stored_scored_and_printed(study, results):
    _, layout = study
    run, dataset = fecemo.open_run(layout.run), Dataset(layout.dataset("target"))
    answered = run.outputs("affect", "gray", output="affect")
    assert answered.values.shape == (N_FACES, 2)
    valence, = figures(results, "rmse", row="affect", **{"class": "valence"}).to_dict("records")
    test = dataset.rows_in("test")
    expected = np.sqrt(np.nanmean((dataset["valence"][test] - answered.values[test, 0]) ** 2))
    assert valence["value"] == pytest.approx(expected, rel=1e-5)
    assert (valence["readout"], valence["n"]) == ("regression", len(test) - np.isnan(dataset["valence"][test]).sum())
    assert valence["low"] <= valence["value"] <= valence["high"]
    assert set(figures(results, "ccc")["class"]) == {"valence", "arousal"}
    printed = (layout.run / "tables" / "regression.csv").read_text()
    assert "CCC, valence" in printed
    assert "RMSE, arousal" in printed
    images = dataset.faces[:3]
    np.testing.assert_allclose(run.encoder("affect", "gray").transform(images, "affect"), answered.values[:3],
                               rtol=1e-4, atol=1e-5)


def test_faces_without_a_number_are_no_label_of_that_term(study):
    """One of seven faces of each class is not rated; the classes of the clustered faces cost the vote alone."""
    _, layout = study
    dataset = Dataset(layout.dataset("target"))
    learnt = np.load(layout.model("affect", "gray") / "labelled_rows.npy")
    np.testing.assert_array_equal(learnt, np.intersect1d(dataset.rows_in("train"),
                                                         np.flatnonzero(~np.isnan(dataset["valence"]))))


def test_a_table_is_a_pivot_of_the_results(study, results):
    text = (study[1].run / "tables" / "agreement.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["Approach"] for row in rows} == {"Two numbers", "Jigsaw beside classes", "Pixels and landmarks",
                                                 "Variational autoencoder"}
    assert "Numbers, valence" in text
    figure, = figures(results, "balanced_accuracy", row="jigsaw").to_dict("records")
    assert figure["chance"] == pytest.approx(1 / 7)


def test_a_head_whose_target_is_emitted_learns_from_unlabelled_faces_too(study):
    """They have no label, and that takes them out of the term of classes alone."""
    receipt, dataset = read_receipt(study[1].model("jigsaw", "gray")), Dataset(study[1].dataset("target"))
    assert receipt.summary["faces"] == {"classify": len(dataset.rows_in("train")) + SOURCE}
    assert receipt.summary["labels_used"] == len(dataset.rows_in("train"))


def test_a_metric_compares_a_labelled_set_with_one_without_labels(study, tmp_path):
    _, layout = study
    compare_sets.run(CompareSettings((layout.dataset("target"), layout.dataset("source"))), tmp_path)
    with (tmp_path / "compare_sets.csv").open(newline="") as file:
        rows = {(row["learned_from"], row["met"]): row for row in csv.DictReader(file)}
    assert float(rows["target", "source"]["mean_gap"]) > 0
    assert rows["target", "source"]["balanced_accuracy"] == ""
    assert "Gap of means" in (tmp_path / "compare_sets.html").read_text()


def test_two_columns_enter_a_model(study):
    receipt = read_receipt(study[1].model("two_stream", "gray"))
    assert set(receipt.inputs) == {"dataset of target", "landmark_features of target"}
    run, dataset = fecemo.open_run(study[1].run), Dataset(study[1].dataset("target"))
    classifier = run.classifier("two_stream", "gray")
    assert classifier.inputs == {"image": "image", "distances": "landmark_features.distances"}
    shape = classifier.model.input["distances"].shape[1:]
    made = classifier.predict_proba({"image": dataset.faces[:2], "distances": np.zeros((2, *shape), np.float32)})
    assert made.shape == (2, len(CLASSES))
    np.testing.assert_allclose(made.sum(axis=1), 1, rtol=1e-5)
    assert list(classifier.classes_) == list(CLASSES)


def test_the_divergence_counts_in_the_loss(study):
    with (study[1].model("variational", "gray") / "history.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    for epoch in epochs:
        assert float(epoch["loss"]) > float(epoch["loss.pixels.binary_crossentropy"])
    assert fecemo.open_run(study[1].run).outputs("variational", "gray", "source").values.shape == (SOURCE, 4)


@pytest.mark.parametrize("row", ["variational"])
def test_killed_and_run_again_it_gives_the_same_model(study, row, tmp_path):
    folder, layout = study
    again = tmp_path / "run"
    again.mkdir()
    for name in ("datasets", "columns"):
        (again / name).symlink_to(layout.run / name)
    done = subprocess.run([sys.executable, DYING, folder / "recipe.yaml", again, row, "gray", "2"], timeout=120,
                          capture_output=True, text=True, check=False, env=environment(folder / "site"))
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    arguments = cell(folder, row, again)
    made = arguments.layout.model(row, "gray")
    assert (made / "checkpoint.npz").exists()
    assert read_receipt(made) is None
    train.run(arguments)
    whole, resumed = (load_network(place / "model.keras") for place in (layout.model(row, "gray"), made))
    for first, second in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second), err_msg=first.path)


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != keras.backend.backend()])
def test_other_backends_train_and_embed_each(study, backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    folder, layout = study
    again = tmp_path / "run"
    again.mkdir()
    for name in ("datasets", "columns"):
        (again / name).symlink_to(layout.run / name)
    program = ("import sys; from pathlib import Path; from fecemo.stages import embed, train\n"
               "from fecemo.stages.cell_arguments import CellArguments\n"
               "for row in sys.argv[3:]:\n"
               "    its = CellArguments(Path(sys.argv[1]), Path(sys.argv[2]), row, 'gray')\n"
               "    train.run(its), embed.run(its)\n")
    done = subprocess.run([sys.executable, "-c", program, folder / "recipe.yaml", again, *ROWS], timeout=300,
                          capture_output=True, text=True, check=False, env=environment(folder / "site", backend))
    assert done.returncode == 0, done.stderr[-3000:]
    for row in ROWS:
        assert np.isfinite(fecemo.open_run(again).outputs(row, "gray").values).all()
