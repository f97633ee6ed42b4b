"""Rows that answer together: their mean, what it cost in labels, when it is stale, and one file of all of them."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import fecemo
from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError
from fecemo.evaluation.records.score import SCORE
from fecemo.models.approach import approaches
from fecemo.models.layers import adapt_inputs
from fecemo.stages import cluster, embed, evaluate, export_model, train
from fecemo.stages.export_model import ModelExportSettings
from fecemo.stages.exported_model import ExportedModel
from fecemo.stages.face_inputs import classes_behind
from fecemo.stages.run_readout import RunReadout
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe
from fecemo.study.supervision import supervision_of
from tests.integration.archive_run import N_TARGET, RECIPE, VARIANT, ArchiveRun

FIT = "fit: {classify: {loss: cross_entropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}"
SIZES = "model: {groups: [1, 1], filters: 8, dense: 16}"
ROWS = f"""
  again: {{approach: supervised, seed: 1, {SIZES}, {FIT}}}
  other: {{approach: dense_autoencoder, model: {{widths: [12], embedding: 3}}, fit: {{reconstruct: {{
    loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1}}}}}}
  both: {{approach: ensemble, model: {{members: [supervised, again]}}, fit: {{}}}}
  single: {{approach: ensemble, model: {{members: [supervised]}}, fit: {{}}}}
  nested: {{approach: ensemble, model: {{members: [both, supervised]}}, fit: {{}}}}
  side_by_side: {{approach: embedding_ensemble, model: {{members: [dense_autoencoder, other]}}, fit: {{}}}}
  alone: {{approach: embedding_ensemble, model: {{members: [dense_autoencoder]}}, fit: {{}}}}
clustering"""
LEARNT = {"supervised": range(50), "again": range(30, 70)}


class EnsembleRun(ArchiveRun):
    """The archive's run, with ensembles of its rows and of others."""

    def make(self) -> "EnsembleRun":
        self.write_inputs(RECIPE.replace("\nclustering", ROWS, 1), wrong_labels=False)
        for number, row in enumerate(("dense_autoencoder", "other", *LEARNT)):
            self.train(row, number, LEARNT.get(row, ()))
        for row in ("both", "single", "nested", "side_by_side", "alone"):
            train.run(self.arguments(row))
            embed.run(self.arguments(row))
        return self

    def outputs(self, row: str, name: str = "target") -> np.ndarray:
        output = self.arguments(row).cell().approach.output
        return np.asarray(read_output(self.layout.outputs(row, VARIANT), name, output).values)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return EnsembleRun(tmp_path_factory.mktemp("ensemble")).make()


def model_of(name, members, shapes, n_classes=3):
    approach = approaches.find(name)
    config = approach.config(members=members)
    return approach.model(config, dict(zip(approach.columns(config), shapes, strict=True)), n_classes, 0)


def test_the_answer_is_the_mean_of_the_members_probabilities():
    model = model_of("ensemble", ("a", "b"), [(3,), (3,)])
    mean = model({"member_1": np.array([[0.5, 0.5, 0.0]], np.float32),
                  "member_2": np.array([[0.1, 0.2, 0.7]], np.float32)})
    np.testing.assert_allclose(mean["probabilities"], [[0.3, 0.35, 0.35]], rtol=1e-6)


def test_squared_distances_are_the_mean_of_the_members_in_units_of_their_spread():
    """The first member's numbers vary by 4 and 0, the second's by 1, 9 and 0: spreads 2 and √10."""
    first = np.array([[1, 7], [5, 7], [1, 7], [5, 7]], np.float32)
    second = np.array([[0, 0, 3], [2, 6, 3], [2, 0, 3], [0, 6, 3]], np.float32)
    model = model_of("embedding_ensemble", ("a", "b"), [(2,), (3,)])
    entering = {"member_1": first, "member_2": second}
    adapt_inputs(model, lambda name: entering[name])
    made = np.asarray(model(entering)["embedding"])
    root = 2**-0.5
    np.testing.assert_allclose(made[0], root * np.array([-2 / 2, 0, -1 / 10**0.5, -3 / 10**0.5, 0]), atol=1e-6)
    assert np.sum((made[0] - made[1]) ** 2) == pytest.approx((16 / 4 + 40 / 10) / 2)
    assert made.var(axis=0).sum() == pytest.approx(1, rel=1e-5)


def test_an_ensemble_of_one_member_is_that_member(made):
    np.testing.assert_array_equal(made.outputs("single"), made.outputs("supervised"))
    for row in ("dense_autoencoder", "alone"):
        cluster.run(made.arguments(row))
    member, alone = (np.load(made.layout.clusters(row, VARIANT) / "source_clusters.npy")
                     for row in ("dense_autoencoder", "alone"))
    np.testing.assert_array_equal(member[:, None] == member[None], alone[:, None] == alone[None])


def test_what_is_stored_is_the_mean_also_of_ensembles(made):
    supervised, again = made.outputs("supervised"), made.outputs("again")
    assert np.abs(supervised - again).max() > 1e-3
    np.testing.assert_allclose(made.outputs("both"), (supervised + again) / 2, atol=1e-6)
    np.testing.assert_allclose(made.outputs("nested"), 0.75 * supervised + 0.25 * again, atol=1e-6)
    run = fecemo.open_run(made.layout.run)
    assert run.classes("both", VARIANT) == run.classes("supervised", VARIANT)
    faces = Dataset(made.layout.dataset("target")).faces[:9]
    np.testing.assert_allclose(run.classifier("nested", VARIANT).predict_proba(np.asarray(faces)),
                               made.outputs("nested")[:9], atol=1e-5)


def test_labels_are_counted_once_and_none_of_them_calibrates(made):
    evaluate.run(made.arguments("both"))
    assert SCORE.read(made.layout.score("both", VARIANT)).labels_used.training == 70
    readout = RunReadout(fecemo.open_run(made.layout.run), "both", VARIANT)
    assert set(readout._used_rows().tolist()) == set(range(70))
    recipe = read_recipe(made.recipe)
    words = [supervision_of(resolve(recipe, row, VARIANT)).words for row in ("supervised", "both", "side_by_side")]
    assert words == ["all labels", "all labels", supervision_of(resolve(recipe, "other", VARIANT)).words]


def test_a_member_that_is_made_anew_makes_the_ensemble_stale(tmp_path):
    run = EnsembleRun(tmp_path).make()
    artifacts = Artifacts(run.layout, read_recipe(run.recipe))
    assert artifacts.status("outputs", "both", VARIANT).state == "current"
    run.train("again", 9, LEARNT["again"])
    for row, state in (("both", "stale"), ("nested", "stale"), ("single", "current")):
        assert artifacts.status("outputs", row, VARIANT).state == state
    assert "outputs of again" in str(artifacts.status("model", "both", VARIANT))
    train.run(run.arguments("both"))
    embed.run(run.arguments("both"))
    np.testing.assert_allclose(run.outputs("both"), (run.outputs("supervised") + run.outputs("again")) / 2, atol=1e-6)


def test_one_file_holds_all_members(made, tmp_path):
    pytest.importorskip("tf2onnx")
    export_model.run(ModelExportSettings(made.layout.run, "nested", VARIANT, formats=("onnx",)), tmp_path)
    exported = ExportedModel.read(tmp_path)
    assert exported.columns == ("cut",)
    answers = exported.answers({"image": np.asarray(Dataset(made.layout.dataset("target")).faces)})
    expected = RunReadout(fecemo.open_run(made.layout.run), "nested", VARIANT).answers(made.outputs("nested"))
    np.testing.assert_allclose(answers.probabilities, expected.shares, atol=1e-4)
    assert answers.names.tolist() == expected.shows.tolist()
    assert answers.embedding.shape == (N_TARGET, 3 * 16)  # what enters the last layer of each: both have 16 numbers


def test_an_own_seed_gives_other_first_weights_and_the_same_faces(made):
    recipe = read_recipe(made.recipe)
    seeds = {resolve(replace(recipe, seed=seed), row, VARIANT).seed for seed in (5, 6) for row in LEARNT}
    assert len(seeds) == 4
    assert resolve(recipe, "supervised", VARIANT).seed == recipe.seed
    assert resolve(recipe, "again", VARIANT).recipe.seed == recipe.seed


@pytest.mark.parametrize(("members", "text"), [
    ("[supervised, agian]", "approaches.both.model: no row 'agian' in this recipe: did you mean 'again'"),
    ("[supervised, dense_autoencoder]", "dense_autoencoder gives an embedding and no probabilities"),
    ("[supervised, supervised]", "members must be different rows, and supervised is named twice"),
    ("[]", "nothing enters ensemble; name rows of the recipe, such as members: [ROW, ROW]"),
    ("[supervised, nested]", "both from nested from both: a row cannot be made from itself"),
])
def test_members_that_there_are_not_are_refused_by_name(made, tmp_path, members, text):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(made.recipe.read_text().replace("[supervised, again]", members))
    with pytest.raises(InputError, match=re.escape(text)):
        resolve(read_recipe(recipe, check_cells=False), "both", VARIANT)


def test_members_of_other_classes_or_of_another_order_are_refused(made):
    class Stored:
        def require(self, kind, row, variant):
            return SimpleNamespace(summary={"classes": EMOTIONS if row == "supervised" else sorted(EMOTIONS)})

    with pytest.raises(InputError, match=r"supervised answers neutral, .*, and again anger, .* in the same order"):
        classes_behind(resolve(read_recipe(made.recipe), "both", VARIANT), Stored())
