"""The whole study on a handful of drawn faces, over a real local server, through the stages themselves."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import fecemo
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import read_receipt
from fecemo.errors import InputError
from fecemo.evaluation.results import read_results
from fecemo.stages import cluster, draw, embed, evaluate, fetch, import_labelled, label, map_faces, table, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.artifact_kinds import clustering_digest
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

RECIPE = Path(__file__).parent / "tiny.yaml"
STUDY = read_recipe(RECIPE)
VARIANTS = {"dense_autoencoder": ["rgb"], "conv_autoencoder": ["gray", "tight"], "semi_supervised": ["rgb"],
            "supervised": ["gray"]}
"""Every row and every variant at least once: the cells that are run here."""
CELLS = [(approach, variant) for approach in STUDY.approaches for variant in VARIANTS[approach]]
CELL_STAGES = {"clusters": (train, embed, cluster, map_faces, label, evaluate), "classifier": (train, embed, evaluate)}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    """The recipe of the cells that are run."""
    document = yaml.safe_load(RECIPE.read_text())
    for approach, variants in VARIANTS.items():
        document["approaches"][approach]["variants"] = variants
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def layout(tmp_path_factory, recipe) -> RunLayout:
    """A finished run."""
    layout = RunLayout(tmp_path_factory.mktemp("study") / "run")
    stages = {"00_draw": draw, "01_fetch": fetch, "02_import": import_labelled}
    for name, dataset in STUDY.datasets.items():
        for step in dataset.way.steps(dataset.settings, name, layout):
            stages[step.script].run(step.settings, out=step.out)
    for approach, variant in CELLS:
        arguments = CellArguments(recipe, layout.run, approach, variant)
        for stage in CELL_STAGES[arguments.cell().approach.predicts_by]:
            stage.run(arguments)
    table.run((layout.run,), recipe)
    return layout


def test_the_grid_is_the_published_one():
    assert len(STUDY.cells) == 12


def test_source_faces_were_fetched_and_the_dead_recorded(layout):
    dataset, receipt = Dataset(layout.dataset("photographs")), read_receipt(layout.dataset("photographs"))
    assert len(dataset) + sum(receipt.summary["rejected"].values()) == len(
        list(csv.reader((layout.drawn("photographs") / "faces.csv").open()))) - 1
    assert len(dataset) == 60
    assert receipt.summary["rejected"]  # the drawn list holds dead links and a corrupt photograph on purpose
    assert dataset.damaged_rows() == []
    photographs = set(dataset.addresses.tolist())
    assert len(photographs) < len(dataset)  # several faces a photograph


@pytest.mark.parametrize(("approach", "variant"), CELLS)
def test_every_cell_has_an_honest_score(layout, approach, variant):
    score = json.loads((layout.score(approach, variant) / "score.json").read_text())
    predictions = list(csv.DictReader((layout.score(approach, variant) / "predictions.csv").open()))
    right = [line["truth"] == line["prediction"] for line in predictions]
    assert score["accuracy"] == pytest.approx(np.mean(right))
    assert score["n_scored"] == len(predictions)
    assert score["intervals"]["accuracy"]["low"] <= score["accuracy"] <= score["intervals"]["accuracy"]["high"]

    target = Dataset(layout.dataset("emotions"))
    scored = {int(line["row"]) for line in predictions}
    learnt_from = set(np.load(layout.model(approach, variant) / "labelled_rows.npy").tolist())
    assert scored.isdisjoint(learnt_from)
    sample = layout.names(approach, variant) / "sample.csv"
    if sample.exists():
        sampled = {int(line["row"]) for line in csv.DictReader(sample.open())}
        assert scored.isdisjoint(sampled)
        assert sampled <= set(target.rows_in("train").tolist())
        assert len(sampled) == STUDY.naming.sample
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


def test_a_finished_stage_does_nothing_again(layout, recipe):
    arguments = CellArguments(recipe, layout.run, "conv_autoencoder", "gray")
    before = (layout.model("conv_autoencoder", "gray") / "receipt.json").stat().st_mtime_ns
    train.run(arguments)
    assert (layout.model("conv_autoencoder", "gray") / "receipt.json").stat().st_mtime_ns == before


def test_hand_names_are_read_and_refused_for_another_clustering(layout, recipe, tmp_path):
    from fecemo.errors import FecemoError

    approach, variant = "dense_autoencoder", "rgb"
    by_hand = tmp_path / "hand.yaml"
    by_hand.write_text(yaml.safe_dump({**yaml.safe_load(recipe.read_text()), "naming": {"method": "hand"}}))
    arguments = CellArguments(by_hand, layout.run, approach, variant)
    clustering = clustering_digest(read_receipt(layout.clusters(approach, variant)).outputs)
    path = layout.hand_names(approach, variant)
    path.parent.mkdir(parents=True)
    document = {"format": "fecemo.names/1", "approach": approach, "variant": variant, "clustering": clustering,
                "names": {str(number): "happy" for number in range(8)}, "by": "a tester",
                "when": "2024-01-01T00:00:00Z", "faces_viewed": 40}
    path.write_text(json.dumps({**document, "clustering": "0" * 64}))
    with pytest.raises(FecemoError, match="0000"):
        label.run(arguments)
    path.write_text(json.dumps(document))
    label.run(arguments)
    evaluate.run(arguments)
    score = json.loads((layout.score(approach, variant) / "score.json").read_text())
    target = Dataset(layout.dataset("emotions"))
    assert score["labels_used"]["naming"] == 0
    assert score["accuracy"] == pytest.approx(np.mean(target.labels == "happy"))


def test_the_python_of_the_readme_runs(layout):
    """The first block of Python in the README, on this run."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    code = text.split("```python")[1].split("```")[0].replace("runs/demo", str(layout.run))
    step = len(Dataset(layout.dataset("emotions"))) // 8
    code = code.replace("drawn_emotions", "emotions").replace("[::200]", f"[::{step}]")
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["images"].shape == (8, 200, 200, 3)
    assert len(set(names["labels"])) == 8  # a face of each class
    assert names["results"].equals(read_results(layout.run))
    stored = names["run"].outputs("conv_autoencoder", "gray", "target")
    np.testing.assert_allclose(names["vectors"], stored.values[::step], rtol=1e-4, atol=1e-5)
    assert len(names["names"]) == 8
    np.testing.assert_allclose(names["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_an_opened_run_answers_as_its_stages_did(layout):
    run, faces = fecemo.open_run(layout.run), fecemo.open_dataset(layout.dataset("emotions")).faces
    for approach, variant in [("conv_autoencoder", "tight"), ("semi_supervised", "rgb"), ("supervised", "gray")]:
        stored = run.outputs(approach, variant)
        made = run.encoder(approach, variant).transform(faces[stored.rows[:5]])
        np.testing.assert_allclose(made, stored.values[:5], rtol=1e-4, atol=1e-5)
    # What the evaluate stage scored is what a person gets.
    for approach in ("conv_autoencoder", "supervised"):
        with (layout.score(approach, "gray") / "predictions.csv").open() as file:
            scored = {int(line["row"]): line["prediction"] for line in csv.DictReader(file)}
        rows = sorted(scored)
        images = faces[rows]
        answers = run.classifier(approach, "gray").predict(images) if approach == "supervised" else run.namer(
            approach, "gray").predict(run.encoder(approach, "gray").transform(images))
        assert answers.tolist() == [scored[row] for row in rows]
    assert run.cells == sorted(CELLS)


def test_images_of_any_size_and_of_one_channel_are_taken(layout):
    encoder = fecemo.open_run(layout.run).encoder("conv_autoencoder", "gray")
    face = fecemo.open_dataset(layout.dataset("emotions")).faces[0]
    gray = np.full((1, 200, 200), 90, np.uint8)
    gray[0, 50:120, 60:140] = 200
    np.testing.assert_array_equal(encoder.transform(gray), encoder.transform(gray[..., None].astype(np.float64)))
    assert encoder.transform([face, face[:150]]).shape == (2, encoder.transform(face[None]).shape[1])
    assert encoder.transform(np.empty((0, 10, 10, 3), np.uint8)).shape[0] == 0


@pytest.mark.parametrize(("images", "message"), [
    (np.random.default_rng(0).uniform(0, 1, (2, 30, 30, 3)), "looks scaled to [0, 1]"),
    (np.full((1, 8, 8, 3), 300.0), "expected [0, 255]"),
    (np.full((1, 8, 8, 3), np.nan), "expected [0, 255]"),
    (np.zeros((1, 8, 8, 4), np.uint8), "is of shape (8, 8, 4)"),
])
def test_pixels_that_would_give_wrong_answers_are_refused(layout, images, message):
    encoder = fecemo.open_run(layout.run).encoder("conv_autoencoder", "gray")
    with pytest.raises(InputError, match=re.escape(message)):
        encoder.transform(images)


def test_what_a_run_does_not_hold_is_named(layout):
    run = fecemo.open_run(layout.run)
    with pytest.raises(InputError, match="did you mean 'conv_autoencoder gray'"):
        run.encoder("conv_autoencoder", "grey")
    with pytest.raises(InputError, match="has no class probabilities"):
        run.classifier("conv_autoencoder", "gray")
