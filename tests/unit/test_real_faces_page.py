"""``docs/real_faces.md`` says what its record says, whatever rows it holds, and shows no face and no place of files."""

import copy
import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from fecemo.errors import StoredStateError
from fecemo.imaging.landmarks.features import COLUMNS, columns_of
from fecemo.study.recipe_file import read_recipe

HUNDRED = "100 labels_per_cluster"

ROOT = Path(__file__).parents[2]
DOCS, RECIPE = ROOT / "docs", ROOT / "pipelines" / "recipes" / "table2.yaml"


@pytest.fixture(scope="module")
def program():
    return importlib.import_module("write_real_faces")


@pytest.fixture
def found():
    return json.loads((DOCS / "real_faces.json").read_text(encoding="utf-8"))


def _row(found, key, track, given, answers, **more):
    """Put a row into a record, with answers as (mean, low, high)."""
    found["rows"][key] = {
        "title": key.split("/")[0], "given": given, "labels": 0, "probe": None, "probe_low": None, "probe_high": None,
        "triplets": None, "triplets_held_out": None, "triplet_test": {}, "groups": {}, "recall": {}, "names": {},
        "track": track, "reference": {},
        "followed": {},
        "answers": {way: dict(zip(("mean", "low", "high"), its, strict=True)) for way, its in answers.items()}, **more}


@pytest.fixture
def small(found):
    """Return a record of two clustered rows and a classifier."""
    found |= {"rows": {}, "differences": {}, "n_clusters": [8, 100], "chance": 0.125, "learning": []}
    _row(found, "plain/gray", 0, "faces", {"8 labels_per_cluster": (0.13, 0.12, 0.14), HUNDRED: (0.2, 0.18, 0.22)})
    _row(found, "measured/gray", 1, "faces, a landmark model", {"8 labels_per_cluster": (0.3, 0.28, 0.32),
                                                                HUNDRED: (0.21, 0.19, 0.23)})
    _row(found, "taught/gray", 4, "all labels", {"own": (0.7, 0.6, 0.8)}, labels=2_000)
    return found


def test_the_page_is_what_its_program_writes_of_the_record(program, found):
    assert (DOCS / "real_faces.md").read_text(encoding="utf-8") == program.page(found), (
        "run python docs/write_real_faces.py RUN --recipe RECIPE")


def test_the_figure_shows_the_record_and_stands_on_the_page(program, found):
    spoken = re.search(r'aria-label="([^"]+)"', program.steps_figure(found))[1]
    assert spoken in program.STEPS.read_text(encoding="utf-8")
    assert f'src="{program.STEPS.name}"' in (DOCS / "real_faces.md").read_text(encoding="utf-8")
    assert "docs/real_faces.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_number_is_typed_into_the_sentences():
    typed = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", (DOCS / "real_faces.md.jinja").read_text(encoding="utf-8"), flags=re.S)
    typed = re.sub(r'width="\d+"|[Tt]able ?2|0[12]_\w+|Barsoum et al., 2016|48×48', "", typed)
    assert re.findall(r".*\d.*", typed) == []


def test_no_place_of_files_is_told(found):
    for name in ("real_faces.md", "real_faces.json", "real_faces_steps.svg", "real_faces_learning.svg"):
        text = (DOCS / name).read_text(encoding="utf-8")
        assert re.findall(r"file:|127\.0\.0\.1|localhost|(?:^|[\s\"'(])/\w+/\S*|data:image", text) == []


def test_every_row_of_the_record_stands_in_the_table(program, found):
    lines = [line for line in program.page(found).splitlines() if line.startswith("| ")]
    for row in found["rows"].values():
        assert sum(line.startswith(f"| {row['given']} | {row['title']} | ") for line in lines) == 1
    for curve in found["learning"]:
        least = f"{curve['points'][0]['amount']:,}"
        assert any(line.startswith(f"| {curve['title']} | {least} → ") for line in lines)


