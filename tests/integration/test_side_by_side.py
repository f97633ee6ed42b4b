"""Several runs in one table, and several seeds of one recipe joined to mean and spread."""

import csv
import dataclasses
import json
import shutil
import statistics
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from synthetic_run import RECIPE, write_synthetic_run
from synthetic_scores import synthetic_score

from fecemo.data.receipts import write_receipt
from fecemo.drawn.emotions import EMOTIONS
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.predictions import read_predictions, write_predictions
from fecemo.evaluation.records.score import read_score, write_score
from fecemo.evaluation.tables.side_by_side import RunScores, stand_side_by_side
from fecemo.stages import table
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_receipt


def copy_scores(source: Path, destination: Path, *, shift: float = 0.0, recipe_path: Path | None = None,
                **changed: object) -> None:
    """Write the scores of one run as those of another, or of a further seed of a recipe."""
    for path in source.glob("scores/*/*/score.json"):
        folder = destination / path.parent.relative_to(source)
        score = dataclasses.replace(read_score(path.parent), **changed)
        write_score(folder, dataclasses.replace(score, accuracy=score.accuracy + shift))
        shutil.copy(path.parent / "predictions.csv", folder)
        files = ["score.json", "predictions.csv"]
        if recipe_path is None:
            write_receipt(folder, "evaluate", config={}, inputs={}, files=files, seconds=1.0)
            continue
        study = read_recipe(recipe_path).with_seed(int(destination.name), "recipe")
        leave_receipt(study, RunLayout(destination), "score", score.approach, score.variant, files)


@pytest.fixture
def made(tmp_path) -> tuple[Path, Path]:
    return write_synthetic_run(tmp_path)


def test_runs_of_other_recipes_stand_in_columns_of_their_own(made, tmp_path):
    copy_scores(made[1], tmp_path / "other", recipe="other", recipe_title="Another study")
    folder = RunLayout(tmp_path / "other").score("supervised", "rgb")
    predictions = read_predictions(folder, EMOTIONS)  # in the other run, every face is known
    write_predictions(folder, dataclasses.replace(predictions, prediction=predictions.truth))
    table.run((made[1], tmp_path / "other"), out=tmp_path / "both")
    text = (tmp_path / "both" / "side_by_side.md").read_text()
    assert "| run |" in " ".join(text.split()).replace("Images | ", "| ")
    document = json.loads((tmp_path / "both" / "side_by_side.json").read_text())
    assert [column["title"] for column in document["columns"]] == ["run", "other"]
    difference = document["comparisons"]["other supervised/rgb"]["differences"]["accuracy"]
    score = read_score(RunLayout(made[1]).score("supervised", "rgb"))
    assert difference["value"] == pytest.approx(1 - score.accuracy)
    assert difference["low"] > 0
    same = document["comparisons"]["other dense_autoencoder/rgb"]["differences"]["accuracy"]
    assert (same["value"], same["low"], same["high"]) == (0, 0, 0)
    lines = list(csv.DictReader((tmp_path / "both" / "side_by_side.csv").open()))
    assert len(lines) == 8
    assert {(line["run"], line["recipe"]) for line in lines} == {("run", "synthetic"), ("other", "other")}
    page = (tmp_path / "both" / "side_by_side.html").read_text()
    assert 'data-record="other/supervised/rgb"' in page
    assert (tmp_path / "both" / "side_by_side.tex").is_file()
    shared = document["comparisons"]["other supervised/rgb"]["n_shared"]
    assert shared == score.n_scored
    assert f"] on {shared}" in text


def test_the_variants_of_an_approach_stand_together():
    def run(name, *cells):
        return RunScores(name, {cell: dataclasses.replace(synthetic_score(*cell), recipe=name) for cell in cells})

    dense, supervised = "dense_autoencoder", "supervised"
    table = stand_side_by_side([run("one", (dense, "rgb"), (supervised, "rgb")),
                                run("other", (supervised, "gray"), (dense, "tight"))])
    assert table.cells == ((dense, "rgb"), (dense, "tight"), (supervised, "rgb"), (supervised, "gray"))


