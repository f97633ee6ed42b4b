"""The graph of artefacts: what is missing, stale or current, and why."""

from pathlib import Path

import pytest
import yaml

from fecemo.clustering.naming import naming_methods
from fecemo.clustering.prototypes import LEARNT_FROM, PENALTY
from fecemo.clustering.strategy import TRUST
from fecemo.data.receipts import digest_place, write_receipt
from fecemo.errors import StoredStateError
from fecemo.study.artifact_kinds import CELL_KINDS, KINDS, Artifact, clustering_digest
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import leave_receipt

CELL = ("conv_autoencoder", "gray")
FIT = {"loss": "binary_crossentropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 1}
RECIPE = {"name": "chain", "title": "A chain", "roles": {"source": "fec", "target": "affectnet"},
          "datasets": {"fec": {"fetch": {"faces": "faces.csv"}}, "affectnet": {"import": {"images": "images"}}},
          "variants": ["gray"], "approaches": {"conv_autoencoder": {"fit": {"reconstruct": FIT}}}}
ORDER = ("model", "outputs", "clusters", "assignments", "names", "score")


class Run:
    """A run of one cell, of which every artefact is current."""

    def __init__(self, folder):
        self.layout, self.path = RunLayout(folder / "run"), folder / "recipe.yaml"
        self.write()
        for name, stage in (("fec", "fetch"), ("affectnet", "import")):
            self.faces(name, stage, "faces")
        for kind in ORDER:
            self.make(kind)

    def write(self, **changes):
        self.path.write_text(yaml.safe_dump({**RECIPE, **changes}))

    @property
    def artifacts(self):
        return Artifacts(self.layout, read_recipe(self.path))

    def faces(self, name, stage, content):
        folder = self.layout.dataset(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "faces").write_text(content)
        write_receipt(folder, stage, config={}, inputs={}, files=["faces"], seconds=1.0)

    def make(self, kind, **contents):
        folder = self.artifacts.folder(kind, *CELL)
        folder.mkdir(parents=True, exist_ok=True)
        names = {"outputs": ("fec/embedding", "fec/rows", "affectnet/embedding", "affectnet/rows"),
                 "clusters": ("centres", "source_clusters")}.get(kind, (kind,))
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / f"{name}.npy").write_text(contents.get(name.partition("/")[0], "as ever"))
        return leave_receipt(self.artifacts.recipe, self.layout, kind, *CELL, [f"{name}.npy" for name in names])

    def stale(self):
        """Return the kinds that are stale, with why."""
        result = {kind: self.artifacts.status(kind, *CELL) for kind in ORDER}
        return {kind: str(status) for kind, status in result.items() if status.state == "stale"}


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_a_run_of_this_recipe_is_current(run):
    assert run.stale() == {}
    assert run.artifacts.require("clusters", *CELL).inputs.keys() == {"source_outputs"}
    assert run.artifacts.status("map", *CELL).state == "missing"
    with pytest.raises(StoredStateError, match=r"maps.conv_autoencoder.gray has no receipt.json: the stage 'map'"):
        run.artifacts.require("map", *CELL)


@pytest.mark.parametrize(("changes", "kinds", "words"), [
    ({"naming": {"method": "hand"}}, ("names", "score"),
     "the names of conv_autoencoder gray were made with other settings than the recipe's: method was majority_vote, is "
     "hand; "
     "name its clusters in notebooks/label_clusters.ipynb"),
    ({"naming": {"sample": 50}}, ("names", "score"), "sample was 400, is 50; run the label stage again"),
    ({"naming": {"per_cluster": 9}}, (), ""),  # the vote does not read it
    ({"clustering": {"n_clusters": 9}}, ("clusters", "assignments", "names", "score"), "clustering.n_clusters was 8"),
    ({"evaluation": {"bootstrap": 10}}, ("score",), "evaluation.bootstrap was 1000, is 10; run the evaluate stage"),
    ({"map": {"perplexity": 5}}, (), ""),
    ({"approaches": {"conv_autoencoder": {"fit": {"reconstruct": {**FIT, "epochs": 2}}}}}, ORDER,
     "the model of conv_autoencoder gray was made with other settings than the recipe's: fit.reconstruct.epochs was 1, "
     "is 2; run the train stage again"),
    ({"threads": 2}, (), ""),
    ({"seed": 3}, ORDER, "seed was 0, is 3"),
])
def test_a_changed_recipe_makes_exactly_its_artifacts_stale(run, changes, kinds, words):
    run.write(**changes)
    stale = run.stale()
    assert set(stale) == set(kinds)
    assert all(words in why for why in stale.values())


