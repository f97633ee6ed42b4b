"""The graph of stages: what would run, and a killed study that goes on with the same command."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

ROOT = Path(__file__).parents[2]
TINY = Path(__file__).parent / "tiny.yaml"


def command(recipe: Path, run: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "-s", str(ROOT / "pipelines" / "Snakefile"), *arguments,
            "--config", f"recipe={recipe}", f"run={run}"]


def snakemake(folder: Path, recipe: Path, run: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(command(recipe, run, *arguments), cwd=folder, capture_output=True, text=True, timeout=300)


def scored_cells(run: Path) -> int:
    """Return how many accuracies the run's table of results holds."""
    with (run / "results.csv").open(encoding="utf-8", newline="") as file:
        return sum(row["metric"] == "accuracy" and row["value"] != "" for row in csv.DictReader(file))


def jobs(printed: subprocess.CompletedProcess) -> dict[str, int]:
    """Return how many jobs of each rule would run."""
    listed = re.findall(r"^([\w.-]+) +(\d+)$", printed.stdout + printed.stderr, re.MULTILINE)
    return {name: int(count) for name, count in listed}


def outputs(printed: subprocess.CompletedProcess, rule: str) -> list[set[str]]:
    """Return the artefacts of each job of a rule, as the run's folder names them."""
    listed = re.findall(rf"^rule {rule}:\n(?: +input: .+\n)? +output: (.+)$", printed.stdout + printed.stderr,
                        re.MULTILINE)
    return [{str(Path(path).parent) for path in paths.split(", ")} for paths in listed]


@pytest.fixture
def one_cell(tmp_path) -> Path:
    """A recipe of one cell, whose training is long enough to be killed in the middle."""
    document = yaml.safe_load(TINY.read_text())
    document["name"] = "one"
    document["variants"] = ["gray"]
    document["approaches"] = {"supervised": document["approaches"]["supervised"]}
    document["approaches"]["supervised"]["fit"]["classify"]["epochs"] = 300
    document["datasets"]["photographs"]["draw"].update(faces=8, url_prefix="http://127.0.0.1:18798/")
    document["datasets"]["emotions"]["draw"]["faces_per_class"] = 6
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_dry_run_counts_the_grid_of_the_recipe(tmp_path):
    """A job a cell, whatever the number of its stages."""
    layout = RunLayout(tmp_path / "run")
    printed = snakemake(tmp_path, TINY, layout.run, "-n", "--quiet", "host")
    rows = ("dense_autoencoder", "conv_autoencoder", "semi_supervised", "supervised")
    assert jobs(printed) == {"draw_photographs": 1, "draw_emotions": 1, "fetch_photographs": 1, "import_emotions": 1,
                             **{f"cell_{row}": 3 for row in rows}, "table": 1, "all": 1, "total": 18}
    grouped, judged = (("model", "embeddings", "score", "clusters", "assigned", "map", "names"),
                       ("model", "embeddings", "score"))
    for row, kinds in (("dense_autoencoder", grouped), ("supervised", judged)):
        expected = {str(getattr(layout, kind)(row, "tight")) for kind in kinds}
        assert expected in outputs(printed, f"cell_{row}")
    assert not layout.run.exists()


def test_further_seeds_are_further_runs_on_the_same_faces(tmp_path):
    recipe, layout = tmp_path / "seeds.yaml", RunLayout(tmp_path / "run")
    recipe.write_text(TINY.read_text() + "seeds: [11, 12]\n")
    printed = snakemake(tmp_path, recipe, layout.run, "-n", "--quiet", "host")
    expected = {"fetch_photographs": 1, "import_emotions": 1, "cell_supervised": 3, "seeds_supervised": 6,
                "cell_conv_autoencoder": 3, "seeds_conv_autoencoder": 6, "table": 1, "total": 18 + 24}
    assert expected.items() <= jobs(printed).items()
    mapped = [layout.of_seed(seed) for seed in (11, 12)]
    made = set().union(*outputs(printed, "seeds_conv_autoencoder"))
    assert str(layout.of_seed(12).score("conv_autoencoder", "rgb")) in made
    assert not made & {str(home.map("conv_autoencoder", "rgb")) for home in mapped}


