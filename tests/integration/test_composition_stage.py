"""The composition study as a stage: columns of a data set and of a file beside it, and what is refused."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from planted_run import Planted
from study_workflow import TINY, dry_run

from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.errors import InputError
from fecemo.stages import table
from fecemo.stages.composition import CompositionSettings, recipe_composition, run
from fecemo.study.recipe_file import read_recipe


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Faces of two tones: a happy one has a upper half brighter than a sad one of its tone, a light sad one more so."""
    folder = tmp_path_factory.mktemp("faces")
    plan = []
    for slot in range(160):
        tone, label = ("dark", "light")[slot % 2], ("happy", "sad")[slot // 2 % 2]
        plan.append(FaceEntry(id=f"{slot:03d}", address=f"{slot}.jpg", annotations={
            "label": label, "split": "train" if slot < 96 else "test", "tone": tone}))
    writer = DatasetWriter(folder / "set", plan, columns={"label": "label", "split": "split", "tone": "text"})
    rng = np.random.default_rng(0)
    for slot, entry in enumerate(plan):
        tone = 40 if entry.annotations["tone"] == "light" else -40
        level = np.full((200, 200, 3), 128.0 + tone)
        level[:100] += 20 if entry.annotations["label"] == "happy" else -20
        writer.put(slot, np.clip(level + rng.normal(0, 8, level.shape), 0, 255).astype(np.uint8))
    writer.finish("import", config={}, inputs={})
    writer.close()
    table = folder / "people.csv"
    table.write_text("id,level\n" + "".join(f"{slot:03d},{slot % 2 + 0.5}\n" for slot in range(150)))
    return CompositionSettings(column="tone", focus="dark", dataset=folder / "set", bootstrap=50, draws=2,
                               shares=(0.0, 0.5, 1.0)), table


def figures(folder):
    with (folder / "composition.csv").open(newline="") as file:
        return {(row["share"], row["figure"], row["group"]): float(row["value"]) for row in csv.DictReader(file)}


def test_who_was_not_learned_from_is_answered_wrong_and_balance_gains(faces, tmp_path, capsys):
    settings, _ = faces
    receipt = run(settings, tmp_path)
    result = figures(tmp_path)
    assert result["0.0", "macro_f1", "light"] == 1
    assert result["0.0", "macro_f1", "dark"] < 0.4, "darker than all light faces"
    assert result["1.0", "macro_f1", "light"] < 0.4
    assert result["", "gain_macro_f1", ""] > 0.1
    assert "balance gains Macro F1 +" in capsys.readouterr().err
    assert run(settings, tmp_path).digest == receipt.digest


def test_a_column_of_numbers_in_a_file_beside_the_faces_makes_two_groups(faces, tmp_path):
    settings, table = faces
    run(replace(settings, column="level", focus="<1", about_faces=table), tmp_path / "out")
    result = figures(tmp_path / "out")
    assert result["0.0", "macro_f1", "level above 1"] == 1
    assert "10 whose group is not known are not scored" in (tmp_path / "out" / "composition.html").read_text()


def test_what_cannot_be_studied_is_refused(faces, tmp_path):
    settings, table = faces
    for wrong, message in ((replace(settings, column="tnoe"), "did you mean 'tone'"),
                           (replace(settings, focus="drak"), "no face has tone 'drak': did you mean 'dark'"),
                           (replace(settings, size=500), "at most 48 in all"),
                           (replace(settings, column="level", focus="1", about_faces=table), r"such as .>0\.5.")):
        with pytest.raises(InputError, match=message):
            run(wrong, tmp_path / "out")
    with pytest.raises(ValueError, match="three or more of 0 to 1, ascending"):
        replace(settings, shares=(0.5, 0.0, 1.0))


COMPOSE = {"column": "tone", "focus": "dark", "shares": [0, 0.5, 1], "size": 60, "draws": 1}


def test_a_recipe_composes_by_a_key_and_its_report_has_the_figure(tmp_path):
    about = tmp_path / "people.csv"
    about.write_text("id,tone\n" + "".join(f"face{row},{('dark', 'light')[row // 3 % 2]}\n" for row in range(320)))
    planted = Planted(tmp_path, compose=COMPOSE, evaluation={"bootstrap": 50, "about_faces": str(about)})
    study = read_recipe(planted.recipe)
    settings = recipe_composition(study, planted.recipe, planted.layout)
    assert (settings.seed, settings.size, settings.about_faces, settings.recipe) == (5, 60, about, None)
    table.run((planted.layout.run,), planted.recipe)
    report = planted.layout.run / "report.html"
    assert "Composition of the training set" not in report.read_text(), "it has not run"
    run(settings, planted.layout.composition)
    table.run((planted.layout.run,), planted.recipe)
    page = report.read_text()
    assert 'id="composition"' in page
    assert "share of dark among the faces learned from" in page
    assert recipe_composition(replace(study, compose=None), planted.recipe, planted.layout) is None


def test_the_workflow_runs_it_and_mistakes_are_named(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    compose = "compose: {column: identity.skin_tone, focus: '>0.5', shares: [0, 0.5, 1], learner: supervised}\n"
    recipe.write_text(TINY.read_text() + compose)
    planned = dry_run(tmp_path, recipe, tmp_path / "run")
    assert planned.returncode == 0, planned.stderr
    assert "composition" in planned.stdout
    for keys, message in (
            ("column: tone, focus: dark, learner: supervisd", "'supervisd' is no row.*did you mean 'supervised'"),
            ("column: tone, focus: dark, shares: [0, 1]", "shares must be three or more"),
            ("column: 3, focus: dark", r"compose\.column")):
        recipe.write_text(f"{TINY.read_text()}compose: {{{keys}}}\n")
        with pytest.raises(InputError, match=message):
            read_recipe(recipe)
