"""The stages train and embed, on data sets of soft coloured squares, through their own doors."""

import csv
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.data.receipts import read_receipt
from fecemo.data.variants import variants
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.evaluation.records.score import SCORE
from fecemo.stages import embed, evaluate, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.layout import RunLayout
from fecemo.training.network_file import load_network
from fecemo.training.step import part_of

ROOT = Path(__file__).parents[2]
SOURCE_FACES, TARGET_FACES = 50, 64
RECIPE = """
name: squares
title: Coloured squares
seed: 3
face_side: 40
datasets: {source: {fetch: {faces: nowhere.csv}}, target: {import: {images: nowhere}}}
roles: {source: source, target: target}
variants: [gray, tight]
approaches:
  conv_autoencoder:
    model: {filters: [4, 4], pools: [2, 5]}
    fit:
      reconstruct:
        {loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-2, epochs: 40, batch_size: 8, faces: 40}
  semi_supervised:
    score_on: unused_labels
    model: {filters: [4, 4], pools: [2, 5], head: [8, 8]}
    fit:
      reconstruct: {loss: binary_crossentropy, optimizer: adamax, learning_rate: 1.0e-2, epochs: 2}
      classify:
        {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-2, epochs: 2, label_fraction: 0.25}
  supervised:
    model: {filters: 4, groups: [1, 1], dense: 8}
    fit:
      classify: {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1, batch_size: 16}
"""


def store(folder, faces, labels=(), splits=()):
    plan = [FaceEntry(id=f"{number:032x}", address=f"{number}.png",
                      annotations={"label": labels[number] if len(labels) else "",
                                   "split": splits[number] if len(splits) else ""})
            for number in range(len(faces))]
    with output_lock(folder):
        writer = DatasetWriter(folder, plan)
        for slot, face in enumerate(faces):
            writer.put(slot, face)
        writer.finish("import" if len(labels) else "fetch", config={}, inputs={})
        writer.close()


def squares(n, seed):
    colours = np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    return np.repeat(np.repeat(colours, 50, axis=1), 50, axis=2)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("squares")
    (folder / "recipe.yaml").write_text(RECIPE)
    layout = RunLayout(folder / "run")
    store(layout.dataset("source"), squares(SOURCE_FACES, 0))
    numbers = np.arange(TARGET_FACES)
    store(layout.dataset("target"), squares(TARGET_FACES, 1), labels=[EMOTIONS[number % 8] for number in numbers],
          splits=np.where(numbers < 16, "test", np.where(numbers < 24, "valid", "train")))
    return folder


def arguments(study, approach, variant="gray", recipe=None, run=None):
    return CellArguments(recipe or study / "recipe.yaml", run or study / "run", approach, variant)


def another_run(study, folder):
    """Return a run of the same faces in which nothing is trained."""
    (folder / "run").mkdir()
    (folder / "run" / "datasets").symlink_to(study / "run" / "datasets")
    return folder / "run"


@pytest.fixture(scope="module")
def trained(study):
    """Receipts of train and embed, by approach."""
    return {approach: (train.run(arguments(study, approach)), embed.run(arguments(study, approach)))
            for approach in ("conv_autoencoder", "semi_supervised", "supervised")}


def test_networks_and_what_they_cost_are_stored(study, trained):
    for approach, (receipt, _) in trained.items():
        folder = RunLayout(study / "run").model(approach, "gray")
        model = load_network(folder / "model.keras")
        assert receipt.summary["parameters"] == {
            output: part_of(model, (output,)).count_params() for output in model.output}
        assert {name for name in receipt.outputs if name.endswith(".keras")} == {"model.keras"}
        assert not (folder / "checkpoint.npz").exists()
        assert receipt.machine["backend"] == keras.backend.backend()
        phases = list(dict.fromkeys(row["phase"] for row in csv.DictReader((folder / "history.csv").open())))
        assert phases == list(receipt.config["fit"])
    # 40 of 50 faces, 8 a step, 40 epochs
    assert trained["conv_autoencoder"][0].summary["faces"] == {"reconstruct": 40}
    assert trained["conv_autoencoder"][0].summary["steps"] == 200
    assert read_receipt(RunLayout(study / "run").model("supervised", "gray")).inputs.keys() == {"dataset of target"}


def test_only_the_labels_that_were_paid_for_are_learnt_from(study, trained):
    dataset = Dataset(study / "run" / "datasets" / "target")
    layout = RunLayout(study / "run")
    used = {approach: np.load(layout.model(approach, "gray") / "labelled_rows.npy") for approach in trained}
    assert used["conv_autoencoder"].shape == (0,)
    # a quarter of all 64 labels, from the train split alone, two of each emotion
    assert len(used["semi_supervised"]) == trained["semi_supervised"][0].summary["labels_used"] == 16
    assert set(dataset.splits[used["semi_supervised"]]) == {"train"}
    assert np.unique(dataset.labels[used["semi_supervised"]], return_counts=True)[1].tolist() == [2] * 8
    np.testing.assert_array_equal(used["supervised"], dataset.rows_in("train"))


