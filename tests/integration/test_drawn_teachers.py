"""Drawn faces as teachers: rows that learn from them alone or beside people's, by a stand-in for the landmark model."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from measured_faces import Brightness, bright_rows, measure_again, write_dataset

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import read_receipt
from fecemo.errors import InputError
from fecemo.stages import embed, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.face_inputs import FaceInputs, match_moments
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe
from fecemo.study.supervision import supervision_of

FACES = 24
RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
CLASSIFY = {"loss": "cross_entropy", "optimizer": "adam", "learning_rate": 0.02, "epochs": 60, "batch_size": 8}
ROWS = {
    "drawn_raw": {"data": ["drawn"]},
    "drawn_only": {"data": ["drawn"], "moments_of": "target.train"},
    "drawn_and_few": {"data": ["target.train", "drawn"], "label_fraction": 0.25, "moments_of": "target.train"},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers")
    model = folder / "stand_in.task"
    model.write_text("no model is asked")
    rows = {name: {"approach": "landmark_classifier", "model": {"head": []}, "fit": {"classify": {**CLASSIFY, **fit}}}
            for name, fit in ROWS.items()}
    (folder / "recipe.yaml").write_text(yaml.safe_dump({
        "name": "teachers", "title": "Teachers", "seed": 3, "face_side": 20, "variants": ["gray"],
        "landmark_model": str(model), "roles": {"target": "people"}, "approaches": rows,
        "datasets": {"people": {"import": {"images": "x"}}, "drawn": {"draw": {"faces_per_class": 12}}}}))
    layout = CellArguments(folder / "recipe.yaml", folder / "run", "drawn_raw", "gray").layout
    # Of either set the darker faces are happy; all of the drawn ones are lighter than most of the others.
    for name, lighter in (("people", 0), ("drawn", 110)):
        write_dataset(layout.dataset(name), FACES, True, lighter, 1000 * lighter,
                      lambda row: "happy" if row < FACES // 2 or row not in bright_rows(FACES) else "surprise")
        measure_again(layout, name, model, Brightness)
    return folder, layout


def learnt(study, row):
    folder, layout = study
    arguments = CellArguments(folder / "recipe.yaml", layout.run, row, "gray")
    train.run(arguments)
    embed.run(arguments)
    receipt = read_receipt(layout.model(row, "gray"))
    shares = read_output(layout.outputs(row, "gray"), "people", "probabilities")
    people, sure = Dataset(layout.dataset("people")), np.isin(shares.rows, bright_rows(FACES))
    answers = np.array(receipt.summary["classes"])[np.asarray(shares.values).argmax(axis=1)]
    return float(np.mean((answers == people.labels[shares.rows])[sure])), receipt


def test_drawn_faces_teach_once_their_moments_are_matched_and_cost_no_label(study):
    raw, _ = learnt(study, "drawn_raw")
    matched, receipt = learnt(study, "drawn_only")
    assert raw < 0.75 < 0.85 < matched
    assert receipt.summary["labels_used"] == 0
    assert receipt.summary["annotations_elsewhere"] == {"labelled_rows_drawn": FACES, "choosing_rows_drawn": 0}
    recipe = read_recipe(study[0] / "recipe.yaml")
    words = supervision_of(resolve(recipe, "drawn_only", "gray")).words
    assert words == "faces, a landmark model, drawn faces with labels"


def test_beside_a_few_labels_of_people(study):
    right, receipt = learnt(study, "drawn_and_few")
    assert right > 0.85
    assert 0 < receipt.summary["labels_used"] <= FACES // 4


def test_moments_are_those_of_the_reference_over_faces_that_may_be_learnt_from():
    people = FaceInputs({"numbers": np.array([[0.0, 5.0], [2.0, 5.0], [99.0, 99.0]], np.float32)},
                        np.array([True, True, False]))
    drawn = FaceInputs({"numbers": np.array([[10.0, 1.0], [14.0, 1.0], [0.0, 0.0]], np.float32)},
                       np.array([True, True, False]))
    matched = match_moments({"people": people, "drawn": drawn}, "people", np.arange(3))
    np.testing.assert_allclose(matched["drawn"].columns["numbers"], [[0, 5], [2, 5], [-5, 5]])
    assert matched["people"].columns["numbers"] is people.columns["numbers"]


@pytest.mark.parametrize(("approach", "moments_of", "message"), [
    ("landmark_classifier", "target.test", r"moments_of: nothing learns from the test split"),
    ("landmark_classifier", "peopel.train", r"moments_of: there is no data set 'peopel': did you mean 'people'"),
    ("landmark_classifier", "target.triplets", r"moments_of: expected faces, such as target\.train"),
    ("small_resnet", "target.train", r"moments_of: no numbers of a data set enter small_resnet"),
])
def test_what_has_no_moments_is_refused(study, tmp_path, approach, moments_of, message):
    document = yaml.safe_load((study[0] / "recipe.yaml").read_text())
    fit = {"classify": {**CLASSIFY, "moments_of": moments_of}}
    document["approaches"] = {"row": {"approach": approach, "fit": fit}}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(InputError, match=message):
        resolve(read_recipe(tmp_path / "recipe.yaml"), "row", "gray")


def test_every_row_of_the_shipped_recipe_resolves_and_says_what_it_costs():
    recipe = read_recipe(RECIPES / "synthesis.yaml")
    words = {row: supervision_of(resolve(recipe, row, "gray")).words for row in recipe.approaches}
    assert words["drawn_only"] == words["drawn_raw"] == "faces, a landmark model, drawn faces with labels"
    for row in ("fifth_drawn", "fifth_synthetic", "pixels_fifth", "pixels_fifth_synthetic"):
        assert "20 % of the labels" in words[row]
    assert resolve(recipe, "drawn_only", "gray").learnt_from == {"drawn": True, "ferplus": True}
