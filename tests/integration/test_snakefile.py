"""The graph of stages: what would run, and what is refused before anything does."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from study_workflow import TINY, dry_run

from fecemo.study.layout import RunLayout


def jobs(printed: subprocess.CompletedProcess) -> dict[str, int]:
    """Return how many jobs of each rule would run."""
    listed = re.findall(r"^([\w.-]+) +(\d+)$", printed.stdout + printed.stderr, re.MULTILINE)
    return {name: int(count) for name, count in listed}


def outputs(printed: subprocess.CompletedProcess, rule: str) -> list[set[str]]:
    """Return the artefacts of each job of a rule, as the run's folder names them."""
    listed = re.findall(rf"^rule {rule}:\n(?: +input: .+\n)? +output: (.+)$", printed.stdout + printed.stderr,
                        re.MULTILINE)
    return [{str(Path(path).parent) for path in paths.split(", ")} for paths in listed]


def test_a_dry_run_counts_the_grid_of_the_recipe(tmp_path):
    """A job a cell, whatever the number of its stages."""
    layout = RunLayout(tmp_path / "run")
    printed = dry_run(tmp_path, TINY, layout.run)
    rows = ("dense_autoencoder", "conv_autoencoder", "semi_supervised", "supervised")
    assert jobs(printed) == {"draw_photographs": 1, "draw_emotions": 1, "fetch_photographs": 1, "import_emotions": 1,
                             **{f"cell_{row}": 3 for row in rows}, "table": 1, "all": 1, "total": 18}
    grouped, judged = (("model", "outputs", "score", "clusters", "assigned", "map", "names"),
                       ("model", "outputs", "score"))
    for row, kinds in (("dense_autoencoder", grouped), ("supervised", judged)):
        expected = {str(getattr(layout, kind)(row, "tight")) for kind in kinds}
        assert expected in outputs(printed, f"cell_{row}")
    assert not layout.run.exists()


def test_trainings_ask_a_scheduler_for_a_gpu_where_there_are_any(tmp_path):
    n_jobs = [len(re.findall(r"^ +resources: .*\bgpu=1\b", printed.stdout + printed.stderr, re.MULTILINE))
             for printed in (dry_run(tmp_path, TINY, tmp_path / "run", *words)
                             for words in ((), ("--resources", "gpu=2")))]
    assert n_jobs == [0, 12]


def test_further_seeds_are_further_runs_on_the_same_faces(tmp_path):
    recipe, layout = tmp_path / "seeds.yaml", RunLayout(tmp_path / "run")
    recipe.write_text(TINY.read_text() + "seeds: [11, 12]\n")
    printed = dry_run(tmp_path, recipe, layout.run)
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
    printed = dry_run(tmp_path, recipe, layout.run)
    assert {"cell_dense_autoencoder": 3, "cell_supervised": 3, "total": 18}.items() <= jobs(printed).items()
    made = set().union(*outputs(printed, "cell_dense_autoencoder"), *outputs(printed, "cell_supervised"))
    assert {str(layout.clusters("dense_autoencoder", "rgb")), str(layout.score("supervised", "rgb"))} <= made
    assert not {str(layout.names("dense_autoencoder", "rgb")), str(layout.score("dense_autoencoder", "rgb"))} & made
    names = layout.hand_names("dense_autoencoder", "rgb")
    elsewhere = layout.hand_names("conv_autoencoder", "gray").with_name("gray.someone.json")
    for path in (names, elsewhere):
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    printed = dry_run(tmp_path, recipe, layout.run)
    assert {"names_dense_autoencoder": 1, "cell_dense_autoencoder": 3, "total": 19}.items() <= jobs(printed).items()
    made, = outputs(printed, "names_dense_autoencoder")
    assert made == {str(layout.names("dense_autoencoder", "rgb")), str(layout.score("dense_autoencoder", "rgb"))}
    read = re.search(r"^rule names_dense_autoencoder:\n +input: (.+)$", printed.stdout + printed.stderr, re.MULTILINE)
    # A label that its person saw elsewhere counts here, so that a file of names there is an input here.
    assert read
    assert {str(names), str(elsewhere)} <= set(read[1].split(", "))


def test_rows_whose_names_begin_as_rules_do_have_rules_of_their_own(tmp_path):
    recipe = tmp_path / "prefixes.yaml"
    document = yaml.safe_load(TINY.read_text())
    row = {"approach": "dense_autoencoder", **document["approaches"]["dense_autoencoder"]}
    document |= {"approaches": {"x": row, "seeds_x": row, "names_x": row}, "variants": ["gray"], "seeds": [11],
                 "naming": {"method": "hand"}}
    recipe.write_text(yaml.safe_dump(document))
    layout = RunLayout(tmp_path / "run")
    for path in (home.hand_names(name, "gray") for home in (layout, layout.of_seed(11))
                 for name in document["approaches"]):
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    counted = jobs(dry_run(tmp_path, recipe, layout.run))
    assert {f"{rule}_{name}": 1 for rule in ("cell", "seeds", "names", "seednames")
            for name in document["approaches"]}.items() <= counted.items()