def test_embeddings_are_those_of_the_faces_that_their_rows_name(study, trained):
    layout = RunLayout(study / "run")
    encoder = load_network(layout.model("conv_autoencoder", "gray") / "model.keras")
    for name, rows in (("source", 40), ("target", TARGET_FACES)):
        folder = layout.dataset(name)
        dataset = Dataset(folder)
        stored = read_output(layout.outputs("conv_autoencoder", "gray"), name, "embedding")
        assert stored.values.shape == (rows, 4 * 4 * 4)
        assert stored.values.dtype == np.float32
        # The squares are larger than the areas that are averaged: reducing them is picking one pixel of each block.
        pixels = variants.find("gray").view(dataset.faces[stored.rows])[:, 2::5, 2::5].astype(np.float32)
        made = keras.ops.convert_to_numpy(encoder({"image": pixels})["embedding"])
        np.testing.assert_allclose(stored.values, made, rtol=1e-4, atol=1e-5)
    assert (np.diff(read_output(layout.outputs("conv_autoencoder", "gray"), "source", "embedding").rows) > 0).all()


def test_a_classifier_gives_probabilities_of_every_target_face_and_no_source(study, trained):
    folder = RunLayout(study / "run").outputs("semi_supervised", "gray")
    stored = read_output(folder, "target", "probabilities")
    assert stored.values.shape == (TARGET_FACES, 8)
    np.testing.assert_allclose(stored.values.sum(axis=1), 1, atol=1e-5)
    assert not (folder / "source.npy").exists()
    assert trained["semi_supervised"][1].inputs.keys() == {"model", "dataset of target"}


def test_reconstructions_stand_beside_their_originals_and_resemble_them(study, trained):
    folder = RunLayout(study / "run").model("conv_autoencoder", "gray")
    originals, made = np.load(folder / "originals.npy"), np.load(folder / "reconstructions.npy")
    assert originals.shape == made.shape == (16, 40, 40, 1)
    assert originals.dtype == made.dtype == np.uint8
    levels = variants.find("gray").view(Dataset(RunLayout(study / "run").dataset("source")).faces)
    assert set(np.unique(originals)) <= set(np.unique(levels))
    gaps = np.abs(originals.astype(float) - made).mean(axis=(1, 2, 3))
    others = np.abs(originals.astype(float) - np.roll(made, 1, axis=0)).mean(axis=(1, 2, 3))
    assert gaps.mean() < 0.8 * others.mean()
    assert not (RunLayout(study / "run").model("supervised", "gray") / "originals.npy").exists()


def test_a_stage_that_is_done_is_not_done_again(study, trained, capsys):
    for stage, receipt in zip((train, embed), trained["supervised"], strict=True):
        assert stage.run(arguments(study, "supervised")) == receipt
        assert "already done" in capsys.readouterr().err


def test_killed_and_run_again_the_stage_gives_the_same_files_as_unbroken(study, trained, tmp_path):
    run = another_run(study, tmp_path)
    cell = arguments(study, "conv_autoencoder", run=run)
    folder = RunLayout(run).model("conv_autoencoder", "gray")
    words = [sys.executable, ROOT / "pipelines" / "03_train.py", "--recipe", cell.recipe, "--run", run,
             "--approach", cell.approach, "--variant", cell.variant]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        deadline = time.monotonic() + 120
        while not (folder / "checkpoint.npz").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert read_receipt(folder) is None
    began = len(list(csv.DictReader((folder / "history.csv").open())))
    assert 0 <= began < 40
    again = train.run(cell)
    assert again.outputs == trained["conv_autoencoder"][0].outputs
    assert again.digest == trained["conv_autoencoder"][0].digest
    left = {path.name for path in folder.iterdir()} - {".lock", "receipt.json", "history.csv"}
    assert left >= {"model.keras", "labelled_rows.npy", "originals.npy", "reconstructions.npy"}
    assert "checkpoint.npz" not in left


def test_embedding_asks_for_a_trained_cell_and_names_the_stage(study):
    with pytest.raises(StoredStateError, match=r"models/supervised/tight.*'train' has not finished"):
        embed.run(arguments(study, "supervised", "tight"))


@pytest.mark.parametrize(("change", "instead", "message"), [
    ("pools: [2, 5], head", "pools: [2, 3], head", r"semi_supervised\.model\.pools: \[2, 3\].*40 pixels"),
    ("label_fraction: 0.25", "label_fraction: 0.7",
     r"approaches\.semi_supervised\.fit\.classify\.label_fraction: 0\.7 of 64 labelled faces are 45, .* holds 40"),
    ("loss: binary_crossentropy, optimizer: adamax", "loss: cross_entropy, optimizer: adamax",
     r"fit\.reconstruct\.loss: 'cross_entropy' .* expected binary_crossentropy or"),
    ("loss: binary_crossentropy, optimizer: adamax", "validate_on: valid, loss: binary_crossentropy, optimizer: adamax",
     r"fit\.reconstruct\.validate_on: unlabelled faces have no stored validation split"),
])
def test_what_a_recipe_cannot_have_is_said_by_its_key(study, tmp_path, change, instead, message):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.replace(change, instead))
    with pytest.raises(InputError, match=message):
        train.run(arguments(study, "semi_supervised", recipe=recipe, run=another_run(study, tmp_path)))


