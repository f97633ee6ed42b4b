"""The workflow at work: killed, asked for something else and damaged, it resumes with the same command."""

import csv
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from study_workflow import TINY, command, dry_run, snakemake

from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

CELL = ("dense_autoencoder", "gray")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with a recipe of one cell and its finished run, by relative paths: a copy is as good."""
    folder = tmp_path_factory.mktemp("finished")
    document = yaml.safe_load(TINY.read_text())
    row = document["approaches"]["dense_autoencoder"]
    row["fit"]["reconstruct"]["epochs"] = 1
    document |= {"name": "one", "variants": ["gray"], "approaches": {"dense_autoencoder": row}}
    document["datasets"]["photographs"]["draw"].update(faces=24, url_prefix="http://127.0.0.1:18796/")
    document["datasets"]["emotions"]["draw"]["faces_per_class"] = 6
    (folder / "one.yaml").write_text(yaml.safe_dump(document))
    ran = called(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.fixture
def study(finished, tmp_path) -> Path:
    """A copy of it, which a test may spoil."""
    return shutil.copytree(finished, tmp_path / "study")


def called(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return snakemake(folder, Path("one.yaml"), Path("run"), *arguments)


def scored_cells(run: Path) -> int:
    """Return how many accuracies the run's table of results holds."""
    with (run / "results.csv").open(newline="") as file:
        return sum(row["metric"] == "accuracy" and row["value"] != "" for row in csv.DictReader(file))


def planned(study: Path) -> tuple[set[str], str]:
    """Return the rules that would run, and all that is printed of them."""
    printed = dry_run(study, Path("one.yaml"), Path("run"))
    output = printed.stdout + printed.stderr
    assert printed.returncode == 0, output
    return set(re.findall(r"^(\w+) +\d+$", output, re.MULTILINE)) - {"all", "total"}, output


def made_at(layout: RunLayout, kind: str) -> int:
    return (getattr(layout, kind)(*CELL) / "receipt.json").stat().st_mtime_ns


def test_a_recipe_changed_after_a_run_makes_exactly_its_artifacts_stale(study):
    """From a vote to names that nobody has given yet: no old figure stays, and what to do next is said."""
    recipe, layout = study / "one.yaml", RunLayout(study / "run")
    assert scored_cells(layout.run) == 1
    kinds = ("model", "outputs", "clusters", "assigned", "map", "names", "score")
    receipts = {kind: made_at(layout, kind) for kind in kinds}
    recipe.write_text(yaml.safe_dump({**yaml.safe_load(recipe.read_text()), "naming": {"method": "hand"}}))
    ran = called(study)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    output = " ".join((ran.stdout + ran.stderr).split())
    assert "gray is shown as not run: the names of dense_autoencoder gray were made with other settings" in output
    assert f"at {RunLayout(Path('run')).hand_names(*CELL)}" in output
    assert {kind: made_at(layout, kind) for kind in kinds} == receipts, "what the recipe still asks for was made again"
    assert scored_cells(layout.run) == 0
    assert planned(study)[0] == set()


def test_a_damaged_output_starts_its_stage_and_nothing_is_made_again_after_that(study, tmp_path):
    """The stages are asked whether their outputs are what they wrote; a dry run finds as much as a run."""
    recipe, layout = study / "one.yaml", RunLayout(study / "run")
    assert planned(study)[0] == set()
    trained = made_at(layout, "model")
    centres = layout.clusters(*CELL) / "centres.npy"
    whole = centres.read_bytes()
    centres.write_bytes(whole[:-4])  # its size tells
    rules, output = planned(study)
    assert rules == {"cell_dense_autoencoder", "table"}
    assert "the clusters of dense_autoencoder gray are damaged: centres.npy has" in output
    assert "it would be made again" in output
    assert all((folder / "digest.txt").exists() for folder in (layout.clusters(*CELL), layout.tables))
    (layout.score(*CELL) / "receipt.json").write_text("{")
    sample = layout.names(*CELL) / "sample.csv"
    sample.write_text(sample.read_text().replace(",", ";", 1))  # its digest tells
    ended = called(study, "-c1")
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert centres.read_bytes() == whole
    assert made_at(layout, "model") == trained, "of a cell's stages those alone run again that have to"
    assert ";" not in sample.read_text()
    assert planned(study)[0] == set()
    # Called from another folder, where nothing is known of earlier runs, a changed recipe is seen too.
    recipe.write_text(recipe.read_text().replace("bootstrap: 200", "bootstrap: 150"))
    (tmp_path / "elsewhere").mkdir()
    printed = dry_run(tmp_path / "elsewhere", recipe, layout.run)
    assert re.search(r"^cell_dense_autoencoder +1$", printed.stdout + printed.stderr, re.MULTILINE)


def test_a_damaged_data_set_is_planned_again_with_all_that_is_made_from_it(study):
    annotations = RunLayout(study / "run").dataset("emotions") / "annotations.csv"
    annotations.write_bytes(annotations.read_bytes()[:-4])
    rules, output = planned(study)
    assert rules == {"import_emotions", "cell_dense_autoencoder", "table"}
    assert "annotations.csv has" in output


@pytest.fixture
def one_cell(tmp_path) -> Path:
    """A recipe of one cell, whose training is long enough to be killed in the middle."""
    document = yaml.safe_load(TINY.read_text())
    document["name"] = "one"
    document["variants"] = ["gray"]
    document["approaches"] = {"supervised": document["approaches"]["supervised"]}
    document["approaches"]["supervised"]["fit"]["classify"]["epochs"] = 100
    document["datasets"]["photographs"]["draw"].update(faces=8, url_prefix="http://127.0.0.1:18798/")
    document["datasets"]["emotions"]["draw"]["faces_per_class"] = 6
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_killed_study_goes_on_and_does_nothing_twice(tmp_path, one_cell):
    layout = RunLayout(tmp_path / "run")
    history = layout.model("supervised", "gray") / "history.csv"
    running = subprocess.Popen(command(one_cell, layout.run), cwd=tmp_path, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (history.exists() and len(history.read_text().splitlines()) > 3):
        assert running.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < deadline, "training never began"
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not (layout.model("supervised", "gray") / "receipt.json").exists()
    imported = (layout.dataset("emotions") / "receipt.json").stat().st_mtime_ns
    epochs = history.read_text().splitlines()[1:3]

    assert snakemake(tmp_path, one_cell, layout.run).returncode == 0
    assert (layout.dataset("emotions") / "receipt.json").stat().st_mtime_ns == imported
    lines = history.read_text().splitlines()
    assert lines[1:3] == epochs  # the seconds of these epochs too: they were not trained again
    assert len(lines) == 1 + read_recipe(one_cell).approaches["supervised"].fit["classify"]["epochs"]
    assert (layout.run / "report.html").exists()

    again = snakemake(tmp_path, one_cell, layout.run)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr
