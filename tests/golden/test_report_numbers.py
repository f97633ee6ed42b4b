"""Every number of the report is traced to its line of the results."""

import csv
import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from report_pages import Page, text_of, write_table
from synthetic_run import RECIPE, write_synthetic_run

from fecemo.evaluation.records.score import SCORE
from fecemo.evaluation.results import read_differences, read_results
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_receipt


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    recipe, run = write_synthetic_run(tmp_path_factory.mktemp("made"))
    write_table(recipe, run)
    return recipe, run


def require_traced(run: Path) -> Page:
    """Hold every number of a run's page against its line of the results, and return the page."""
    frames = {"results.csv": read_results(run), "differences.csv": read_differences(run)}
    page = Page(text_of(run))
    for attributes, printed in page.data:
        line = frames[attributes["data-file"]].iloc[int(attributes["data-line"])]
        result = float(line[attributes["data-column"]])
        assert float(attributes["value"]) == result
        if re.fullmatch(r"-?\d?\.\d+", printed):
            assert float(printed) == pytest.approx(result, abs=0.5 * 10 ** -len(printed.partition(".")[2]) + 1e-12)
        elif printed == "< .001":
            assert result < 0.001
        elif re.fullmatch(r"[\d,]+", printed):
            assert int(printed.replace(",", "")) == result
        else:
            assert re.fullmatch(r"(\d+ h )?(\d+ min )?([\d.]+ s)?", printed), f"{printed} is printed in no known manner"
    loose = [words for words in page.words if re.search(r"(?<![\d.])\.\d", words)]
    assert loose == [], "these numbers are outside <data> and name no line"
    return page


def test_every_number_is_traced_to_the_results(made):
    assert len(require_traced(made[1]).data) > 120


def test_numbers_over_seeds_are_traced_and_a_seed_that_has_not_run_is_named(tmp_path):
    recipe, run = write_synthetic_run(tmp_path)
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8, 9]\n"))
    layout, cell = RunLayout(run), ("supervised", "tight")
    first = SCORE.read(layout.score(*cell))
    for seed, shift in ((8, 0.03), (9, 0.06)):
        folder = layout.of_seed(seed).score(*cell)
        SCORE.write(folder, dataclasses.replace(first, seed=seed, accuracy=first.accuracy + shift))
        shutil.copy(layout.score(*cell) / "predictions.csv", folder)
        leave_receipt(read_recipe(recipe).with_seed(seed, "recipe"), layout.of_seed(seed), "score", *cell,
                      ["score.json", "predictions.csv"], seconds=2.0)
    write_table(recipe, run)
    page = require_traced(run)
    words = " ".join(" ".join(page.words).split())
    assert "seeds 7, 8, 9" in words
    assert words.count("all here of seed 7; over 3 seeds ±") == 1
    frame = read_results(run)
    means = frame[(frame["metric"] == "accuracy") & frame["seed"].isna()]
    assert (means["value"].tolist(), means["seeds"].tolist()) == ([pytest.approx(first.accuracy + 0.03)], [3])
    assert "Supervised, RGB under seed 8 and 9" in words
    assert "Supervised, Cropped under" not in words
    assert "supervised tight, seed 9" in words


def test_every_difference_follows_from_the_predictions(made):
    """What the page says of two cells is found again from their predictions, by other means."""
    frame = read_differences(made[1])
    frame = frame[frame["metric"] == "accuracy"]
    assert len(frame) == 12  # every pair of four cells, both ways
    for pair in frame.to_dict("records"):
        a, b = ({line["id"]: line["truth"] == line["prediction"] for line in csv.DictReader(
            (made[1] / "scores" / pair[f"{which}row"] / pair[f"{which}variant"] / "predictions.csv").open())}
            for which in ("", "other_"))
        shared = a.keys() & b.keys()
        assert pair["n"] == len(shared)
        difference = np.mean([a[face] - b[face] for face in shared])
        assert pair["value"] == pytest.approx(difference)
        assert pair["low"] <= difference <= pair["high"]