def test_names_by_drawn_faces_are_stale_where_drawn_faces_teach_otherwise(run, monkeypatch):
    teachers = {"datasets": {**RECIPE["datasets"], "drawn": {"draw": {"faces_per_class": 5}}}}
    run.write(**teachers, naming={"method": "drawn_faces", "drawn": "drawn"})
    run.make("names")
    run.make("score")
    assert run.stale() == {}
    constants = naming_methods.find("drawn_faces").constants
    assert constants == {"penalty": PENALTY, "learnt_from": LEARNT_FROM}
    monkeypatch.setitem(constants, "penalty", 9.5)
    assert f"penalty was {PENALTY}, is 9.5; run the label stage again" in run.stale()["names"]
    monkeypatch.setitem(constants, "penalty", PENALTY)
    monkeypatch.setitem(constants, "learnt_from", ("distances",))
    assert "learnt_from was ['distances', " in run.stale()["names"]
    run.write(**teachers, naming={"method": "action_units", "drawn": "drawn"})
    run.make("names")
    assert "names" not in run.stale(), "action units suggest without drawn faces"


def test_a_cost_curve_is_stale_where_suggestions_are_trusted_or_learnt_otherwise(run, monkeypatch):
    run.make("cost_curve")
    assert run.artifacts.status("cost_curve", *CELL).state == "current"
    for mapping, name, value, words in (
            (TRUST, "drawn_faces", 1.5, "suggested.drawn_faces.trust was 4.0, is 1.5"),
            (TRUST, "action_units", 1.5, "suggested.action_units.trust was 2.0, is 1.5"),
            (naming_methods.find("drawn_faces").constants, "penalty", 9.5, "suggested.drawn_faces.penalty was 7.0"),
            (naming_methods.find("drawn_faces").constants, "learnt_from", (), "suggested.drawn_faces.learnt_from was")):
        with monkeypatch.context() as changed:
            changed.setitem(mapping, name, value)
            assert words in str(run.artifacts.status("cost_curve", *CELL))
    assert run.artifacts.status("cost_curve", *CELL).state == "current"


FOLDER = {"images": "images", "test_fraction": 0.25}
LIST = {"faces": "faces.csv", "margin": 0.1, "limit": 9}
PEOPLE = {"photos": "photos", "min_size": 40}
PICTURES = {"seed": 2, "faces_per_class": 5, "test_fraction": 0.5}


@pytest.mark.parametrize(("way", "settings", "changes", "words"), [
    ("import", FOLDER, {"test_fraction": 0.3}, "test_fraction was 0.25, is 0.3; run the import stage again"),
    ("import", FOLDER, {"test_per_class": 4}, "test_per_class was not set, is 4; run the import stage again"),
    ("import", FOLDER, {"annotations": ["valence"]}, "annotations was [], is ['valence']; run the import stage again"),
    ("import", FOLDER, {"threads": 2}, ""),
    ("fetch", LIST, {"margin": 0.2}, "margin was 0.1, is 0.2; run the fetch stage again"),
    ("fetch", LIST, {"limit": 10}, "limit was 9, is 10; run the fetch stage again"),
    ("fetch", LIST, {"workers": 2}, ""),
    ("detect", PEOPLE, {"min_size": 50}, "min_size was 40, is 50; run the detect stage again"),
    ("draw", PICTURES, {"seed": 3}, "seed was 2, is 3; run the draw stage again"),
    ("draw", PICTURES, {"test_fraction": 0.4}, "test_fraction was 0.5, is 0.4; run the import stage again"),
])
def test_a_data_set_of_other_settings_is_stale_and_so_is_all_that_is_made_of_it(run, way, settings, changes, words):
    """Figures of other faces would be printed under the changed recipe."""
    role = "affectnet" if settings in (FOLDER, PICTURES) else "fec"
    run.write(datasets={**RECIPE["datasets"], role: {way: settings}})
    dataset = run.artifacts.recipe.datasets[role]
    for step in dataset.way.steps(dataset.settings, role, run.layout):
        step.out.mkdir(parents=True, exist_ok=True)
        (step.out / "faces").write_text("faces")
        place = {} if dataset.place is None else {"place": digest_place(dataset.place)}
        write_receipt(step.out, step.stage, config=step.shaped_by, inputs={}, files=["faces"], seconds=1.0,
                      summary=place)
    run.make("score")  # where faces are drawn, of their parameters too
    assert run.stale() == {}
    run.write(datasets={**RECIPE["datasets"], role: {way: {**settings, **changes}}})
    behind = ORDER if role == "fec" else ORDER[1:]  # the model has learnt from the source alone
    assert set(run.stale()) == set(behind if words else ())
    if words:
        assert all(f"the data set {role} was made with other settings than the recipe's: {words}" in why
                   for why in run.stale().values())
        with pytest.raises(StoredStateError, match=f"the data set {role} was made with other settings"):
            run.artifacts.require("outputs", *CELL)


