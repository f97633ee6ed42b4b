"""Rows that share an approach, and rows that begin with weights of others, from conversion to the table."""

import pickle

import keras
import numpy as np
import pytest

from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.namings import namings
from fecemo.models.pretrained import _places
from fecemo.stages import convert_weights, embed, evaluate, map_faces, table, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.layout import RunLayout
from fecemo.training.network_file import load_network

MODEL = "{side: 16, blocks: [1, 1, 1, 1], filters: 4, features: 6, halved_by: 3x3}"
RECIPE = """
name: small_transfer
title: Small transfer
seed: 3
face_side: 40
variants: [rgb]
published: transfer
datasets: {{target: {{import: {{images: nowhere}}}}}}
roles: {{target: target}}
approaches:
  scratch:
    approach: se_resnet
    title: From scratch
    tsne_output: features
    model: &sizes {model}
    fit:
      classify: &fit
        losses: [{{loss: weighted_softmax}}, {{loss: centre, output: features}}]
        optimizer: sgd
        learning_rate: 1.0e-2
        epochs: 1
        batch_size: 8
  fine_tuned:
    approach: se_resnet
    model: *sizes
    pretrained: {folder}/weights
    frozen: [stage_1, stage_2, stage_3]
    fit: {{classify: {{<<: *fit, losses: [{{loss: weighted_softmax}}, {{loss: weighted_cluster, output: features}}]}}}}
  waiting: {{approach: resnet, model: *sizes, pretrained: {folder}/none, fit: {{classify: *fit}}}}
evaluation: {{bootstrap: 20}}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    (folder / "recipe.yaml").write_text(RECIPE.format(model=MODEL, folder=folder))
    target = RunLayout(folder / "run").dataset("target")
    faces = np.random.default_rng(1).integers(0, 256, (48, 200, 200, 3), dtype=np.uint8)
    plan = [FaceEntry(id=f"{number:032x}", address=f"{number}.png",
                      annotations={"label": EMOTIONS[number % 8],
                                   "split": "test" if number < 16 else "train"})
            for number in range(len(faces))]
    with output_lock(target):
        writer = DatasetWriter(target, plan)
        for slot, face in enumerate(faces):
            writer.put(slot, face)
        writer.finish("import", config={}, inputs={}, summary={"held_out": "2 of each emotion for test"})
        writer.close()
    return folder


def cell(study, row):
    return CellArguments(study / "recipe.yaml", study / "run", row, "rgb")


def published_weights(study):
    """Write a file as their makers would, of a network of the recipe's size, and return its values by our places."""
    entry = approaches.find("se_resnet")
    config = entry.config(side=16, blocks=(1, 1, 1, 1), filters=4)
    network = entry.model(config, {"image": (16, 16, 3)}, 8, 77)
    tensors = {}
    for _, layer, place in _places(network):
        for variable in layer.weights:
            array = keras.ops.convert_to_numpy(variable.value)
            if variable.name == "kernel":
                array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
            tensors[namings()["torch"].source(place, variable.name)] = np.ascontiguousarray(array)
    (study / "theirs.pkl").write_bytes(pickle.dumps(tensors))
    return network


def test_rows_share_an_approach_and_a_row_waits_for_its_weights(study, capsys):
    waits = rf"fine_tuned rgb waits for pre-trained weights in {study}/weights.*--approach se_resnet"
    with pytest.raises(InputError, match=waits):
        train.run(cell(study, "fine_tuned"))
    theirs = published_weights(study)
    settings = convert_weights.ConvertSettings(study / "theirs.pkl", "se_resnet", "imagenet", (1, 1, 1, 1), 4)
    convert_weights.run(settings, study / "weights")
    for row in ("scratch", "fine_tuned"):
        for stage in (train, embed, evaluate):
            stage.run(cell(study, row))
    assert "new are features/features, head/classes" in capsys.readouterr().err

    layout = RunLayout(study / "run")
    for row, kept in (("fine_tuned", True), ("scratch", False)):
        trained = load_network(layout.model(row, "rgb") / "model.keras")
        for stack in ("stage_1", "stage_2", "stage_3"):
            for a, b in zip(trained.get_layer(stack).get_weights(), theirs.get_layer(stack).get_weights(),
                                  strict=True):
                assert np.array_equal(a, b) == kept

    map_faces.run(cell(study, "scratch"))
    table.run((study / "run",), study / "recipe.yaml")
    printed = capsys.readouterr()
    assert "table: waiting waits for pre-trained weights" in printed.err
    assert "fine_tuned waits" not in printed.err
    assert "From scratch" in printed.out
    assert ".6070" in (study / "run" / "table1.md").read_text()

    features = np.load(layout.outputs("scratch", "rgb") / "target" / "features.npy")
    assert features.shape == (48, 6)
    folder = layout.map("scratch", "rgb")
    assert [len(np.load(folder / f"{role}_map.npy")) for role in ("source", "target")] == [32, 16]
    report = (study / "run" / "report.html").read_text()
    assert "<dt>Held out</dt><dd>2 of each emotion for test</dd>" in report
    assert report.count("Map of the features") == 1
    assert "t-SNE map of 32 faces that the classifier learned from, by emotion." in report
    assert "Map of 16 target faces; the 2 that show happy are marked." in report
    with pytest.raises(InputError, match=r"approaches\.fine_tuned\.tsne_output in the recipe names an output"):
        map_faces.run(cell(study, "fine_tuned"))


@pytest.mark.parametrize(("output", "message"), [
    ("feature", r"scratch\.tsne_output: se_resnet gives no 'feature': did you mean 'features'"),
    ("pixels", r"scratch\.tsne_output: se_resnet gives no 'pixels'")])
def test_an_output_that_a_network_does_not_give_cannot_be_mapped(study, output, message):
    text = (study / "recipe.yaml").read_text()
    (study / "other.yaml").write_text(text.replace("tsne_output: features", f"tsne_output: {output}"))
    with pytest.raises(InputError, match=message):
        train.run(CellArguments(study / "other.yaml", study / "run", "scratch", "rgb"))


def test_a_row_that_is_fed_otherwise_than_its_weights_were_is_refused(study):
    text = (study / "recipe.yaml").read_text()
    (study / "other.yaml").write_text(text.replace("    model: *sizes\n    pretrained", (
        "    model: {side: 16, blocks: [1, 1, 1, 1], filters: 4}\n    pretrained")))
    with pytest.raises(InputError, match=r"fine_tuned\.model\.halved_by is 1x1, .* trained with 3x3"):
        train.run(CellArguments(study / "other.yaml", study / "run", "fine_tuned", "rgb"))


def test_a_stack_that_does_not_exist_cannot_be_frozen(study):
    text = (study / "recipe.yaml").read_text()
    (study / "odd.yaml").write_text(text.replace("frozen: [stage_1,", "frozen: [stage_9,"))
    with pytest.raises(InputError, match=r"fine_tuned\.frozen: se_resnet has no submodel 'stage_9': did you mean"):
        train.run(CellArguments(study / "odd.yaml", study / "run", "fine_tuned", "rgb"))
