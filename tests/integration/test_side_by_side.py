"""Several runs in one table, and several seeds of one recipe joined to mean and spread."""

import csv
import dataclasses
import shutil
import statistics
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from synthetic_run import RECIPE, write_synthetic_run
from synthetic_scores import synthetic_score

from fecemo.data.receipts import write_receipt
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.predictions import read_predictions, write_predictions
from fecemo.evaluation.records.score import SCORE
from fecemo.evaluation.results import read_differences, read_results
from fecemo.stages import table
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.tables.side_by_side import RunScores, join_runs
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_receipt, renew_receipt


def copy_scores(source: Path, destination: Path, *, shift: float = 0.0, recipe_path: Path | None = None,
                **changed: object) -> None:
    """Write the scores of one run as those of another, or of a further seed of a recipe."""
    for path in source.glob("scores/*/*/score.json"):
        folder = destination / path.parent.relative_to(source)
        score = dataclasses.replace(SCORE.read(path.parent), **changed)
        SCORE.write(folder, dataclasses.replace(score, accuracy=score.accuracy + shift))
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
    renew_receipt(folder)
    table.run((made[1], tmp_path / "other"), out=tmp_path / "both")
    text = " ".join((tmp_path / "both" / "side_by_side.md").read_text().split())
    assert "| Approach | Images | run | other |" in text
    differences = read_differences(tmp_path / "both").set_index(["run", "row", "variant", "metric"])
    difference = differences.loc["other", "supervised", "rgb", "accuracy"]
    score = SCORE.read(RunLayout(made[1]).score("supervised", "rgb"))
    assert difference["value"] == pytest.approx(1 - score.accuracy)
    assert difference["low"] > 0
    assert (difference["other_run"], difference["n"]) == ("run", score.n_scored)
    same = differences.loc["other", "dense_autoencoder", "rgb", "accuracy"]
    assert (same["value"], same["low"], same["high"]) == (0, 0, 0)
    frame = read_results(tmp_path / "both")
    accuracies = frame[frame["metric"] == "accuracy"]
    assert len(accuracies) == 8
    assert set(accuracies["run"]) == {"run", "other"}
    assert (tmp_path / "both" / "side_by_side.tex").is_file()
    assert f"{score.n_scored}" in text


def test_the_variants_of_an_approach_stand_together():
    def run(name, *cells):
        return RunScores(name, {cell: dataclasses.replace(synthetic_score(*cell), recipe=name) for cell in cells})

    dense, supervised = "dense_autoencoder", "supervised"
    frame = join_runs([run("one", (dense, "rgb"), (supervised, "rgb")),
                       run("other", (supervised, "gray"), (dense, "tight"))]).figures
    cells = list(dict.fromkeys(zip(frame["row"], frame["variant"], strict=True)))
    assert cells == [(dense, "rgb"), (dense, "tight"), (supervised, "rgb"), (supervised, "gray")]


def test_what_differs_between_the_recipes_is_said(made, tmp_path, capsys):
    for name, rate in (("run", 0.001), ("other", 0.01)):
        run = tmp_path / "copies" / name
        copy_scores(made[1], run, recipe=name)
        folder = RunLayout(run).model("supervised", "rgb")
        folder.mkdir(parents=True, exist_ok=True)
        write_receipt(folder, "train", config={"fit": {"classify": {"learning_rate": rate, "epochs": 3}}}, inputs={},
                      files=[], seconds=1.0)
    table.run((tmp_path / "copies" / "run", tmp_path / "copies" / "other"), out=tmp_path / "both")
    assert "Supervised, RGB: fit.classify.learning_rate: run 0.001, other 0.01" in capsys.readouterr().out
    lines = list(csv.DictReader((tmp_path / "both" / "recipe_differences.csv").open()))
    assert [line["setting"] for line in lines if line["cell"] == "Supervised, RGB"] == ["fit.classify.learning_rate"]


def test_runs_of_one_name_are_told_apart_by_their_paths(made, tmp_path):
    for place, shift in (("a", 0.01), ("b", 0.03)):
        copy_scores(made[1], tmp_path / place / "study", shift=shift)
    runs = (tmp_path / "a" / "study", tmp_path / "b" / "study")
    first = table.run(runs, out=tmp_path / "both")
    assert set(read_results(tmp_path / "both")["run"]) == {"a/study", "b/study"}
    assert len(first.inputs) == 8, "each run's four cells"
    folder = RunLayout(runs[0]).score("supervised", "rgb")
    SCORE.write(folder, dataclasses.replace(SCORE.read(folder), accuracy=0.5))
    write_receipt(folder, "evaluate", config={}, inputs={}, files=["score.json", "predictions.csv"], seconds=1.0)
    table.run(runs, out=tmp_path / "both")
    again = read_results(tmp_path / "both").set_index(["run", "row", "variant", "metric", "class"])
    assert again.loc[("a/study", "supervised", "rgb", "accuracy", ""), "value"] == 0.5
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
    frame = read_results(tmp_path / "both")
    shown = frame[(frame["row"] == "supervised") & (frame["variant"] == "rgb")]
    assert set(shown["run"]) == {"run"}


