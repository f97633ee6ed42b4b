"""Figures of a run whose recipe says something else by now than what its stages ran with."""

import dataclasses
import shutil

import pytest
import yaml

from fecemo.data.receipts import read_receipt, write_receipt
from fecemo.stages import cluster, evaluate, label, table
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.embed import embed_config
from fecemo.stages.table import read_table
from fecemo.stages.tables.cost_table import read_cost_table
from fecemo.stages.tables.made_otherwise import made_otherwise
from fecemo.stages.tables.report import read_material
from fecemo.stages.train import train_config
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe
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
    said = yaml.safe_load(planted.recipe.read_text())
    change(said)
    recipe = tmp_path / "changed.yaml"
    recipe.write_text(yaml.safe_dump(said, sort_keys=False))
    return read_recipe(recipe), planted.layout


def epochs(row, phase):
    return lambda said: said["approaches"][row]["fit"][phase].update(epochs=7)


def test_an_unchanged_recipe_finds_all_that_ran(run, tmp_path):
    study, layout = changed(run, tmp_path, lambda said: None)
    assert {row for row, _ in read_table(study, layout).scores} == {"contrastive", "triplet_embedding", "supervised"}
    for row in ("contrastive", "triplet_embedding"):
        assert made_otherwise(resolve(study, row, "gray"), layout, "model", "embeddings", "clusters") is None


@pytest.mark.parametrize(("change", "left", "said"), [
    (epochs("supervised", "classify"), {"contrastive", "triplet_embedding"}, "supervised gray was trained with other"),
    # What is made of another row's embeddings goes with that row.
    (epochs("contrastive", "contrast"), {"supervised"}, "contrastive gray was trained with other settings"),
    (epochs("triplet_embedding", "rate"), {"contrastive", "supervised"}, "triplet_embedding gray was trained"),
    (lambda said: said.update(clustering={"max_iter": 9}), {"supervised"}, "contrastive gray was clustered with other"),
    (lambda said: said["approaches"]["triplet_embedding"].update(of="dense_autoencoder"), {"contrastive", "supervised"},
     "triplet_embedding gray was trained with other"),
    (lambda said: said["approaches"]["supervised"].update(frozen=["classifier"]), {"contrastive", "triplet_embedding"},
     "supervised gray was trained with other"),
    (lambda said: said.update(face_side=96), set(), "contrastive gray was trained with other settings"),
])
def test_figures_of_other_settings_are_shown_as_not_run(run, tmp_path, capsys, change, left, said):
    study, layout = changed(run, tmp_path, change)
    assert {row for row, _ in read_table(study, layout).scores} == left
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("change", "left", "tested"), [
    (epochs("contrastive", "contrast"), set(), set()),
    (epochs("triplet_embedding", "rate"), {"contrastive"}, set()),
    (lambda said: said.update(naming={**said.get("naming", {}), "sample": 90}), set(), {"triplet_embedding"}),
    # Table 2 makes its own clusters: of how many Table 1 is made is nothing to it.
    (lambda said: said.update(clustering={"n_clusters": 4}), {"contrastive", "triplet_embedding"},
     {"triplet_embedding"}),
])
def test_clusters_of_other_settings_are_no_row_of_table_2(run, tmp_path, change, left, tested):
    study, layout = changed(run, tmp_path, change)
    rows = read_cost_table(study, layout, read_table(study, layout)).rows
    assert {row.row.name for row in rows if row.cluster_sweep is not None} == left
    assert {row.row.name for row in rows if row.triplets is not None} == tested


def test_what_the_recipe_says_no_more_is_another_setting(run, tmp_path):
    """And what it begins to say: weights of others to begin with, which leave no trace but among a model's inputs."""
    study, layout = changed(run, tmp_path, lambda said: None)
    cell = resolve(study, "supervised", "gray")
    folder = layout.model("supervised", "gray")
    held, weights = read_receipt(folder), tmp_path / "weights"
    weights.mkdir()
    made = write_receipt(weights, "convert weights", config={}, inputs={}, files=[], seconds=1.0)
    with_weights = dataclasses.replace(cell, pretrained=weights)
    try:
        for config, inputs, plain, begun in (
                ({}, {}, False, True), ({"frozen": ["classifier"]}, {}, True, True),
                ({}, {"pretrained": made.digest}, True, False), ({}, {"pretrained": "another"}, True, True)):
            write_receipt(folder, "train", config={**held.config, **config}, inputs=inputs, files=list(held.outputs),
                          seconds=1.0)
            assert (made_otherwise(cell, layout, "model") is not None) is plain
            assert (made_otherwise(with_weights, layout, "model") is not None) is begun
        gone = dataclasses.replace(cell, pretrained=tmp_path / "gone")
        assert made_otherwise(gone, layout, "model") is None, "weights that are not there any more tell nothing"
    finally:
        write_receipt(folder, "train", config=held.config, inputs=held.inputs, files=list(held.outputs), seconds=1.0)


def test_the_report_shows_nothing_of_what_was_made_otherwise(run, tmp_path):
    study, layout = changed(run, tmp_path, epochs("contrastive", "contrast"))
    cells = {cell.row.name: cell for cell in read_material(study, layout, read_table(study, layout)).cells}
    for row in ("contrastive", "triplet_embedding"):
        assert (cells[row].score, cells[row].sizes, cells[row].names, cells[row].model) == (None, {}, {}, None)
    assert cells["supervised"].score is not None


def test_the_machine_is_no_setting(run, tmp_path):
    study, layout = changed(run, tmp_path, lambda said: said.update(threads=1, devices=1))
    assert len(read_table(study, layout).scores) == 3


def test_a_further_seed_is_held_to_its_own_settings(tmp_path, capsys):
    planted = Planted(tmp_path, seeds=[6])
    evaluate.run(planted.cell("supervised"))
    study, layout = read_recipe(planted.recipe), planted.layout.of_seed(6)
    for seed, faults in ((6, 0), (5, 1)):
        cell = resolve(study if seed == 5 else study.with_seed(6, "recipe"), "supervised", "gray")
        shutil.rmtree(layout.run, ignore_errors=True)
        for name, stage, config_of in (("model", "train", train_config), ("embeddings", "embed", embed_config)):
            first, folder = (getattr(its, name)("supervised", "gray") for its in (planted.layout, layout))
            shutil.copytree(first, folder)
            write_receipt(folder, stage, config=config_of(cell), inputs={}, files=list(read_receipt(first).outputs),
                          seconds=1.0)
        evaluate.run(CellArguments(planted.recipe, layout.run, "supervised", "gray"))
        assert len(read_table(study, planted.layout).spreads) == 1 - faults
        assert capsys.readouterr().err.count("supervised gray was trained with other settings") == faults


def test_the_tables_are_written_again(run, tmp_path):
    table.run((run.layout.run,), run.recipe)
    before = (run.layout.run / "table1.md").read_text()
    said = yaml.safe_load(run.recipe.read_text())
    epochs("supervised", "classify")(said)
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(said, sort_keys=False))
    table.run((run.layout.run,), other)
    assert (run.layout.run / "table1.md").read_text() != before
    table.run((run.layout.run,), run.recipe)
    assert (run.layout.run / "table1.md").read_text() == before
