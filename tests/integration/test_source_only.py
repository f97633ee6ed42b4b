"""A recipe without labelled faces: clusters, a map and names, and nothing that is scored."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import fecemo
from fecemo.errors import InputError
from fecemo.naming_board import label_and_score
from fecemo.stages import evaluate, table
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.label_run import LabelRun
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

ROOT, CELL = Path(__file__).parents[2], ("symmetric_hog", "gray")
RECIPE = {"name": "archive", "title": "An archive", "variants": ["gray"], "face_side": 20, "threads": 1,
          "datasets": {"album": {"draw": {"faces": 24, "dead_links": 0, "url_prefix": "http://127.0.0.1:18797/"}}},
          "roles": {"source": "album"},
          "approaches": {"symmetric_hog": {"fit": {}},
                         "later": {"approach": "symmetric_hog", "title": "Once more", "fit": {}}},
          "clustering": {"n_clusters": 3, "n_init": 2},
          "naming": {"method": "hand", "classes": ["broad smile", "happy", "upset"]},
          "map": {"perplexity": 5, "pca_components": 4, "iterations": 50}}
NAMES = ["broad smile", "upset", "mixed"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A run by Snakemake: first without names, then with those that a person gave."""
    folder = tmp_path_factory.mktemp("archive")
    recipe, layout = folder / "archive.yaml", RunLayout(folder / "run")
    recipe.write_text(yaml.safe_dump(RECIPE))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "pipelines" / "Snakefile"), "--cores", "1",
               "--config", f"recipe={recipe}", f"run={layout.run}"]

    def snakemake():
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    snakemake()
    assert not layout.names(*CELL).exists()
    template = json.loads((layout.clusters(*CELL) / "names.template.json").read_text())
    layout.hand_names(*CELL).parent.mkdir(parents=True)
    layout.hand_names(*CELL).write_text(json.dumps({**template, "names": dict(zip("012", NAMES, strict=True))}))
    snakemake()
    return CellArguments(recipe, layout.run, *CELL)


def test_it_ends_with_clusters_a_map_and_names_and_without_a_table(study):
    layout, run = study.layout, fecemo.open_run(study.run)
    clusters = np.load(layout.clusters(*CELL) / "source_clusters.npy")
    assert len(clusters) == 24
    assert np.load(layout.map(*CELL) / "source_map.npy").shape == (24, 2)
    assert np.load(layout.map(*CELL) / "target_map.npy").shape == (0, 2)
    vectors = run.outputs(*CELL, "source").values
    named = np.array(["broad smile", "upset", ""])[clusters]
    assert run.namer(*CELL).predict(vectors).tolist() == named.tolist()
    for kind in ("model", "outputs", "clusters", "map", "names"):
        assert study.artifacts.status(kind, *CELL).state == "current"
    assert study.artifacts.status("clusters", "later", "gray").state == "current"
    assert not layout.names("later", "gray").exists()
    assert not {"scores", "tables", "assigned", "results.csv"} & {path.name for path in layout.run.iterdir()}


def test_a_person_names_in_the_notebook_without_a_target(study):
    material = LabelRun(study.run, study.recipe, label_and_score).open(*CELL, by="ann")
    assert len(material.target_ids) == len(material.target_clusters) == 0
    assert (material.ask_sample, material.ask_labels) == (None, None)
    assert material.faces(np.arange(2)).shape[0] == 2
    assert material.classes == ("broad smile", "happy", "upset")
    assert material.map is not None
    assert len(material.map.target) == 0
    assert all(name in label_and_score(study) for name in NAMES)


def test_nothing_of_it_can_be_scored(study):
    with pytest.raises(InputError, match="archive gives no data set the role 'target': add target: NAME to its roles"):
        evaluate.run(study)
    with pytest.raises(InputError, match="no data set the role 'target'"):
        table.run((study.run,), study.recipe)


@pytest.mark.parametrize(("changes", "message"), [
    ({"naming": {"method": "majority_vote"}}, "naming.method: majority_vote needs labelled faces: name a target"),
    ({"cluster_sweep": {"n_clusters": [2]}}, "cluster_sweep: scores need labelled faces: name a target in roles"),
    ({"naming": {"method": "hand", "classes": ["glad", "glad"]}}, "naming: classes must be different names"),
    ({"roles": {}}, "roles: name a source, a target or both"),
    ({"approaches": {"supervised": {"fit": {"classify": {
        "loss": "cross_entropy", "optimizer": "adam", "learning_rate": 0.1, "epochs": 1}}}}},
     "supervised.fit.classify.data: the recipe gives no data set the role 'target'"),
])
def test_a_recipe_that_needs_labelled_faces_and_has_none_is_refused(tmp_path, changes, message):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump({**RECIPE, **changes}))
    with pytest.raises(InputError, match=message):
        read_recipe(tmp_path / "recipe.yaml")