def test_names_that_nobody_has_given_yet_hold_up_nothing_else(tmp_path):
    recipe, layout = tmp_path / "hand.yaml", RunLayout(tmp_path / "run")
    recipe.write_text(TINY.read_text().replace("{method: majority_vote, sample: 24}", "{method: hand}"))
    printed = snakemake(tmp_path, recipe, layout.run, "-n", "--quiet", "host")
    assert {"cell_dense_autoencoder": 3, "cell_supervised": 3, "total": 18}.items() <= jobs(printed).items()
    made = set().union(*outputs(printed, "cell_dense_autoencoder"), *outputs(printed, "cell_supervised"))
    assert {str(layout.clusters("dense_autoencoder", "rgb")), str(layout.score("supervised", "rgb"))} <= made
    assert not {str(layout.names("dense_autoencoder", "rgb")), str(layout.score("dense_autoencoder", "rgb"))} & made
    names = layout.hand_names("dense_autoencoder", "rgb")
    elsewhere = layout.hand_names("conv_autoencoder", "gray").with_name("gray.someone.json")
    for path in (names, elsewhere):
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    printed = snakemake(tmp_path, recipe, layout.run, "-n", "--quiet", "host")
    assert {"named_dense_autoencoder": 1, "cell_dense_autoencoder": 3, "total": 19}.items() <= jobs(printed).items()
    made, = outputs(printed, "named_dense_autoencoder")
    assert made == {str(layout.names("dense_autoencoder", "rgb")), str(layout.score("dense_autoencoder", "rgb"))}
    read = re.search(r"^rule named_dense_autoencoder:\n +input: (.+)$", printed.stdout + printed.stderr, re.MULTILINE)
    # A label that its person saw elsewhere counts here, so that a file of names there is an input here.
    assert read
    assert {str(names), str(elsewhere)} <= set(read[1].split(", "))


def test_rows_that_measure_faces_wait_for_a_landmark_model(tmp_path):
    """Then each pack is measured once, whatever the number of rows and variants that read its measurements."""
    recipe, model = tmp_path / "measured.yaml", tmp_path / "face_landmarker.task"
    document = yaml.safe_load(TINY.read_text())
    document |= {"landmark_model": str(model), "approaches": {"landmark_features": {"fit": {}}}}
    recipe.write_text(yaml.safe_dump(document))
    counts = []
    for _ in range(2):
        counted = jobs(snakemake(tmp_path, recipe, tmp_path / "run", "-n"))
        counts.append([counted.get(rule) for rule in ("landmarks", "cell_landmark_features", "table")])
        model.touch()
    assert counts == [[None, None, 1], [2, 3, 1]]


def test_a_row_of_another_row_s_embeddings_comes_after_it_in_its_own_run(tmp_path):
    recipe, run = tmp_path / "of.yaml", tmp_path / "run"
    document = yaml.safe_load(TINY.read_text())
    encoder = {key: document["approaches"]["conv_autoencoder"][key] for key in ("fit", "model")}
    fit = {"classify": {"loss": "cross_entropy", "optimizer": "adam", "learning_rate": 0.01, "epochs": 1}}
    document |= {"variants": ["gray"], "seeds": [11], "approaches": {
        "labels": {"approach": "head", "embeddings_from": "encoder", "fit": fit},
        "encoder": {**encoder, "approach": "conv_autoencoder"}}}
    recipe.write_text(yaml.safe_dump(document))
    printed = snakemake(tmp_path, recipe, run, "-n", "--quiet", "host")
    said = printed.stdout + printed.stderr
    for kind, home in (("cell", RunLayout(run)), ("seeds", RunLayout(run).of_seed(11))):
        made = re.escape(str(home.model("labels", "gray") / "digest.txt"))
        read = re.search(rf"^rule {kind}_labels:\n +input: (.+)\n +output: {made}", said, re.MULTILINE)
        assert str(home.embeddings("encoder", "gray") / "digest.txt") in read[1].split(", ")