def test_runs_of_one_name_are_told_apart_by_their_paths(made, tmp_path):
    for place, shift in (("a", 0.01), ("b", 0.03)):
        copy_scores(made[1], tmp_path / place / "study", shift=shift)
    runs = (tmp_path / "a" / "study", tmp_path / "b" / "study")
    first = table.run(runs, out=tmp_path / "both")
    document = json.loads((tmp_path / "both" / "side_by_side.json").read_text())
    assert [column["title"] for column in document["columns"]] == ["a/study", "b/study"]
    assert len(first.inputs) == 8, "each run's four cells"
    folder = RunLayout(runs[0]).score("supervised", "rgb")
    write_score(folder, dataclasses.replace(read_score(folder), accuracy=0.5))
    write_receipt(folder, "evaluate", config={}, inputs={}, files=["score.json", "predictions.csv"], seconds=1.0)
    table.run(runs, out=tmp_path / "both")
    again = json.loads((tmp_path / "both" / "side_by_side.json").read_text())
    assert again["columns"][0]["cells"]["supervised/rgb"]["scores"][0]["accuracy"] == 0.5
    with pytest.raises(InputError, match="named twice"):
        table.run((runs[0], tmp_path / "b" / ".." / "a" / "study"))


def test_a_score_of_what_has_since_been_made_anew_is_not_shown(made, tmp_path, capsys):
    run = tmp_path / "other"
    copy_scores(made[1], run, recipe="other")
    layout = RunLayout(run)
    folder, model = layout.score("supervised", "rgb"), layout.model("supervised", "rgb")
    model.mkdir(parents=True)
    write_receipt(folder, "evaluate", config={}, inputs={"model": "that of before"},
                  files=["score.json", "predictions.csv"], seconds=1.0)
    write_receipt(model, "train", config={}, inputs={}, files=[], seconds=1.0)
    table.run((made[1], run), out=tmp_path / "both")
    assert "the score of supervised rgb was made from a previous version of model" in capsys.readouterr().err
    document = json.loads((tmp_path / "both" / "side_by_side.json").read_text())
    assert "supervised/rgb" in document["columns"][0]["cells"]
    assert "supervised/rgb" not in document["columns"][1]["cells"]


def test_seeds_that_were_scored_on_different_tests_are_not_averaged(made, tmp_path):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    copy_scores(run, run / "seeds" / "8", recipe_path=recipe, seed=8, scored_faces="1" * 64)
    with pytest.raises(StoredStateError, match=r"supervised rgb was scored on different tests.*111111111111"):
        table.run((run,), recipe)
    copy_scores(run, run / "seeds" / "8", recipe_path=recipe, seed=8, score_on="unused_labels")
    with pytest.raises(StoredStateError, match=r"supervised rgb was scored on different tests.*seed 8 on others"):
        table.run((run,), recipe)
    # Side by side such runs stand in columns of their own.
    copy_scores(run, tmp_path / "eighth", seed=8, scored_faces="1" * 64)
    shutil.rmtree(run / "seeds")
    table.run((run, tmp_path / "eighth"))
    document = json.loads((tmp_path / "side_by_side" / "side_by_side.json").read_text())
    assert [column["title"] for column in document["columns"]] == ["run", "eighth"]


def test_a_cell_of_one_seed_stands_with_its_interval_beside_cells_of_several(made):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    copy_scores(run, run / "seeds" / "8", recipe_path=recipe, seed=8, shift=0.04)
    table.run((run,), recipe)
    page = (run / "table1.html").read_text()
    assert "Accuracy: mean ± standard deviation over seeds." in page
    assert 'class="verdict' not in page, "a verdict is of one seed and not of a mean"
    shutil.rmtree(run / "seeds" / "8" / "scores" / "supervised")
    table.run((run,), recipe)
    page = (run / "table1.html").read_text()
    assert "mean ± standard deviation over seeds (±), or of one seed with the 95 % interval" in page
    assert page.count('class="verdict') == 2