def test_labels_that_choose_the_epoch_count_as_used_and_the_test_split_is_left_alone(study, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.replace("epochs: 2, label_fraction: 0.25", "epochs: 6, label_fraction: 0.25, "
                                     "validate_on: valid, patience: 2, keep: best, schedule: {halved: {every: 2}}, "
                                     "augment: [flip, {crop: {min_side: 0.9}}]"))
    run = another_run(study, tmp_path)
    receipt = train.run(arguments(study, "semi_supervised", recipe=recipe, run=run))
    folder = RunLayout(run).model("semi_supervised", "gray")
    dataset = Dataset(RunLayout(run).dataset("target"))
    learnt, chosen = np.load(folder / "labelled_rows.npy"), np.load(folder / "choosing_rows.npy")
    assert (len(learnt), receipt.summary["labels_used"]) == (16, 16 + 8)
    assert chosen.tolist() == dataset.rows_in("valid").tolist()
    assert {"labelled_rows.npy", "choosing_rows.npy"} <= set(receipt.outputs)
    assert set(learnt) <= set(dataset.rows_in("train"))
    embed.run(arguments(study, "semi_supervised", recipe=recipe, run=run))
    evaluate.run(arguments(study, "semi_supervised", recipe=recipe, run=run))
    used = SCORE.read(RunLayout(run).score("semi_supervised", "gray")).labels_used
    assert (used.training, used.choosing, used.naming) == (16, 8, 0)
    assert receipt.summary["faces"]["classify"] == 16
    curve = [row for row in csv.DictReader((folder / "history.csv").open()) if row["phase"] == "classify"]
    assert receipt.summary["epochs"]["classify"] == len(curve)
    losses = [float(row["valid_loss"]) for row in curve]
    assert receipt.summary["best_epoch"] == {"classify": 1 + int(np.argmin(losses))}
    assert {path.suffix for path in folder.glob("*.npz")} == set(), "what only an interrupted training needs was left"


def test_too_little_memory_is_said_before_anything_is_built(study, tmp_path, monkeypatch):
    from fecemo.training import memory

    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000.0)
    run = another_run(study, tmp_path)
    message = r"supervised gray: the phase 'classify' needs about .* set batch_size to \d"
    with pytest.raises(ResourceError, match=message):
        train.run(arguments(study, "supervised", run=run))


def test_memory_that_runs_out_while_it_trains_is_said_with_a_smaller_batch(study, tmp_path, monkeypatch):
    from fecemo.training.step import TrainingStep

    monkeypatch.setattr(TrainingStep, "step", lambda *_: np.empty(2**50))
    message = (r"train supervised gray: the phase 'classify' ran out of memory on .* at batch_size \d+: "
               "set batch_size to")
    with pytest.raises(ResourceError, match=message):
        train.run(arguments(study, "supervised", run=another_run(study, tmp_path)))


def test_more_devices_than_one_can_share_out_to_are_refused(study, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text((study / "recipe.yaml").read_text() + "\ndevices: 4096\n")
    chosen = dataclasses.replace(arguments(study, "supervised", run=another_run(study, tmp_path)), recipe=recipe)
    with pytest.raises((InputError, ResourceError), match="devices: 4096 are asked for"):
        train.run(chosen)


def test_networks_are_described_layer_by_layer(study, trained):
    folder = RunLayout(study / "run").model("semi_supervised", "gray")
    described = json.loads((folder / "networks.json").read_text())
    assert described.keys() == {"pixels", "probabilities"}
    layers = described["probabilities"]["layers"]
    assert layers[-1]["output_shape"] == [len(EMOTIONS)]
    assert layers[-1]["activation"] == "softmax"
    parameters = json.loads((folder / "receipt.json").read_text())["summary"]["parameters"]
    assert sum(layer["parameters"] for layer in layers) == parameters["probabilities"]


def test_receipts_hold_plain_json(study, trained):
    document = json.loads((RunLayout(study / "run").model("semi_supervised", "gray") / "receipt.json").read_text())
    assert document["summary"]["loss"].keys() == {"reconstruct", "classify"}
    assert document["config"]["variant"]["name"] == "gray"
    assert document["seed"] == 3


def test_a_network_answers_for_the_classes_of_its_dataset(study, tmp_path):
    layout = RunLayout(tmp_path / "run")
    store(layout.dataset("target"), squares(8, 0), labels=["awe", *EMOTIONS[:6], "awe"], splits=["train"] * 8)
    train.run(arguments(study, "supervised", run=layout.run))
    described = json.loads((layout.model("supervised", "gray") / "networks.json").read_text())
    assert [7] in [layer["output_shape"] for part in described.values() for layer in part["layers"]]