def test_a_list_from_which_nothing_learns_tests_every_row_that_has_an_embedding(tmp_path):
    """Drawn, or where it is there; each pack is measured for the rows that measure."""
    recipe, model = tmp_path / "tested.yaml", tmp_path / "face_landmarker.task"
    model.touch()
    document = yaml.safe_load(TINY.read_text())
    rows = {name: document["approaches"][name] for name in ("dense_autoencoder", "supervised")}
    rate = {"loss": "triplet", "optimizer": "adam", "learning_rate": 0.01, "epochs": 1}
    document["datasets"]["rated"] = {"draw": {"faces": 9, "triplets": 9, "url_prefix": "http://127.0.0.1:18799/"}}
    document["roles"]["triplet_test"] = "rated"
    document |= {"variants": ["gray"], "landmark_model": str(model),
                 "approaches": {**rows,
                                "triplet_embedding": {"embeddings_from": "landmark_features", "fit": {"rate": rate}},
                                "landmark_features": {"fit": {}}},
                 "cluster_sweep": {"n_clusters": [2], "per_cluster": 1, "seeds": 1}}
    recipe.write_text(yaml.safe_dump(document))
    printed = snakemake(tmp_path, recipe, tmp_path / "run", "-n", "--quiet", "host")
    assert {"fetch_rated": 1, "landmarks": 3}.items() <= jobs(printed).items()
    layout = RunLayout(tmp_path / "run")
    for row, is_tested in (("triplet_embedding", True), ("landmark_features", True), ("dense_autoencoder", True),
                           ("supervised", False)):
        made, = outputs(printed, f"cell_{row}")
        assert (str(layout.triplet_test(row, "gray")) in made, str(layout.cluster_sweep(row, "gray")) in made) == (
            is_tested, is_tested)
    behind = re.search(r"^rule cell_triplet_embedding:\n +input: (.+)$", printed.stdout + printed.stderr, re.MULTILINE)
    assert str(layout.triplet_test("landmark_features", "gray") / "digest.txt") in behind[1].split(", ")
    found = tmp_path / "list.csv"
    found.touch()
    (tmp_path / "photographs").mkdir()
    document["datasets"] = {"photographs": {"fetch": {"faces": str(found)}},
                            "emotions": {"import": {"images": str(tmp_path / "photographs")}},
                            "rated": {"fetch": {"faces": "fec.csv", "format": "fec"}}}
    recipe.write_text(yaml.safe_dump(document))

    def planned(*lists):
        return subprocess.run([*command(recipe, tmp_path / "run", "-n", "--quiet", "host"), *lists], cwd=tmp_path,
                              capture_output=True, text=True, timeout=300)

    for lists, is_tested in (([], False), ([f"triplet_test={found}"], True), ([f"rated={found}"], True)):
        printed = planned(*lists)
        made, = outputs(printed, "cell_dense_autoencoder")
        assert (jobs(printed)["table"], str(layout.triplet_test("dense_autoencoder", "gray")) in made) == (1, is_tested)
        assert ("fec.csv is not there: there is no triplet test" in printed.stdout + printed.stderr) is not is_tested
    assert "datasets.rated.fetch.faces: mien.csv: there is no such file" in planned("triplet_test=mien.csv").stderr
    del document["roles"]["triplet_test"]
    recipe.write_text(yaml.safe_dump(document))
    assert "--config triplet_test: there is no such key" in planned(f"triplet_test={found}").stderr


@pytest.mark.parametrize(("name", "sentence"), [
    ("2024_11_30", "--config run=20241130: expected a path, and YAML reads what was written as int"),
    ("runs/seeds/1", "a folder seeds/1 holds that seed of another run; choose another name")])
def test_a_name_that_cannot_be_a_run_is_refused_in_one_sentence(tmp_path, name, sentence):
    printed = snakemake(tmp_path, TINY, Path(name), "-n")
    assert printed.returncode == 2
    assert sentence in printed.stdout + printed.stderr
    assert "Error" not in printed.stdout + printed.stderr


def test_an_unsound_recipe_is_named_before_anything_runs(tmp_path):
    recipe = tmp_path / "wrong.yaml"
    recipe.write_text(TINY.read_text().replace("n_clusters", "n_cluster"))
    printed = snakemake(tmp_path, recipe, tmp_path / "run", "-n")
    assert printed.returncode != 0
    refused, = (line for line in printed.stderr.splitlines() if not line.startswith("Using workflow"))
    assert refused.startswith(f"error: {recipe}: unknown key 'clustering.n_cluster', did you mean 'n_clusters'?")