def test_seeds_that_were_scored_on_different_tests_are_not_averaged(made, tmp_path):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    copy_scores(run, run / "seeds" / "8", recipe_path=recipe, seed=8, scored_faces="1" * 64)
    with pytest.raises(StoredStateError, match=r"supervised rgb was scored on different tests.*111111111111"):
        table.run((run,), recipe)
    copy_scores(run, run / "seeds" / "8", recipe_path=recipe, seed=8, score_on="unused_labels")
    with pytest.raises(StoredStateError, match=r"supervised rgb was scored on different tests.*seed 8 on unused"):
        table.run((run,), recipe)
    # Side by side such runs stand in columns of their own.
    copy_scores(run, tmp_path / "eighth", seed=8, scored_faces="1" * 64)
    shutil.rmtree(run / "seeds")
    table.run((run, tmp_path / "eighth"))
    assert set(read_results(tmp_path / "side_by_side")["run"]) == {"run", "eighth"}


def test_a_cell_of_one_seed_stands_with_its_interval_beside_cells_of_several(made):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    copy_scores(run, run / "seeds" / "8", recipe_path=recipe, seed=8, shift=0.04)
    table.run((run,), recipe)
    page = (run / "table1.html").read_text()
    assert "Mean ± standard deviation over seeds." in page
    assert 'class="verdict' not in page, "a verdict is of one seed and not of a mean"
    shutil.rmtree(run / "seeds" / "8" / "scores" / "supervised")
    table.run((run,), recipe)
    page = (run / "table1.html").read_text()
    assert "Mean ± standard deviation over seeds; figures of one seed have a bootstrap interval" in page
    assert page.count('class="verdict') == 2


def test_seeds_of_one_recipe_are_joined(made, tmp_path):
    for seed, shift in ((8, 0.02), (9, 0.07)):
        copy_scores(made[1], tmp_path / f"seed{seed}", seed=seed, shift=shift)
    table.run((made[1], tmp_path / "seed8", tmp_path / "seed9"))
    frame = read_results(tmp_path / "side_by_side").set_index(["run", "row", "variant", "metric", "class"])
    spread = frame.loc["synthetic (seeds 7, 8, 9)", "supervised", "rgb", "accuracy", ""]
    first = SCORE.read(RunLayout(made[1]).score("supervised", "rgb")).accuracy
    values = [first, first + 0.02, first + 0.07]
    assert (spread["value"], spread["deviation"]) == pytest.approx((statistics.mean(values), statistics.stdev(values)))
    # Each seed keeps a column of its own, with its paired difference from the first.
    assert {"run", "seed8", "seed9"} < set(frame.index.get_level_values("run"))
    assert set(read_differences(tmp_path / "side_by_side")["run"]) == {"seed8", "seed9"}


def test_further_seeds_of_a_recipe_are_in_its_table(made, tmp_path):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    copy_scores(run, run / "seeds" / "8", seed=8, shift=0.04, recipe_path=recipe)
    table.run((run,), recipe)
    frame = read_results(run)
    rows = frame[(frame["row"] == "supervised") & (frame["variant"] == "rgb") & (frame["metric"] == "accuracy")]
    first = SCORE.read(RunLayout(run).score("supervised", "rgb")).accuracy
    assert rows["value"].tolist() == pytest.approx([first, first + 0.04, first + 0.02])
    assert rows["seeds"].tolist() == [1, 1, 2]
    text = (run / "table1.md").read_text()
    assert "ean ± standard deviation over seeds" in text
    assert f"{first + 0.02:.4f}"[1:] + " ± " in text.replace("**", "")
    shutil.rmtree(run / "seeds")
    table.run((run,), recipe)
    assert "±" not in (run / "table1.md").read_text()


def test_a_further_seed_reads_the_same_faces_and_is_a_recipes_own(made):
    recipe, run = made
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8]\n"))
    arguments = CellArguments(recipe, run / "seeds" / "8", "supervised", "rgb")
    assert arguments.layout.dataset("target") == RunLayout(run).dataset("target")
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
    with pytest.raises(InputError, match="no cell of this run has a current score"):
        table.run((run, tmp_path / "empty"))
    folder = RunLayout(run).score("supervised", "rgb")
    SCORE.write(folder, dataclasses.replace(SCORE.read(folder), seed=99))
    renew_receipt(folder)
    with pytest.raises(StoredStateError, match="several recipes or seeds"):
        table.run((run,))


def test_a_score_that_cannot_be_read_is_a_dash_that_says_what_to_do(made, capsys):
    recipe, run = made
    path = RunLayout(run).score("supervised", "rgb") / "score.json"
    path.write_text(path.read_text().replace("fecemo.score/5", "fecemo.score/4"))
    renew_receipt(path.parent)
    table.run((run,), recipe)
    assert "expected 'fecemo.score/5'; run the evaluate stage again" in capsys.readouterr().err
    results = read_results(run)
    measured = results[(results.metric == "accuracy") & (results.stage == "evaluate") & results.value.notna()]
    assert set(zip(measured.row, measured.variant, strict=True)) >= {("supervised", "tight")}
    assert ("supervised", "rgb") not in set(zip(measured.row, measured.variant, strict=True))
