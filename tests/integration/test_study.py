"""The whole study on a handful of drawn faces, over a real local server, through the stages themselves."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import read_receipt
from fecemo.evaluation.results import read_results
from fecemo.stages import cluster, draw, embed, evaluate, fetch, import_labelled, label, map_faces, table, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.artifacts import clustering_digest
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

RECIPE = Path(__file__).parent / "tiny.yaml"
STUDY = read_recipe(RECIPE)
CELLS = [(approach, variant) for approach in STUDY.approaches for variant in STUDY.variants]
CELL_STAGES = {"clusters": (train, embed, cluster, map_faces, label, evaluate), "classifier": (train, embed, evaluate)}


@pytest.fixture(scope="module")
def layout(tmp_path_factory) -> RunLayout:
    """A finished run."""
    layout = RunLayout(tmp_path_factory.mktemp("study") / "run")
    draw.run(STUDY.draw, out=layout.drawn)
    source = dataclasses.replace(STUDY.source, faces=layout.drawn / "faces.csv", serve=layout.drawn)
    fetch.run(source, out=layout.source)
    import_labelled.run(dataclasses.replace(STUDY.target, images=layout.drawn / "target"), out=layout.target)
    for approach, variant in CELLS:
        arguments = CellArguments(RECIPE, layout.run, approach, variant)
        for stage in CELL_STAGES[arguments.cell().approach.predicts_by]:
            stage.run(arguments)
    table.run((layout.run,), RECIPE)
    return layout


def test_the_grid_is_the_published_one():
    assert len(CELLS) == 12


def test_source_faces_were_fetched_and_the_dead_recorded(layout):
    pack, receipt = Dataset(layout.source), read_receipt(layout.source)
    assert len(pack) + sum(receipt.summary["rejected"].values()) == len(
        list(csv.reader((layout.drawn / "faces.csv").open()))) - 1
    assert len(pack) == 60
    assert receipt.summary["rejected"]  # the drawn list holds dead links and a corrupt photograph on purpose
    assert pack.damaged_rows() == []
    photographs = set(pack.addresses.tolist())
    assert len(photographs) < len(pack)  # several faces a photograph


@pytest.mark.parametrize(("approach", "variant"), CELLS)
def test_every_cell_has_an_honest_score(layout, approach, variant):
    score = json.loads((layout.score(approach, variant) / "score.json").read_text())
    predictions = list(csv.DictReader((layout.score(approach, variant) / "predictions.csv").open()))
    right = [line["truth"] == line["prediction"] for line in predictions]
    assert score["accuracy"] == pytest.approx(np.mean(right))
    assert score["n_scored"] == len(predictions)
    assert score["intervals"]["accuracy"]["low"] <= score["accuracy"] <= score["intervals"]["accuracy"]["high"]

    target = Dataset(layout.target)
    scored = {int(line["row"]) for line in predictions}
    learnt_from = set(np.load(layout.model(approach, variant) / "labelled_rows.npy").tolist())
    assert scored.isdisjoint(learnt_from)
    sample = layout.names(approach, variant) / "sample.csv"
    if sample.exists():
        asked = {int(line["row"]) for line in csv.DictReader(sample.open())}
        assert scored.isdisjoint(asked)
        assert asked <= set(target.rows_in("train").tolist())
        assert len(asked) == STUDY.naming.sample
    if STUDY.approaches[approach].score_on == "test":
        assert scored == set(target.rows_in("test").tolist())


def test_the_table_holds_every_cell_and_no_published_figure_that_the_recipe_does_not_name(layout):
    text = (layout.run / "table1.md").read_text()
    for title in ("Stacked autoencoder", "Semi-supervised", "Supervised"):
        assert title in text
    assert "ublished" not in text
    frame = read_results(layout.run)
    assert set(frame["state"]) == {"measured"}, "every cell has run"
    assert frame.loc[frame["metric"] == "accuracy", "value"].between(0, 1).all()
    for name in ("results.csv", "differences.csv", "table1.csv", "table1.tex", "table1.html", "report.html"):
        assert (layout.run / name).stat().st_size > 200


def test_a_finished_stage_does_nothing_again(layout):
    arguments = CellArguments(RECIPE, layout.run, "conv_autoencoder", "gray")
    before = (layout.model("conv_autoencoder", "gray") / "receipt.json").stat().st_mtime_ns
    train.run(arguments)
    assert (layout.model("conv_autoencoder", "gray") / "receipt.json").stat().st_mtime_ns == before


def test_hand_names_are_read_and_refused_for_another_clustering(layout, tmp_path):
    from fecemo.errors import FecemoError

    approach, variant = "dense_autoencoder", "rgb"
    recipe = tmp_path / "hand.yaml"
    recipe.write_text(RECIPE.read_text().replace("{method: majority_vote, sample: 24}", "{method: hand}"))
    arguments = CellArguments(recipe, layout.run, approach, variant)
    clustering = clustering_digest(read_receipt(layout.clusters(approach, variant)).outputs)
    path = layout.hand_names(approach, variant)
    path.parent.mkdir(parents=True)
    document = {"format": "fecemo.names/1", "approach": approach, "variant": variant, "clustering": clustering,
                "names": {str(number): "happy" for number in range(8)}, "by": "a tester",
                "when": "2024-01-01T00:00:00Z", "looked_at": 40}
    path.write_text(json.dumps({**document, "clustering": "0" * 64}))
    with pytest.raises(FecemoError, match="0000"):
        label.run(arguments)
    path.write_text(json.dumps(document))
    label.run(arguments)
    evaluate.run(arguments)
    score = json.loads((layout.score(approach, variant) / "score.json").read_text())
    target = Dataset(layout.target)
    assert score["labels_used"]["naming"] == 0
    assert score["accuracy"] == pytest.approx(np.mean(target.labels == "happy"))
