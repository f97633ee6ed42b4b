"""Photographs join an archive: its groups and their names stay, how well the new faces fit is said; or all is grouped
anew.
"""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import fecemo
from fecemo.data.cluster_names import read_cluster_names, read_hand_names
from fecemo.data.dataset_files import FaceEntry
from fecemo.errors import InputError, StoredStateError
from fecemo.labelling.session import LabellingSession
from fecemo.naming_board import label_and_score
from fecemo.stages import cluster, embed, label, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.label_run import LabelRun
from fecemo.stages.run_readout import RunReadout
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.integration.archive_run import face, write_faces

ROOT, CELL = Path(__file__).parents[2], ("symmetric_hog", "gray")
CLUSTERING = {"n_clusters": 4, "n_init": 2, "stability_seeds": 2}
RECIPE = {"name": "archive", "title": "An archive", "variants": ["gray"], "face_side": 24, "threads": 1,
          "keep_groups": True, "datasets": {"album": {"draw": {"faces": 24}}}, "roles": {"source": "album"},
          "approaches": {"symmetric_hog": {"fit": {}}}, "clustering": CLUSTERING,
          "naming": {"method": "action_units"}}


def picture(number):
    """Return a face of one of four kinds, a little unlike all others."""
    noise = np.random.default_rng(number).integers(0, 60, (200, 200, 1))
    return (face(2 * (number % 4), 0) - 20 + noise).clip(0, 255).astype(np.uint8)


OLD = {f"m{number:02}": picture(number) for number in range(24)}