def test_the_record_chooses_the_words(program, small):
    page = program.page(small)
    assert "plain .130 [.120, .140] → .200 [.180, .220], with 8 clusters not to be told from chance." in page
    assert "measured .300 [.280, .320] → .210 [.190, .230]. It is on a level with the best before it (plain)." in page
    assert "Best, with 2,000 labels: taught .700 [.600, .800]. It is ahead of the best before it (measured)." in page
    small["differences"]["measured/gray - plain/gray"] = {HUNDRED: {"value": 0.01, "low": 0.002, "high": 0.02}}
    small["rows"]["measured/gray"]["reference"] = {HUNDRED: "plain/gray"}
    small["rows"]["plain/gray"]["answers"]["8 labels_per_cluster"]["high"] = 0.124
    page = program.page(small)
    assert "It is ahead of the best before it (plain)." in page
    assert "trained on the same faces (plain): +.010 [.002, .020]." in page
    assert "with 8 clusters below chance by .005." in page


def test_a_paired_difference_is_read_from_either_side(program, small):
    small["differences"]["plain/gray - measured/gray"] = {HUNDRED: {"value": 0.01, "low": 0.002, "high": 0.02}}
    assert program.compared(small, "plain/gray", "measured/gray", HUNDRED, HUNDRED) == "ahead of"
    assert program.compared(small, "measured/gray", "plain/gray", HUNDRED, HUNDRED) == "behind"
    assert program.compared(small, "measured/gray", "taught/gray", HUNDRED, "own") == "behind"


def test_test_triplets_stand_in_a_table_of_their_own(program, small):
    small["published_triplets"] = [{"system": "Somebody's", "given": "ratings", "measure": "triplet accuracy",
                                    "figure": 0.8, "source": "Somebody 2019"}]
    assert "## Which of three" not in program.page(small)
    for key, mean in (("plain/gray", 0.35), ("measured/gray", 0.5)):
        small["rows"][key] |= {"triplets": mean, "triplets_held_out": 4_000, "triplet_test": {
            "mean": mean, "low": mean - 0.02, "high": mean + 0.02,
            "by_type": {"ONE_CLASS_TRIPLET": 0.3, "TWO_CLASS_TRIPLET": mean, "THREE_CLASS_TRIPLET": 0.6}}}
    page = program.page(small)
    section = page.split("## Which of three faces is the odd one")[1].split("\n## ")[0]
    assert "| row | all | one class | two classes | three classes |\n|:--|--:|--:|--:|--:|\n" in section
    assert "| measured | .500 [.480, .520] | .300 | .500 | .600 |" in section
    assert "Somebody's, given ratings, is published with .800 of FEC's own, which are other triplets" in section
    assert "Asked were 4,000 triplets of faces from which no row learned" in section
    assert "which tells .50 of 4,000 answers about faces from which nothing learned" in page
    assert "triplet_test=LIST_OF_OTHER_FACES.csv" in page


@pytest.mark.parametrize("kept", [{0}, {1}, {4}, {0, 4}, {1, 4}])
@pytest.mark.parametrize("balanced", [True, False])
def test_rows_that_have_not_run_leave_no_broken_sentence(program, small, kept, balanced):
    small["rows"] = {key: row for key, row in small["rows"].items() if row["track"] in kept}
    page = program.page(small | {"class_balanced": balanced, "recipe": [], "devices": ["gpu"]})
    assert not re.search(r"None|Undefined|\(\)|: ?[.;]|\. \.|,\.|\.\.(?!\.)", page)
    assert ("emotions are alike often among them, as far" in page) is balanced


