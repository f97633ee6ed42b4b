"""Rows whose networks take no pixels: rated similarity of measurements, and a head on another row's embedding."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from measured_faces import SOURCE, TARGET, bright_rows, write_study

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import read_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.imaging.landmarks.features import columns_of
from fecemo.stages import embed, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.faces.data_names import embedded, learnt_from
from fecemo.study.faces.triplets import read_triplets
from fecemo.study.recipe_file import read_recipe
from fecemo.training.network_file import load_network

DYING = Path(__file__).with_name("dying_training.py")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    layout, _ = write_study(folder)
    for row in ("triplet_landmarks", "landmark_features", "few_labels"):
        train.run(cell((folder, layout), row))
        embed.run(cell((folder, layout), row))
    return folder, layout


def cell(study, row):
    folder, layout = study
    return CellArguments(folder / "recipe.yaml", layout.run, row, "gray")


def learning_curve(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


class TestTripletLandmarks:
    def test_it_learns_what_raters_found_alike(self, study):
        _, layout = study
        source = read_output(layout.outputs("triplet_landmarks", "gray"), "source", "embedding")
        np.testing.assert_array_equal(source.rows, bright_rows(SOURCE))
        assert source.values.shape == (len(source.rows), 3)
        np.testing.assert_allclose(np.linalg.norm(source.values, axis=1), 1, rtol=1e-5)
        vectors = np.zeros((SOURCE, 3))
        vectors[source.rows] = source.values
        first, second, odd = np.moveaxis(
            vectors[read_triplets(layout.dataset("source"), Dataset(layout.dataset("source")).ids).rows], 1, 0)
        apart = [np.linalg.norm(a - b, axis=1) for a, b in ((first, second), (first, odd), (second, odd))]
        assert np.mean(apart[0] < np.minimum(apart[1], apart[2])) > 0.85, "a third would be chance"
        target = read_output(layout.outputs("triplet_landmarks", "gray"), "target", "embedding")
        np.testing.assert_array_equal(target.rows, np.arange(TARGET))

    def test_its_inputs_are_scaled_by_the_faces_that_it_learns_from(self, study):
        """The file is whole by itself: it takes measurements as they were stored."""
        _, layout = study
        receipt = read_receipt(layout.model("triplet_landmarks", "gray"))
        assert set(receipt.inputs) == {"dataset of source", "landmark_features of source"}
        assert receipt.summary["labels_used"] == 0
        assert "held_out" not in receipt.summary
        model = load_network(layout.model("triplet_landmarks", "gray") / "model.keras")
        stored = np.load(layout.column("source", "landmark_features") / "landmark_features.npy")
        learnt = stored[bright_rows(SOURCE)][:, columns_of(["distances"])]
        layer = model.get_layer("standardization_distances")
        np.testing.assert_allclose(layer.mean, learnt.mean(axis=0), atol=1e-6)
        varies = learnt.std(axis=0) > 0.01
        scaled = np.asarray(layer(learnt))
        np.testing.assert_allclose(scaled[:, varies].std(axis=0), 1, rtol=1e-3)
        assert np.abs(scaled[:, ~varies]).max() < 1, "what hardly varies is not made large"
        parts = {group: stored[:, columns_of([group])] for group in model.input}
        made = model.predict_on_batch(parts)["embedding"]
        source = read_output(layout.outputs("triplet_landmarks", "gray"), "source", "embedding")
        np.testing.assert_allclose(made[source.rows], source.values, atol=1e-5)

    def test_killed_it_ends_with_the_weights_of_an_unbroken_run(self, study, tmp_path):
        """Though its network leaves out by chance: what chance does next is part of the checkpoint."""
        folder, layout = study
        b = tmp_path / "run"
        b.mkdir()
        for name in ("datasets", "columns"):
            (b / name).symlink_to(layout.run / name, target_is_directory=True)
        arguments = CellArguments(folder / "recipe.yaml", b, "triplet_landmarks", "gray")
        done = subprocess.run([sys.executable, DYING, arguments.recipe, b, "triplet_landmarks", "gray", "4"],
                              capture_output=True, text=True, timeout=120,
                              env={**os.environ, "PYTHONPATH": str(DYING.parents[2])})
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
        broken = b / "models" / "triplet_landmarks" / "gray"
        assert len(learning_curve(broken)) == 3
        assert read_receipt(broken) is None
        receipt = train.run(arguments)
        assert receipt.outputs == read_receipt(layout.model("triplet_landmarks", "gray")).outputs


def test_rated_similarity_is_learnt_on_another_row_s_embedding_where_there_is_one(study):
    """The landmark model was not sure of every source face: those have no embedding and no triplet."""
    _, layout = study
    trained = train.run(cell(study, "triplet_embedding"))
    assert set(trained.inputs) == {"dataset of source", "outputs of landmark_features"}
    curve = learning_curve(layout.model("triplet_embedding", "gray"))
    n_held_out = trained.summary["held_out"]["rate"]
    right = float(curve[-1]["valid_accuracy"]) * n_held_out
    assert 0 <= right <= n_held_out
    assert right == pytest.approx(round(right), abs=1e-4)
    embed.run(cell(study, "triplet_embedding"))
    source = read_output(layout.outputs("triplet_embedding", "gray"), "source", "embedding")
    np.testing.assert_array_equal(source.rows, bright_rows(SOURCE))

def test_a_head_on_another_rows_embedding_is_exported_with_the_row_behind_it(study, tmp_path):
    pytest.importorskip("tf2onnx")
    from fecemo.stages import export_model
    from fecemo.stages.exported_model import ExportedModel

    _, layout = study
    export_model.run(export_model.ModelExportSettings(layout.run, "few_labels", "gray", formats=("onnx",)), tmp_path)
    exported = ExportedModel.read(tmp_path)
    assert set(exported.columns) == {"landmark_features.distances", "landmark_features.blendshapes"}
    measured = np.load(layout.column("target", "landmark_features") / "landmark_features.npy")
    answers = exported.answers({name: measured[:, columns_of([name.partition(".")[2]])] for name in exported.columns})
    stored = read_output(layout.outputs("few_labels", "gray"), "target", "probabilities")
    np.testing.assert_allclose(answers.probabilities[stored.rows], stored.values, atol=1e-4)
    card = json.loads((tmp_path / "model_card.json").read_text())
    assert [name for name, stated in card["data"].items() if stated["learnt_from"]] == ["source", "target"]


class TestHead:
    def test_it_learns_from_labels_on_the_embedding_of_another_row(self, study):
        _, layout = study
        folder = layout.model("few_labels", "gray")
        embedded_faces = read_receipt(layout.outputs("landmark_features", "gray"))
        assert read_receipt(folder).inputs == {
            "dataset of target": Dataset(layout.dataset("target")).receipt.digest,
            "outputs of landmark_features": embedded_faces.digest}
        curve = learning_curve(folder)
        assert float(curve[-1]["loss"]) < 0.95 * float(curve[0]["loss"])
        assert float(curve[-1]["accuracy"]) > float(curve[0]["accuracy"])
        assert len(np.load(folder / "labelled_rows.npy")) == TARGET
        probabilities = read_output(layout.outputs("few_labels", "gray"), "target", "probabilities")
        assert probabilities.values.shape == (TARGET, 8)
        np.testing.assert_allclose(probabilities.values.sum(axis=1), 1, rtol=1e-5)
        assert not (layout.outputs("few_labels", "gray") / "source").exists()
        vectors = read_output(layout.outputs("landmark_features", "gray"), "target", "embedding").values
        model = load_network(folder / "model.keras")
        made = model.predict_on_batch({"embedding": np.asarray(vectors)})["probabilities"]
        np.testing.assert_allclose(made, probabilities.values, atol=1e-5)

    def test_nothing_but_embeddings_is_asked_for(self, study):
        recipe = read_recipe(study[0] / "recipe.yaml")
        assert embedded(recipe.approach_of("few_labels")) == ("target",)
        assert learnt_from(recipe.approach_of("few_labels")) == {"target": False}

    def test_a_row_that_was_trained_again_makes_what_was_made_from_it_stale(self, study, tmp_path):
        folder, layout = study
        row, artifacts = ("few_labels", "gray"), cell(study, "few_labels").artifacts
        assert artifacts.status("outputs", *row).state == "current"
        text = (folder / "recipe.yaml").read_text()
        b = tmp_path / "recipe.yaml"
        b.write_text(text.replace("  landmark_features: {fit: {}}",
                                      "  landmark_features: {model: {distances: 2.0}, fit: {}}"))
        train.run(CellArguments(b, layout.run, "landmark_features", "gray"))
        changed = CellArguments(b, layout.run, *row)
        try:
            for stage in (train, embed):
                with pytest.raises(StoredStateError, match=r"outputs of landmark_features gray were made .*run the em"):
                    stage.run(changed)
                with pytest.raises(StoredStateError, match=r"model of landmark_features gray was made with other set"):
                    stage.run(cell(study, row[0]))
            embed.run(CellArguments(b, layout.run, "landmark_features", "gray"))
            assert str(changed.artifacts.status("outputs", *row)) == (
                "the model of few_labels gray was made from a previous version of outputs of landmark_features; run "
                "the train stage again")
        finally:
            train.run(cell(study, "landmark_features"))
            embed.run(cell(study, "landmark_features"))
        assert artifacts.status("outputs", *row).state == "current"

    def test_a_row_that_is_not_embedded_yet_is_asked_for(self, study, tmp_path):
        folder, layout = study
        (tmp_path / "datasets").symlink_to(layout.run / "datasets", target_is_directory=True)
        with pytest.raises(StoredStateError, match=r"models/landmark_features/gray.*the stage 'train' has not"):
            train.run(CellArguments(folder / "recipe.yaml", tmp_path, "few_labels", "gray"))


@pytest.mark.parametrize(("old", "new", "message"), [
    ("head\n    embeddings_from: landmark_features\n", "head\n",
     r"approaches\.few_labels\.embeddings_from: name the row whose embeddings this one takes"),
    ("head\n    embeddings_from: landmark_features\n", "head\n    embeddings_from: landmark_feature\n",
     r"approaches\.few_labels\.embeddings_from: no row 'landmark_feature' in this recipe: .*landmark_features"),
    ("head\n    embeddings_from: landmark_features\n", "head\n    embeddings_from: few_labels\n",
     r"few_labels from few_labels: a row cannot be made from itself"),
    ("head\n    embeddings_from: landmark_features\n", "head\n    embeddings_from: other\n",
     r"embeddings_from: other gives probabilities of emotions and no embeddings"),
    ("  landmark_features: {fit: {}}", "  landmark_features: {embeddings_from: with_gradients, fit: {}}",
     r"landmark_features\.embeddings_from: landmark_features takes no other row's embeddings"),
    ("  landmark_features: {fit: {}}", "  landmark_features: {variants: [rgb], fit: {}}",
     r"landmark_features does not run on gray"),
    ("  landmark_features: {fit: {}}", "  landmark_features: {model: {distances: 0.0, blendshapes: 0.0}, fit: {}}",
     r"approaches\.landmark_features\.model\.?.*distances: nothing is left of a face"),
    ("batch_size: 16}}", "batch_size: 16, augment: flip}}",
     r"approaches\.triplet_landmarks\.fit\.rate: triplet_landmarks takes no pixels, so that there is nothing to"),
])
def test_an_unsound_recipe_is_refused_at_the_door(study, tmp_path, old, new, message):
    text = (study[0] / "recipe.yaml").read_text().replace("variants: [gray]", "variants: [gray, rgb]")
    assert text.count(old) == 1
    b = "  other: {approach: head, embeddings_from: landmark_features, " \
            "fit: {classify: {loss: cross_entropy, " \
            "optimizer: adam, learning_rate: 0.01, epochs: 1}}}\n"
    (tmp_path / "recipe.yaml").write_text(text.replace(old, new) + b)
    with pytest.raises(InputError, match=message):
        read_recipe(tmp_path / "recipe.yaml")


def test_a_row_waits_for_what_the_row_behind_it_waits_for(study, tmp_path):
    text = (study[0] / "recipe.yaml").read_text().replace(str(study[0] / "stand_in.task"), "nowhere.task")
    (tmp_path / "recipe.yaml").write_text(text)
    waiting = read_recipe(tmp_path / "recipe.yaml").waits_for("few_labels")
    assert waiting.startswith("waits for the row landmark_features, which waits for a face landmark model in "
                              "nowhere.task")