def test_seeds_of_one_recipe_are_joined(made, tmp_path):
    for seed, shift in ((8, 0.02), (9, 0.07)):
        copy_scores(made[1], tmp_path / f"seed{seed}", seed=seed, shift=shift)
    table.run((made[1], tmp_path / "seed8", tmp_path / "seed9"))
    document = json.loads((tmp_path / "side_by_side" / "side_by_side.json").read_text())
    (column,) = document["columns"]
    assert column["title"] == "synthetic (seeds 7, 8, 9)"
    first = read_score(RunLayout(made[1]).score("supervised", "rgb")).accuracy
    spread = column["cells"]["supervised/rgb"]["spread"]["metrics"]["accuracy"]
    values = [first, first + 0.02, first + 0.07]
    assert (spread["mean"], spread["deviation"]) == pytest.approx((statistics.mean(values), statistics.stdev(values)))


def test_further_seeds_of_a_recipe_are_in_its_table(made, tmp_path):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    copy_scores(run, run / "seeds" / "8", recipe_path=recipe, seed=8, shift=0.04)
    table.run((run,), recipe)
    rows = {(row["approach"], row["variant"]): row for row in csv.DictReader((run / "table1.csv").open())
            if row["block"] == "measured"}
    first = read_score(RunLayout(run).score("supervised", "rgb")).accuracy
    assert float(rows["supervised", "rgb"]["accuracy"]) == first
    assert float(rows["supervised", "rgb"]["accuracy_mean"]) == pytest.approx(first + 0.02)
    assert rows["supervised", "rgb"]["seeds"] == "7 8"
    text = (run / "table1.md").read_text()
    assert "mean ± standard deviation over seeds" in text
    assert f"{first + 0.02:.4f}"[1:] + " ± " in text.replace("**", "")
    shutil.rmtree(run / "seeds")
    table.run((run,), recipe)
    assert "±" not in (run / "table1.md").read_text()


def test_a_further_seed_reads_the_same_faces_and_is_a_recipes_own(made):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    arguments = CellArguments(recipe, run / "seeds" / "8", "supervised", "rgb")
    assert arguments.layout.target == RunLayout(run).target
    assert arguments.layout.model("supervised", "rgb") == run / "seeds" / "8" / "models" / "supervised" / "rgb"
    assert arguments.cell().recipe.seed == 8
    assert CellArguments(recipe, run, "supervised", "rgb").cell().recipe.seed == 7
    with pytest.raises(InputError, match="9 is none of this recipe's further seeds; they are: 8"):
        CellArguments(recipe, run / "seeds" / "9", "supervised", "rgb").cell()
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [7]\n"))
    with pytest.raises(InputError, match="seeds must differ"):
        CellArguments(recipe, run, "supervised", "rgb").cell()


def test_what_cannot_stand_side_by_side_is_refused(made, tmp_path):
    recipe, run = made
    with pytest.raises(InputError, match="no run is named"):
        table.run(())
    with pytest.raises(InputError, match="a recipe belongs to one run"):
        table.run((run, run), recipe)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no cell of this run has a score of what stands there now"):
        table.run((run, tmp_path / "empty"))
    folder = RunLayout(run).score("supervised", "rgb")
    write_score(folder, dataclasses.replace(read_score(folder), seed=99))
    with pytest.raises(StoredStateError, match="several recipes or seeds"):
        table.run((run,))


def test_a_score_of_an_older_format_says_what_to_do(made):
    recipe, run = made
    path = RunLayout(run).score("supervised", "rgb") / "score.json"
    path.write_text(path.read_text().replace("fecemo.score/2", "fecemo.score/1"))
    with pytest.raises(StoredStateError, match=r"expected 'fecemo\.score/2'; run the evaluate stage again"):
        table.run((run,), recipe)
