"""Every number of the report is traced to a record, and what follows from several records is found again."""

import csv
import dataclasses
import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_pages import Page, text_of, write_table
from synthetic_run import RECIPE, write_synthetic_run

from fecemo.data.published import read_published
from fecemo.evaluation.records.score import read_score, write_score
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_receipt


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    recipe, run = write_synthetic_run(tmp_path_factory.mktemp("made"))
    write_table(recipe, run)
    return recipe, run


def require_traced(run: Path) -> Page:
    """Hold every number of a run's page against the record that it names, and return the page."""
    published = read_published()
    page = Page(text_of(run))
    for attributes, printed in page.data:
        record, field = attributes["data-record"], attributes["data-field"]
        if record == "published":
            found = published.figure(*field.split("."))
        else:
            found = read_record(run, record)
            for name in field.split("."):
                found = found[int(name) if isinstance(found, list) else name]
        assert float(attributes["value"]) == found
        if re.fullmatch(r"-?\d?\.\d+", printed):
            assert float(printed) == pytest.approx(found, abs=0.5 * 10 ** -len(printed.partition(".")[2]) + 1e-12)
        elif re.fullmatch(r"[\d,]+", printed):
            assert int(printed.replace(",", "")) == found
        else:
            assert re.fullmatch(r"(\d+ h )?(\d+ min )?([\d.]+ s)?", printed), f"{printed} is printed in no known manner"
    loose = [words for words in page.words if re.search(r"(?<![\d.])\.\d", words)]
    assert loose == [], "these numbers stand outside <data> and name no record"
    return page


def test_every_number_is_traced_to_a_score_record(made):
    assert len(require_traced(made[1]).data) > 120


def test_numbers_over_seeds_are_traced_and_a_seed_that_has_not_run_is_named(tmp_path):
    recipe, run = write_synthetic_run(tmp_path)
    recipe.write_text(RECIPE.replace("seed: 7\n", "seed: 7\nseeds: [8, 9]\n"))
    layout, cell = RunLayout(run), ("supervised", "tight")
    first = read_score(layout.score(*cell))
    for seed, shift in ((8, 0.03), (9, 0.06)):
        folder = layout.of_seed(seed).score(*cell)
        write_score(folder, dataclasses.replace(first, seed=seed, accuracy=first.accuracy + shift))
        shutil.copy(layout.score(*cell) / "predictions.csv", folder)
        leave_receipt(read_recipe(recipe).with_seed(seed, "recipe"), layout.of_seed(seed), "score", *cell,
                      ["score.json", "predictions.csv"], seconds=2.0)
    write_table(recipe, run)
    page = require_traced(run)
    words = " ".join(" ".join(page.words).split())
    assert "seeds 7, 8, 9" in words
    assert words.count("all here of seed ; over 3 seeds ±") == 1
    printed = {said for attributes, said in page.data
               if attributes["data-field"].startswith("spreads.supervised/tight.metrics.accuracy")}
    assert printed == {f"{first.accuracy + 0.03:.{places}f}"[1:] for places in (3, 4)} | {".030"}
    assert "Supervised, RGB under seed 8 and 9" in words
    assert "Supervised, Cropped under" not in words
    assert "supervised tight, seed 9" in words


@cache
def read_record(run: Path, record: str) -> Any:
    """Return the record that a number of the page names: of the table, of a score, or of what stands beside one."""
    if record == "table":
        return json.loads((run / "table1.json").read_text())
    approach, variant, *beside = record.split("/")
    return json.loads((run / "scores" / approach / variant / f"{beside[0] if beside else 'score'}.json").read_text())


def test_every_difference_follows_from_the_predictions(made):
    """What the page says of two cells is found again from their predictions, by other means."""
    table = json.loads((made[1] / "table1.json").read_text())
    assert len(table["comparisons"]) == 12  # every pair of four cells, both ways
    for comparison in table["comparisons"].values():
        a, b = ({line["id"]: line["truth"] == line["prediction"] for line in csv.DictReader(
            (made[1] / "scores" / comparison[which] / "predictions.csv").open())} for which in ("a", "b"))
        shared = a.keys() & b.keys()
        assert comparison["n_shared"] == len(shared)
        difference = np.mean([a[face] - b[face] for face in shared])
        found = comparison["differences"]["accuracy"]
        assert found["value"] == pytest.approx(difference)
        assert found["low"] <= difference <= found["high"]