class Archive:
    """A run of source faces alone, by the stages themselves."""

    def __init__(self, folder):
        self.layout, self.recipe = RunLayout(folder / "run"), folder / "recipe.yaml"

    @property
    def arguments(self):
        return CellArguments(self.recipe, self.layout.run, *CELL)

    def deliver(self, faces):
        """Put a data set in the place of another, and run what the workflow runs before the naming."""
        write_faces(self.layout.dataset("album"), "fetch", [
            (FaceEntry(name, f"{name}.jpg"), faces[name]) for name in sorted(faces)])
        for stage in (train, embed, cluster):
            stage.run(self.arguments)

    def session(self):
        material = LabelRun(self.layout.run, self.recipe, label_and_score).open(*CELL, by="ann")
        return material, LabellingSession(material.clustering, material.path, "ann", material.seed,
                                          divide=material.divide, classes=material.classes,
                                          ids=material.source_ids.tolist())

    def groups(self):
        """Return the group of every face, by its id."""
        readout, run = RunReadout(fecemo.open_run(self.layout.run), *CELL), fecemo.open_run(self.layout.run)
        stored = run.outputs(*CELL, "album")
        ids = fecemo.open_dataset(self.layout.dataset("album")).ids[stored.rows]
        return dict(zip(ids.tolist(), readout.answers(stored.values, ids).groups.tolist(), strict=True))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Four groups, one of them divided, all named by hand."""
    folder = tmp_path_factory.mktemp("kept")
    made = Archive(folder)
    made.recipe.write_text(yaml.safe_dump(RECIPE))
    made.deliver(OLD)
    _, session = made.session()
    session.divide("0")
    for key, name in zip(session.groups.keys, ("happy", "sad", "anger", "upset/fear", "not a face"), strict=True):
        session.name(key, name=name)
    session.move("m01", name="surprise")
    session.move("m02", name="not a face")
    label.run(made.arguments, method="hand")
    return folder


@pytest.fixture
def archive(first, tmp_path):
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    return Archive(tmp_path)


def joined():
    """Return copies of four that are there, and two like nothing: their ids come before, between and after."""
    rng = np.random.default_rng(1)
    faces = {name: picture(8 + kind) for kind, name in enumerate(("a0", "m05x", "m17x", "z0"))}
    return faces | {name: rng.integers(0, 255, (200, 200, 3)).astype(np.uint8) for name in ("a1", "z1")}


def test_groups_and_names_stay_when_faces_join(archive, capsys):
    centres = (archive.layout.clusters(*CELL) / "centres.npy").read_bytes()
    names, before = read_cluster_names(archive.layout.names(*CELL) / "names.json"), archive.groups()
    archive.deliver(OLD | joined())
    label.run(archive.arguments)  # by the recipe's method, which only suggests: the person's names go before
    for kind in ("model", "outputs", "clusters", "names"):
        assert str(archive.arguments.artifacts.status(kind, *CELL)) == "current"
    assert (archive.layout.clusters(*CELL) / "centres.npy").read_bytes() == centres
    assert read_cluster_names(archive.layout.names(*CELL) / "names.json") == names
    after = archive.groups()
    assert {name: after[name] for name in before} == before
    assert len(after) == 30
    copies = {"a0": "m08", "m05x": "m09", "m17x": "m10", "z0": "m11"}
    assert [after[name] for name in copies] == [before[old] for old in copies.values()]
    kept = archive.arguments.artifacts.require("clusters", *CELL).summary["kept"]
    assert kept == {"grouped": 24, "joined": 6, "gone": 0, "far": pytest.approx(2 / 6)}
    assert "33% of those that joined are farther" in capsys.readouterr().err
    material, session = archive.session()
    assert "6 faces joined" in material.remark
    assert (session.names, session.stored.faces) == (names.names, names.faces)
    assert sum(session.groups.sizes.values()) == 30


def test_faces_that_went_leave_the_rest_as_it_was(archive):
    before = archive.groups()
    archive.deliver({name: picture for name, picture in OLD.items() if name not in ("m00", "m04")})
    label.run(archive.arguments)
    after = archive.groups()
    assert after == {name: group for name, group in before.items() if name not in ("m00", "m04")}
    assert archive.arguments.artifacts.require("clusters", *CELL).summary["kept"]["gone"] == 2


def test_a_kill_while_faces_join_does_not_lose_the_groups(archive, monkeypatch):
    before = archive.groups()

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "fit_of_joined", killed)
        with pytest.raises(KeyboardInterrupt):
            archive.deliver(OLD | joined())
    cluster.run(archive.arguments)
    label.run(archive.arguments)
    assert {name: group for name, group in archive.groups().items() if name in before} == before


def test_other_settings_make_groups_anew_and_say_that_names_are_of_earlier_ones(archive, capsys):
    archive.recipe.write_text(yaml.safe_dump({**RECIPE, "clustering": {**CLUSTERING, "n_clusters": 3}}))
    cluster.run(archive.arguments)
    receipt = archive.arguments.artifacts.require("clusters", *CELL)
    assert ("kept" in receipt.summary, len(receipt.summary["cluster_sizes"])) == (False, 3)
    with pytest.raises(StoredStateError, match="landmark"):  # suggestions need landmarks, which these faces have not
        label.run(archive.arguments)
    assert "names by a person are not used" in capsys.readouterr().err


def test_a_person_s_names_that_are_not_sound_are_never_replaced_by_suggestions(archive):
    hand = archive.layout.hand_names(*CELL)
    document = json.loads(hand.read_text())
    document["names"]["1"] = "joyful"
    hand.write_text(json.dumps(document))
    with pytest.raises(InputError, match="cluster 1 is named 'joyful'"):
        label.run(archive.arguments)


def test_regrouping_keeps_what_people_said_and_leaves_out_what_is_no_face(archive):
    groups = archive.groups()
    none = {name for name, group in groups.items() if group == "3"} - {"m01"} | {"m02"}
    hand = archive.layout.hand_names(*CELL)
    content = hand.read_bytes()
    script = ROOT / "pipelines" / "17_regroup.py"
    command = [sys.executable, script, "--run", archive.layout.run, "--recipe", archive.recipe]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with (archive.layout.labels / "not_faces.csv").open(newline="") as file:
        assert {line["id"]: line["address"] for line in csv.DictReader(file)} == {name: f"{name}.jpg" for name in none}
    (earlier,) = (hand.parent / "earlier").iterdir()
    assert (earlier.read_bytes(), hand.exists()) == (content, False)
    assert f"{len(none)} faces more are listed as none" in done.stderr
    archive.deliver(OLD | joined())
    receipt = archive.arguments.artifacts.require("clusters", *CELL)
    assert "kept" not in receipt.summary
    assert sum(receipt.summary["cluster_sizes"]) == 30 - len(none)
    template = json.loads((archive.layout.clusters(*CELL) / "names.template.json").read_text())
    hand.write_text(json.dumps({**template, "names": dict.fromkeys("0123", "happy")}))
    label.run(archive.arguments)
    assert read_cluster_names(archive.layout.names(*CELL) / "names.json").faces == dict.fromkeys(none, "not a face")
    assert read_hand_names(hand).faces == {}  # what a person wrote stays as it is


def test_an_archive_alone_keeps_groups(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "datasets": {**RECIPE["datasets"], "labelled": {"draw": {
        "faces_per_class": 2}}}, "roles": {"source": "album", "target": "labelled"}}))
    with pytest.raises(InputError, match="keep_groups: where a target has a role"):
        read_recipe(path)