def test_a_killed_study_goes_on_and_does_nothing_twice(tmp_path, one_cell):
    layout = RunLayout(tmp_path / "run")
    history = layout.model("supervised", "gray") / "history.csv"
    running = subprocess.Popen(command(one_cell, layout.run), cwd=tmp_path, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (history.exists() and len(history.read_text().splitlines()) > 3):
        assert running.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < deadline, "training never began"
        time.sleep(0.05)
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


def test_a_recipe_changed_after_a_run_makes_exactly_its_artifacts_stale(tmp_path):
    """From a vote to names that nobody has given yet: no old figure stays, and what to do next is said."""
    recipe, layout = tmp_path / "named.yaml", RunLayout(tmp_path / "run")
    document = yaml.safe_load(TINY.read_text())
    row = document["approaches"]["dense_autoencoder"]
    row["fit"]["reconstruct"]["epochs"] = 1
    document |= {"name": "named", "variants": ["gray"], "approaches": {"dense_autoencoder": row}}
    document["datasets"]["emotions"]["draw"]["faces_per_class"] = 6
    recipe.write_text(yaml.safe_dump(document))
    ran = snakemake(tmp_path, recipe, layout.run)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert scored_cells(layout.run) == 1

    def made_at(kind):
        return (getattr(layout, kind)("dense_autoencoder", "gray") / "receipt.json").stat().st_mtime_ns

    kinds = ("model", "embeddings", "clusters", "assigned", "map", "names", "score")
    receipts = {kind: made_at(kind) for kind in kinds}
    recipe.write_text(yaml.safe_dump({**document, "naming": {"method": "hand"}}))
    ran = snakemake(tmp_path, recipe, layout.run)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = " ".join((ran.stdout + ran.stderr).split())
    assert "gray is shown as not run: the names of dense_autoencoder gray were made with other settings" in said
    assert f"at {layout.hand_names('dense_autoencoder', 'gray')}" in said
    assert {kind: made_at(kind) for kind in kinds} == receipts, "what the recipe still asks for was made again"
    assert scored_cells(layout.run) == 0
    assert "Nothing to be done" in (again := snakemake(tmp_path, recipe, layout.run)).stdout + again.stderr


def test_a_damaged_output_starts_its_stage_and_nothing_is_made_again_after_that(tmp_path):
    """The stages are asked whether their outputs are what they wrote; a dry run finds as much as a run."""
    document, run = yaml.safe_load(TINY.read_text()), RunLayout(tmp_path / "run")
    document |= {"name": "damaged", "variants": ["gray"],
                 "approaches": {"dense_autoencoder": document["approaches"]["dense_autoencoder"]}}
    document["datasets"]["photographs"]["draw"].update(faces=24, url_prefix="http://127.0.0.1:18797/")
    document["datasets"]["emotions"]["draw"]["faces_per_class"] = 6
    recipe = tmp_path / "damaged.yaml"
    recipe.write_text(yaml.safe_dump(document))

    def planned() -> tuple[set[str], str]:
        printed = snakemake(tmp_path, recipe, run.run, "-n")
        said = printed.stdout + printed.stderr
        assert printed.returncode == 0, said
        return set(re.findall(r"^(\w+) +\d+$", said, re.MULTILINE)) - {"all", "total"}, said

    ended = snakemake(tmp_path, recipe, run.run, "-c1")
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert planned()[0] == set()
    cell = ("dense_autoencoder", "gray")
    receipt = run.model(*cell) / "receipt.json"
    trained = receipt.stat().st_mtime_ns
    centres = run.clusters(*cell) / "centres.npy"
    whole = centres.read_bytes()
    centres.write_bytes(whole[:-4])  # its size tells
    rules, said = planned()
    assert rules == {"cell_dense_autoencoder", "table"}
    assert "the clusters of dense_autoencoder gray are damaged: centres.npy has" in said
    (run.score(*cell) / "receipt.json").write_text("{")
    sample = run.names(*cell) / "sample.csv"
    sample.write_text(sample.read_text().replace(",", ";", 1))  # its digest tells
    ended = snakemake(tmp_path, recipe, run.run, "-c1")
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert centres.read_bytes() == whole
    assert receipt.stat().st_mtime_ns == trained, "of a cell's stages those alone run again that have to"
    assert ";" not in sample.read_text()
    assert planned()[0] == set()
    # Called from another folder, where nothing is known of earlier runs, a changed recipe is seen too.
    recipe.write_text(recipe.read_text().replace("bootstrap: 200", "bootstrap: 150"))
    (tmp_path / "elsewhere").mkdir()
    printed = snakemake(tmp_path / "elsewhere", recipe, run.run, "-n")
    assert re.search(r"^cell_dense_autoencoder +1$", printed.stdout + printed.stderr, re.MULTILINE)