def test_rows_that_measure_faces_wait_for_a_landmark_model(tmp_path):
    """Then each data set is measured once, whatever the number of rows and variants that read its measurements."""
    recipe, model = tmp_path / "measured.yaml", tmp_path / "face_landmarker.task"
    document = yaml.safe_load(TINY.read_text())
    document |= {"landmark_model": str(model), "approaches": {"landmark_features": {"fit": {}}}}
    recipe.write_text(yaml.safe_dump(document))
    counts = []
    for _ in range(2):
        counted = jobs(dry_run(tmp_path, recipe, tmp_path / "run"))
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
    printed = dry_run(tmp_path, recipe, run)
    output = printed.stdout + printed.stderr
    for kind, home in (("cell", RunLayout(run)), ("seeds", RunLayout(run).of_seed(11))):
        made = re.escape(str(home.model("labels", "gray") / "digest.txt"))
        read = re.search(rf"^rule {kind}_labels:\n +input: (.+)\n +output: {made}", output, re.MULTILINE)
        assert str(home.outputs("encoder", "gray") / "digest.txt") in read[1].split(", ")


def test_a_list_from_which_nothing_learns_tests_every_row_that_has_an_embedding(tmp_path):
    """Drawn, or where it is there; each data set is measured for the rows that measure."""
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
    printed = dry_run(tmp_path, recipe, tmp_path / "run")
    assert {"fetch_rated": 1, "landmarks": 3}.items() <= jobs(printed).items()
    layout = RunLayout(tmp_path / "run")
    for row, is_tested in (("triplet_embedding", True), ("landmark_features", True), ("dense_autoencoder", True),
                           ("supervised", False)):
        made, = outputs(printed, f"cell_{row}")
        assert (str(layout.triplet_test(row, "gray")) in made, str(layout.cluster_sweep(row, "gray")) in made) == (
            is_tested, is_tested)
    behind = re.search(r"^rule cell_triplet_embedding:\n +input: (.+)$", printed.stdout + printed.stderr, re.MULTILINE)
    assert str(layout.triplet_test("landmark_features", "gray") / "digest.txt") in behind[1].split(", ")
    faces = tmp_path / "list.csv"
    faces.write_text("url,left,right,top,bottom\n")
    (tmp_path / "photographs").mkdir()
    document["datasets"] = {"photographs": {"fetch": {"faces": str(faces)}},
                            "emotions": {"import": {"images": str(tmp_path / "photographs")}},
                            "rated": {"fetch": {"faces": "fec.csv", "format": "fec"}}}
    recipe.write_text(yaml.safe_dump(document))

    def planned(*lists):
        return dry_run(tmp_path, recipe, tmp_path / "run", *lists)

    for lists, is_tested in (([], False), ([f"triplet_test={faces}"], True), ([f"rated={faces}"], True)):
        printed = planned(*lists)
        made, = outputs(printed, "cell_dense_autoencoder")
        assert (jobs(printed)["table"], str(layout.triplet_test("dense_autoencoder", "gray")) in made) == (1, is_tested)
        assert ("fec.csv is not there: there is no triplet test" in printed.stdout + printed.stderr) is not is_tested
    assert "datasets.rated.fetch.faces: mien.csv: there is no such file" in planned("triplet_test=mien.csv").stderr
    assert "datasets.rated: . is a folder, expected a list of faces" in planned("triplet_test=.").stderr
    # Nobody typed the path of a set that a recipe names: how to get it is said, and what does in its place.
    document["datasets"]["emotions"]["import"]["images"] = "data/affectnet"
    recipe.write_text(yaml.safe_dump({**document, "data": {"emotions": "affectnet"}}))
    assert re.search(r"data/affectnet: there is no such .* --config emotions=PATH\. AffectNet \(http.*\): its authors "
                     r"give it on request.* FER\+, whose labels are at https", planned().stderr)
    del document["roles"]["triplet_test"]
    recipe.write_text(yaml.safe_dump(document))
    assert "--config triplet_test: there is no such key" in planned(f"triplet_test={faces}").stderr


@pytest.mark.parametrize(("name", "sentence"), [
    ("2024_11_30", "--config run=20241130: expected a path, and YAML reads what was written as int"),
    ("x{y}", "run: x{y}: Snakemake reads braces as wildcards; choose a path without them"),
    ("runs/seeds/1", "a folder seeds/1 holds that seed of another run; choose another name")])
def test_a_name_that_cannot_be_a_run_is_refused_in_one_sentence(tmp_path, name, sentence):
    printed = dry_run(tmp_path, TINY, Path(name))
    assert printed.returncode == 2
    assert sentence in printed.stdout + printed.stderr
    assert "Error" not in printed.stdout + printed.stderr


def test_an_unsound_recipe_is_named_before_anything_runs(tmp_path):
    recipe = tmp_path / "wrong.yaml"
    recipe.write_text(TINY.read_text().replace("n_clusters", "n_cluster"))
    printed = dry_run(tmp_path, recipe, tmp_path / "run")
    assert printed.returncode != 0
    refused, = (line for line in printed.stderr.splitlines() if not line.startswith("Using workflow"))
    assert refused.startswith(f"error: {recipe}: unknown key 'clustering.n_cluster', did you mean 'n_clusters'?")
