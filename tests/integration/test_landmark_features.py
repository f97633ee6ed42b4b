"""Measurements of faces, from the data set to rows of the table: by a stand-in for the landmark model."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from measured_faces import SOURCE, TARGET, UNSURE, Brightness, bright_rows, measure_again, write_dataset, write_study

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import read_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import STANDARD_HEAD
from fecemo.imaging.landmarks.features import COLUMNS
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES
from fecemo.models.approaches.landmarks import MEASURED
from fecemo.models.loss import LossTerm
from fecemo.models.losses.numbers import VectorError
from fecemo.stages import cluster, embed, evaluate, label, landmarks, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.landmarks import LandmarkSettings, extract_features
from fecemo.study.artifacts import Artifacts
from fecemo.study.faces import columns
from fecemo.study.faces.columns import RunFaces, read_column, read_run_faces
from fecemo.study.faces.data_names import measured
from fecemo.study.faces.examples import draw_examples
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from fecemo.training.augmentations.geometric import Flip
from fecemo.training.optimizers import Adam
from fecemo.training.settings import FitSettings


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    return folder, *write_study(folder)


def cell(study, approach):
    folder, layout, _ = study
    return CellArguments(folder / "recipe.yaml", layout.run, approach, "gray")


def test_every_face_has_its_numbers_in_its_row(study):
    _, layout, _ = study
    folder = layout.column("source", "landmark_features")
    stored = read_column(layout, "source", "landmark_features")
    assert (stored.values.shape, stored.values.dtype) == ((SOURCE, 261), np.float32)
    assert json.loads((folder / "columns.json").read_text()) == list(COLUMNS)
    sure = np.arange(SOURCE) % UNSURE != 2
    np.testing.assert_array_equal(np.load(folder / "scores.npy") >= 0.5, sure)
    opening = stored.values[:, COLUMNS.index("mouth opening")]
    assert (np.diff(opening[sure]) > 0).all(), "brighter faces stand in higher rows"
    light = (20 + 5 * np.flatnonzero(sure)) / 255
    height = np.linalg.norm(np.array(STANDARD_HEAD[points.FOREHEAD]) - (0, 1.2, 0))
    np.testing.assert_allclose(opening[sure], light / 2 / height, rtol=1e-4)
    np.testing.assert_allclose(stored.values[sure, COLUMNS.index("jaw open")], light / 2, rtol=1e-4)
    receipt = read_receipt(folder)
    assert (receipt.stage, receipt.summary) == ("landmarks", {"faces": SOURCE, "unsure": int((~sure).sum())})
    assert not list(folder.glob("block_*"))


def test_a_stopped_run_goes_on_and_ends_as_an_unbroken_one(study, tmp_path, monkeypatch):
    _, layout, model = study
    monkeypatch.setattr(landmarks, "BLOCK", 8)
    settings, out = LandmarkSettings(layout.dataset("source"), model, threads=1), tmp_path / "features"

    class Stopped(Brightness):
        def mesh(self, crop):
            if self.looks == 40:  # two looks a face, of which the first is sure: in the third block
                raise KeyboardInterrupt
            return super().mesh(crop)

    with pytest.raises(KeyboardInterrupt):
        extract_features(settings, out, Stopped)
    assert len(list(out.glob("block_*.npy"))) == 2
    assert read_receipt(out) is None
    landmarker = Brightness()
    receipt = extract_features(settings, out, lambda: landmarker)
    assert 2 * (SOURCE - 16) <= landmarker.looks <= 3 * (SOURCE - 16) < 2 * SOURCE, "two blocks are not measured again"
    assert receipt.digest == read_receipt(layout.column("source", "landmark_features")).digest


def test_nothing_is_measured_twice(study):
    _, layout, model = study

    def nobody():
        raise AssertionError("the features were there already")

    stored = read_receipt(layout.column("source", "landmark_features"))
    assert measure_again(layout, "source", model, nobody).digest == stored.digest


def test_features_of_another_dataset_are_refused(study, tmp_path):
    _, layout, _ = study
    other = RunLayout(tmp_path / "run")
    shutil.copytree(layout.column("source", "landmark_features"), other.column("source", "landmark_features"))
    shutil.copytree(layout.dataset("target"), other.dataset("source"))
    with pytest.raises(StoredStateError, match=r"was made from other faces than .*run the landmarks stage again"):
        read_column(other, "source", "landmark_features")
    with pytest.raises(StoredStateError, match="the stage 'landmarks' has not finished there"):
        read_column(other, "nowhere", "landmark_features")


def test_features_of_an_earlier_kind_are_refused(study, monkeypatch):
    _, layout, _ = study
    monkeypatch.setattr(columns, "COLUMNS", (*COLUMNS, "blush"))
    with pytest.raises(StoredStateError, match="261 numbers a face, and now others are measured, 262 of them; run"):
        read_column(layout, "target", "landmark_features")


class TestExamples:
    def settings(self, **over):
        return FitSettings((LossTerm(VectorError(), "landmark_features", MEASURED),), Adam(), 1e-3, epochs=1,
                           data=("source",), **over)

    def drawn(self, study, **over):
        faces = read_run_faces(study[1], "source", with_features=True)
        return faces, draw_examples({"source": faces}, self.settings(**over), 3, "a.fit.measure")

    def test_only_faces_that_were_measured_well(self, study):
        faces, (learnt, held) = self.drawn(study)
        assert held is None
        np.testing.assert_array_equal(learnt.rows, bright_rows(SOURCE))
        np.testing.assert_array_equal(learnt.targets["+".join(MEASURED)], faces.features.values[learnt.rows, :69])

    def test_some_are_drawn_and_some_held_out(self, study):
        faces, (learnt, held) = self.drawn(study, faces=20, validate_on=0.25)
        rows = np.union1d(learnt.rows, held.rows)
        assert len(rows) == len(learnt) + len(held) <= 20
        assert (rows % UNSURE != 2).all()
        np.testing.assert_array_equal(held.targets["+".join(MEASURED)], faces.features.values[held.rows, :69])

    def test_a_mirror_is_refused(self, study):
        with pytest.raises(InputError, match=r"a\.fit\.measure: no flip here"):
            self.drawn(study, augment=(Flip(),))

    def test_faces_that_nobody_measured_are_a_fault(self, study):
        with pytest.raises(ValueError, match="without their landmark features"):
            _ = RunFaces(Dataset(study[1].dataset("source"))).features


def test_the_landmark_features_row_embeds_standardized_landmark_features(study):
    _, layout, _ = study
    trained = train.run(cell(study, "landmark_features"))
    assert {"labelled_rows.npy", "model.keras", "networks.json"} <= set(trained.outputs)
    assert trained.summary["labels_used"] == 0
    assert set(trained.inputs) == {"dataset of source", "landmark_features of source"}
    embedded = embed.run(cell(study, "landmark_features"))
    assert set(embedded.inputs) == {"model", *(
        f"{kind} of {name}" for kind in ("dataset", "landmark_features") for name in ("source", "target"))}
    folder = layout.outputs("landmark_features", "gray")
    source, target = read_output(folder, "source", "embedding"), read_output(folder, "target", "embedding")
    np.testing.assert_array_equal(source.rows, bright_rows(SOURCE))
    np.testing.assert_array_equal(target.rows, np.arange(TARGET))
    learnt = read_column(layout, "source", "landmark_features").values[bright_rows(SOURCE)][:, 18:69]
    measured_values = np.load(layout.column("target", "landmark_features") / "landmark_features.npy")[:, 18:69]
    # Blendshapes have a common unit: their means are subtracted, and one number divides them all.
    expected = (measured_values - learnt.mean(axis=0)) / np.sqrt(learnt.var(axis=0).sum())
    np.testing.assert_allclose(target.values[:, 18:], np.where(learnt.std(axis=0) > 0, expected, 0), atol=1e-4)
    spread = np.square(source.values, dtype=np.float64).sum(axis=1).mean()
    assert spread == pytest.approx(2, abs=0.01), "distances and blendshapes add up to 1 each"


def test_groups_of_measurements_are_chosen_and_weighted_by_the_recipe(study):
    _, layout, _ = study
    train.run(cell(study, "with_gradients"))
    embed.run(cell(study, "with_gradients"))
    folder = layout.outputs("with_gradients", "gray")
    source, target = read_output(folder, "source", "embedding"), read_output(folder, "target", "embedding")
    assert target.values.shape == (TARGET, 261)
    power = np.square(source.values, dtype=np.float64).mean(axis=0)
    # Faces of one colour have no gradients.
    assert [power[:18].sum(), power[18:69].sum(), power[69:].sum()] == pytest.approx([1, 1, 0], abs=0.01)


def test_the_encoder_learns_to_measure_from_pixels_alone(study):
    _, layout, _ = study
    train.run(cell(study, "landmark_encoder"))
    embedded = embed.run(cell(study, "landmark_encoder"))
    assert set(embedded.inputs) == {"model", "dataset of source", "dataset of target"}
    target = read_output(layout.outputs("landmark_encoder", "gray"), "target", "landmark_features")
    bright = np.arange(TARGET) % UNSURE != 2
    opening = np.load(layout.column("target", "landmark_features") / "landmark_features.npy")[
        bright, COLUMNS.index("mouth opening")]
    predicted = target.values[bright, COLUMNS.index("mouth opening")]
    assert np.corrcoef(opening, predicted)[0, 1] > 0.9


def test_the_triplet_pixels_row_learns_what_raters_found_alike(study):
    _, layout, _ = study
    trained = train.run(cell(study, "triplet_pixels"))
    assert trained.summary["faces"] == {"measure": len(bright_rows(SOURCE)), "rate": 100}
    with (layout.model("triplet_pixels", "gray") / "history.csv").open() as file:
        right = [float(line["accuracy"]) for line in csv.DictReader(file) if line["phase"] == "rate"]
    assert right[-1] > 0.8
    embed.run(cell(study, "triplet_pixels"))
    source = read_output(layout.outputs("triplet_pixels", "gray"), "source", "embedding")
    assert source.values.shape == (SOURCE, 3)
    np.testing.assert_allclose(np.linalg.norm(source.values, axis=1), 1, rtol=1e-5)


def test_what_was_measured_again_makes_what_was_made_from_it_stale(study, tmp_path):
    _, layout, model = study
    train.run(cell(study, "landmark_features"))
    embed.run(cell(study, "landmark_features"))
    where, artifacts = ("landmark_features", "gray"), cell(study, "landmark_features").artifacts
    assert artifacts.status("outputs", *where).state == "current"

    class Other(Brightness):
        def blendshapes(self, landmarks):
            return super().blendshapes(landmarks) + np.float32(0.1)

    other = tmp_path / "other.task"
    other.write_text("another model")
    try:
        measure_again(layout, "target", other, Other)
        with pytest.raises(StoredStateError, match="made from a previous version of landmark features of target"):
            artifacts.require("outputs", *where)
    finally:
        measure_again(layout, "target", model)


def test_rows_wait_for_a_landmark_model(study, tmp_path):
    folder, _, _ = study
    text = (folder / "recipe.yaml").read_text()
    recipe = read_recipe(folder / "recipe.yaml")
    assert [recipe.waits_for(row) for row in recipe.approaches] == [None] * 7
    missing = tmp_path / "recipe.yaml"
    missing.write_text(text.replace(str(study[2]), "nowhere.task"))
    for row in recipe.approaches:
        assert "face landmark model in nowhere.task" in read_recipe(missing).waits_for(row)
    assert measured(recipe.approach_of("landmark_features")) == ("source", "target")
    assert measured(recipe.approach_of("landmark_encoder")) == ("source",)


def test_the_stage_refuses_a_missing_model_before_it_works(study, tmp_path):
    _, layout, _ = study
    with pytest.raises(InputError, match=r"there is no model nowhere\.task"):
        landmarks.run(LandmarkSettings(layout.dataset("source"), Path("nowhere.task")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Expressive(Brightness):
    """Bright faces are surprised, dark ones smile."""

    def blendshapes(self, landmarks):
        shapes = super().blendshapes(landmarks)
        light, moved = shapes[25], {name: place for place, name in enumerate(BLENDSHAPE_NAMES, 1)}
        for name in ("brow inner up", "brow outer up left", "brow outer up right", "eye wide left", "eye wide right"):
            shapes[moved[name]] = light
        for name in ("mouth smile left", "mouth smile right"):
            shapes[moved[name]] = 0.5 - light
        return shapes


@pytest.mark.parametrize("method", ["action_units", "drawn_faces"])
def test_clusters_are_named_without_a_label_of_a_person(study, tmp_path, method):
    folder = study[0]
    shutil.copytree(folder, tmp_path / "copy")
    recipe = tmp_path / "copy" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(str(folder), str(tmp_path / "copy"))
                      .replace("landmark_features: {fit: {}}", "landmark_features: {score_on: unused_labels, fit: {}}")
                      .replace("roles:", "  drawn: {draw: {faces_per_class: 4}}\nroles:")
                      + f"\nnaming: {{method: {method}, drawn: drawn}}\n")
    arguments = CellArguments(recipe, tmp_path / "copy" / "run", "landmark_features", "gray")
    layout = arguments.layout
    model = tmp_path / "copy" / study[2].name
    model.write_text("another model")
    for name in ("source", "target"):
        measure_again(layout, name, model, Expressive)
    # Dark faces are drawn happy and light ones surprised, as the stand-in for the landmark model has them.
    write_dataset(layout.dataset("drawn"), SOURCE, labelled=True,
                  label_of=lambda row: "happy" if row < SOURCE // 2 else "surprise")
    for stage in (train, embed, cluster):
        stage.run(arguments)
    if method == "drawn_faces":
        with pytest.raises(StoredStateError, match=r"drawn/landmark_features .*'landmarks' has not finished"):
            label.run(arguments)
        measure_again(layout, "drawn", model, Expressive)
    receipt = label.run(arguments)
    assert "landmark_features of source" in receipt.inputs
    assert ("landmark_features of drawn" in receipt.inputs) == (method == "drawn_faces")
    assert receipt.summary["labels_used"] == 0
    column = read_column(layout, "source", "landmark_features")
    light = column.groups(["blendshapes"])[bright_rows(SOURCE), BLENDSHAPE_NAMES.index("brow inner up")]
    groups = np.load(layout.clusters("landmark_features", "gray") / "source_clusters.npy")
    order = sorted(range(int(groups.max()) + 1), key=lambda group: light[groups == group].mean())
    names = receipt.summary["names"]
    assert [names[str(order[0])], names[str(order[-1])]] == ["happy", "surprise"]
    evaluate.run(arguments)
    the_names_of_a_person_take_the_place_of_suggestions(arguments, len(names))


def the_names_of_a_person_take_the_place_of_suggestions(arguments, n_clusters):
    where, layout = (arguments.approach, arguments.variant), arguments.layout
    template = json.loads((layout.clusters(*where) / "names.template.json").read_text())
    path = layout.hand_names(*where)
    path.parent.mkdir(parents=True)

    def named(count, name="sad"):
        names = {str(cluster): name if cluster < count else "" for cluster in range(n_clusters)}
        path.write_text(json.dumps({**template, "by": "ann", "names": names}))
        return arguments.artifacts.status("names", *where)

    assert named(n_clusters - 1).state == "current"  # names that are not complete wait
    assert str(named(n_clusters)) == ("the names of landmark_features gray were made without hand names; run the label "
                                      "stage again")
    assert Artifacts(layout).status("names", *where).state == "stale"  # for whom no recipe is at hand, too
    assert set(label.run(arguments).summary["names"].values()) == {"sad"}
    assert Artifacts(layout).status("names", *where).state == "current"
    assert arguments.artifacts.status("names", *where).state == "current"
    assert "from a previous version of hand names" in str(named(n_clusters, "anger"))
    path.write_text("no names")
    assert arguments.artifacts.status("names", *where).state == "stale"
    with pytest.raises(InputError, match=r"gray\.json"):
        label.run(arguments)


def test_a_process_that_has_built_no_model_reads_one_with_layers_of_fecemo(study):
    _, layout, _ = study
    train.run(cell(study, "landmark_features"))
    program = ("import sys, fecemo, numpy as np;"
               "encoder = fecemo.open_run(sys.argv[1]).encoder('landmark_features', 'gray');"
               "columns = {column: np.ones((2, encoder.model.input[name].shape[1]), 'float32')"
               " for name, column in encoder.inputs.items()};"
               "print(encoder.transform(columns).shape)")
    done = subprocess.run([sys.executable, "-c", program, str(layout.run)], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "(2, 69)", done.stderr
