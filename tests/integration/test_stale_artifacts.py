"""Figures of a run whose recipe says something else by now than what its stages ran with."""

import dataclasses
import shutil

import pytest
import yaml

from fecemo.data.receipts import read_receipt, write_receipt
from fecemo.evaluation.records.score import SCORE
from fecemo.stages import cluster, evaluate, label, table
from fecemo.stages.tables.report import read_material
from fecemo.stages.tables.results import read_run
from fecemo.study.artifacts import Artifacts
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_receipt
from tests.integration.planted_run import Planted


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run of which three rows are scored, one of them made of the embeddings of another."""
    planted = Planted(tmp_path_factory.mktemp("otherwise"))
    for row in ("contrastive", "triplet_embedding"):
        for stage in (cluster, label, evaluate):
            stage.run(planted.cell(row))
        planted.group(row)
    evaluate.run(planted.cell("supervised"))
    return planted


def changed(planted, tmp_path, change):
    """Return the study of the run's recipe with a change in it, and the run's layout."""
    document = yaml.safe_load(planted.recipe.read_text())
    change(document)
    recipe = tmp_path / "changed.yaml"
    recipe.write_text(yaml.safe_dump(document, sort_keys=False))
    return read_recipe(recipe), planted.layout


def epochs(row, phase):
    return lambda recipe: recipe["approaches"][row]["fit"][phase].update(epochs=7)


def scored(study, layout):
    return {row for (row, _), cell in read_run(study, layout).cells.items() if cell.score is not None}


def test_an_unchanged_recipe_finds_all_that_ran(run, tmp_path):
    study, layout = changed(run, tmp_path, lambda recipe: None)
    assert scored(study, layout) == {"contrastive", "triplet_embedding", "supervised"}
    for row in ("contrastive", "triplet_embedding"):
        assert Artifacts(layout, study).status("score", row, "gray").state == "current"


@pytest.mark.parametrize(("change", "left", "message"), [
    (epochs("supervised", "classify"), {"contrastive", "triplet_embedding"},
     "the model of supervised gray was made with other settings than the recipe's: fit.classify.epochs was 1, is 7"),
    # What is made of another row's embeddings goes with that row.
    (epochs("contrastive", "contrast"), {"supervised"}, "model of contrastive gray was made with other"),
    (epochs("triplet_embedding", "rate"), {"contrastive", "supervised"}, "triplet_embedding gray was made with other"),
    (lambda recipe: recipe.update(clustering={"max_iter": 9}), {"supervised"},
     "clusters of contrastive gray were made"),
    (lambda recipe: recipe["approaches"]["triplet_embedding"].update(embeddings_from="dense_autoencoder"),
     {"contrastive", "supervised"},
     "triplet_embedding gray was made from outputs of contrastive, which the recipe does not name"),
    (lambda recipe: recipe["approaches"]["supervised"].update(frozen=["classifier"]),
     {"contrastive", "triplet_embedding"},
     "frozen was not set, is ['classifier']"),
    (lambda recipe: recipe.update(naming={"method": "hand"}), {"supervised"},
     "names of contrastive gray were made with other settings than the recipe's: method was majority_vote, is hand; "
     "name its clusters in notebooks/label_clusters.ipynb, or in a copy of "),
    (lambda recipe: recipe.update(evaluation={"bootstrap": 100}), set(), "run the evaluate stage again"),
    (lambda recipe: recipe.update(face_side=96), set(), "the model of contrastive gray was made with other settings"),
])
def test_figures_of_other_settings_are_shown_as_not_run(run, tmp_path, capsys, change, left, message):
    study, layout = changed(run, tmp_path, change)
    assert scored(study, layout) == left
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("change", "left", "tested"), [
    (epochs("contrastive", "contrast"), set(), set()),
    (epochs("triplet_embedding", "rate"), {"contrastive"}, set()),
    (lambda recipe: recipe.update(naming={**recipe.get("naming", {}), "sample": 90}), set(), {"triplet_embedding"}),
    # Table 2 makes its own clusters: of how many Table 1 is made is nothing to it.
    (lambda recipe: recipe.update(clustering={"n_clusters": 4}), {"contrastive", "triplet_embedding"},
     {"triplet_embedding"}),
])
def test_clusters_of_other_settings_are_no_row_of_table_2(run, tmp_path, change, left, tested):
    study, layout = changed(run, tmp_path, change)
    rows = read_run(study, layout).cells.values()
    assert {row.row.name for row in rows if row.sweep is not None} == left
    assert {row.row.name for row in rows if row.triplets is not None} == tested


def test_weights_that_the_recipe_begins_or_ceases_to_name_make_a_model_stale(run, tmp_path):
    weights, folder = tmp_path / "weights", run.layout.model("supervised", "gray")
    plain = changed(run, tmp_path, lambda recipe: None)[0]
    begun = changed(run, tmp_path, lambda recipe: recipe["approaches"]["supervised"].update(pretrained=str(weights)))[0]
    weights.mkdir()
    held, made = read_receipt(folder), write_receipt(weights, "convert weights", config={}, inputs={}, files=[],
                                                     seconds=1.0)

    def is_stale(study):
        return Artifacts(run.layout, study).status("model", "supervised", "gray").state == "stale"

    try:
        for inputs, states in (({}, (False, True)), ({"pretrained": made.digest}, (True, False)),
                               ({"pretrained": "another"}, (True, True))):
            write_receipt(folder, "train", config=held.config, inputs={**held.inputs, **inputs},
                          files=list(held.outputs), seconds=1.0)
            assert (is_stale(plain), is_stale(begun)) == states
        shutil.rmtree(weights)
        assert not is_stale(begun), "weights that are not there any more tell nothing"
    finally:
        write_receipt(folder, "train", config=held.config, inputs=held.inputs, files=list(held.outputs), seconds=1.0)


def test_the_report_shows_nothing_of_what_was_made_otherwise(run, tmp_path):
    study, layout = changed(run, tmp_path, epochs("contrastive", "contrast"))
    cells = {cell.row.name: cell for cell in read_material(study, layout, read_run(study, layout)).cells}
    for row in ("contrastive", "triplet_embedding"):
        assert (cells[row].score, cells[row].sizes, cells[row].names, cells[row].model) == (None, {}, {}, None)
    assert cells["supervised"].score is not None


def test_the_machine_is_no_setting(run, tmp_path):
    study, layout = changed(run, tmp_path, lambda recipe: recipe.update(threads=1, devices=1))
    assert len(scored(study, layout)) == 3


def test_a_further_seed_is_held_to_its_own_settings(tmp_path, capsys):
    planted = Planted(tmp_path, seeds=[6])
    evaluate.run(planted.cell("supervised"))
    study, layout = read_recipe(planted.recipe), planted.layout.of_seed(6)
    for seed, faults in ((6, 0), (5, 1)):
        seeded = study if seed == 5 else study.with_seed(6, "recipe")
        shutil.rmtree(layout.run, ignore_errors=True)
        for kind in ("model", "outputs", "score"):
            first, folder = (Artifacts(home).folder(kind, "supervised", "gray") for home in (planted.layout, layout))
            shutil.copytree(first, folder)
            if kind == "score":
                SCORE.write(folder, dataclasses.replace(SCORE.read(first), seed=6))
            leave_receipt(seeded, layout, kind, "supervised", "gray", list(read_receipt(first).outputs))
        frame = read_run(study, planted.layout).results.figures
        assert frame[frame["metric"] == "accuracy"]["seeds"].eq(2).sum() == 1 - faults
        message = "the model of supervised gray was made with other settings than the recipe's: seed was 5, is 6"
        assert capsys.readouterr().err.count(message) == faults


def test_the_tables_are_written_again(run, tmp_path):
    table.run((run.layout.run,), run.recipe)
    before = (run.layout.run / "table1.md").read_text()
    document = yaml.safe_load(run.recipe.read_text())
    epochs("supervised", "classify")(document)
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(document, sort_keys=False))
    table.run((run.layout.run,), other)
    assert (run.layout.run / "table1.md").read_text() != before
    table.run((run.layout.run,), run.recipe)
    assert (run.layout.run / "table1.md").read_text() == before