@pytest.mark.parametrize(("stored", "words"), [
    ({}, None), ({"gain": [0.5, 0.6]}, {"gain": [0.5, 0.6]}), ({"method": "another"}, {"method": "another"}),
    ({"method": None}, {"method": None})])
def test_synthetic_faces_are_of_other_settings_where_these_or_the_method_differ(run, stored, words):
    run.write(datasets={**RECIPE["datasets"], "made": {"synthesize": {"dataset": "affectnet", "per_class": 5}}})
    dataset = run.artifacts.recipe.datasets["made"]
    step, = dataset.way.steps(dataset.settings, "made", run.layout)
    step.out.mkdir(parents=True)
    (step.out / "faces").write_text("faces")
    config = {name: value for name, value in {**step.shaped_by, **stored}.items() if value is not None}
    write_receipt(step.out, step.stage, config=config, inputs={}, files=["faces"], seconds=1.0)
    other = dataset.other_settings("made", run.layout)
    assert (other and other.stored) == words


def test_a_list_or_folder_that_the_recipe_does_not_name_has_settings_of_its_own(run):
    run.write(datasets={**RECIPE["datasets"], "affectnet": {"import": FOLDER}})
    write_receipt(run.layout.dataset("affectnet"), "import", config={"test_fraction": 0.5}, inputs={}, files=["faces"],
                  seconds=1.0, summary={"place": digest_place(Path("my_faces"))})
    assert run.stale() == {}


def test_outputs_of_a_model_that_was_trained_again_are_stale(run):
    """Their scores would be charged with the labels of another model."""
    run.make("model", model="other weights")
    assert set(run.stale()) == set(ORDER[1:])
    with pytest.raises(StoredStateError, match=r"a previous version of model; run the embed stage again"):
        run.artifacts.require("score", *CELL)


def test_names_voted_by_labels_that_have_changed_are_stale(run):
    run.faces("affectnet", "import", "corrected labels")
    assert set(run.stale()) == set(ORDER[1:])
    run.make("outputs")
    run.make("clusters")
    run.make("assignments")
    assert set(run.stale()) == {"names", "score"}
    assert "from a previous version of the data set affectnet; run the label stage again" in run.stale()["score"]


def test_other_target_faces_leave_the_clusters_alone_and_not_those_of_target_faces(run):
    run.make("outputs", affectnet="of other faces")
    assert set(run.stale()) == {"assignments", "names", "score"}
    run.make("assignments")
    assert set(run.stale()) == {"names", "score"}
    run.make("outputs", fec="of other faces", affectnet="of other faces")
    assert "from a previous version of source outputs; run the cluster stage" in run.stale()["clusters"]


def test_an_equal_rerun_makes_nothing_stale(run):
    run.make("model")
    run.make("outputs")
    assert run.stale() == {}


def test_what_was_made_from_may_be_gone_since(run):
    (run.layout.dataset("fec") / "receipt.json").unlink()
    assert run.stale() == {}


def test_an_input_that_the_recipe_does_not_name_makes_stale(run):
    receipt = run.artifacts.require("model", *CELL)
    inputs = {**receipt.inputs, "pretrained": "a digest"}
    leave_receipt(run.artifacts.recipe, run.layout, "model", *CELL, [], inputs=inputs)
    assert "from pretrained, which the recipe does not name; run the train" in str(run.artifacts.status("model", *CELL))
    leave_receipt(run.artifacts.recipe, run.layout, "model", *CELL, [], inputs={})
    assert "was made without the data set fec; run the train" in str(run.artifacts.status("model", *CELL))


def test_without_a_recipe_it_is_known_what_something_was_made_from(run):
    artifacts = Artifacts(run.layout)
    assert artifacts.status("score", *CELL).state == "current"
    run.write(seed=4)
    assert artifacts.status("score", *CELL).state == "current"
    run.write()
    run.make("model", model="other weights")
    assert "the outputs of conv_autoencoder gray were made from a previous version of model" in str(
        artifacts.status("score", *CELL))


def test_every_input_of_every_kind_is_in_the_table(run):
    cell = resolve(run.artifacts.recipe, *CELL)
    for kind in CELL_KINDS:
        if kind == "triplet_test":
            assert "no data set the role triplet_test" in str(run.artifacts.status(kind, *CELL))
            continue
        for source in KINDS[kind].inputs(cell, run.layout, KINDS[kind].config_of(cell)).values():
            assert not isinstance(source, Artifact) or source.kind in KINDS


def test_names_belong_to_the_clusters_and_to_nothing_else():
    outputs = {"centres.npy": "a", "source_clusters.npy": "b", "source_distances.npy": "c"}
    assert clustering_digest(outputs) == clustering_digest({**outputs, "source_distances.npy": "d"})
    assert clustering_digest(outputs) != clustering_digest({**outputs, "centres.npy": "d"})