def test_what_a_recipe_changes_is_told_by_row(tmp_path):
    said = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    said["approaches"]["supervised"]["model"]["filters"] = 16
    said["approaches"]["supervised"]["fit"]["classify"]["epochs"] = 3
    said["approaches"]["small_resnet"]["variants"] = ["gray"]
    said["naming"]["sample"] = 1_200
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    differences = importlib.import_module("recipe_differences").recipe_differences
    mine, theirs = read_recipe(other), read_recipe(RECIPE)
    told = [tuple(one.values()) for one in differences(mine, theirs, {"supervised", "small_resnet"})]
    assert told == [("all rows", "naming.sample", "1,200", "400"), ("Supervised", "filters", "16", "64"),
                    ("Supervised", "classify.epochs", "3", "5"),
                    (mine.title_of("small_resnet"), "variants", "gray", "gray, aligned")]
    assert [one["row"] for one in differences(mine, theirs, {"small_resnet"})] == [
        "all rows", mine.title_of("small_resnet")]
    assert differences(theirs, theirs, set(theirs.approaches)) == []


def test_a_run_that_has_not_run_is_refused(program, tmp_path):
    with pytest.raises(StoredStateError, match="no row of"):
        program.gather(tmp_path, RECIPE)


def _curve(title, way, *points):
    return {"title": title, "unit": "faces", "key": title, "setting": "x.faces", "points": [
        {"amount": amount, "seconds": seconds,
         "answers": {way: {"mean": mean, "low": mean - 0.02, "high": mean + 0.02}}}
        for amount, seconds, mean in points]}


def test_curves_are_told_from_the_least_to_the_most(program, small):
    small["learning"] = [_curve("Steep", "own", (100, 5, 0.3), (1_000, 50, 0.5), (10_000, 500, 0.52)),
                         _curve("Level", HUNDRED, (100, None, 0.3), (1_000, None, 0.33))]
    page = program.page(small)
    assert "| Steep | 100 → 1,000 → 10,000 faces | — | — | .300 → .500 → .520 | 5.0 s → 50 s → 8 min 20 s |" in page
    assert "| Level | 100 → 1,000 faces | — | .300 → .330 | — | — |" in page
    assert "allow for is gained by Steep with faces (+.220, of it +.020 in the last step)." in page
    assert "No gain can be told for Level with faces (+.030)." in page
    drawn = program.learning_drawn(small)
    assert "Steep, own answers: .300 with 100, .500 with 1,000, .520 with 10,000 faces" in drawn
    assert "Level, k = 100: .300 with 100, .330 with 1,000 faces" in drawn


def test_the_figure_of_curves_shows_the_record(program, found):
    spoken = re.search(r'aria-label="([^"]+)"', program.learning_drawn(found))[1]
    assert spoken in program.LEARNING.read_text(encoding="utf-8")
    assert f'src="{program.LEARNING.name}"' in (DOCS / "real_faces.md").read_text(encoding="utf-8")


def test_what_clusters_follow_is_the_variance_between_them():
    followed = importlib.import_module("followed")
    # Two clusters of two faces: the first number is all between them, the second all within, of the third 4 of 5 parts:
    # means 1 and 3 about 2 give 4, and each face is half a unit from its own, which gives 1. The last does not vary.
    values = np.array([[1, 0, 0.5, 7], [1, 2, 1.5, 7], [5, 0, 2.5, 7], [5, 2, 3.5, 7]], float)
    np.testing.assert_allclose(followed.variance_between(values, np.array([4, 4, 9, 9])), [1, 0, 0.8, 0])
    assert [followed._part(name) for name in ("mouth smile left", "nose to lip", "right cheek", "brows apart")] == [
        "smile", "mouth", "cheeks and nose", "brows"]
    assert {followed._part(COLUMNS[column]) for column in columns_of(followed.GROUPS)} == set(followed.PARTS)


def test_another_record_makes_another_page(program, small):
    before, other = program.page(small), copy.deepcopy(small)
    other["faces"]["scored"]["contempt"] = 1
    assert "among the scored faces is contempt, with 1: each of them weighs .1250" in program.page(other)
    assert program.page(other) != before
