"""Rows of networks that others trained: their stages, their score on shared classes, and what tables say of them."""

import hashlib

import numpy as np
import pytest
from measured_faces import SOURCE, TARGET, write_dataset

import fecemo
from fecemo.data.arrays import read_output
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError
from fecemo.evaluation.records.predictions import read_predictions
from fecemo.evaluation.records.score import SCORE
from fecemo.stages import cluster, embed, evaluate, table, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from fecemo.study.supervision import supervision_of

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
RECIPE = """
name: others
title: Networks of others
seed: 3
face_side: 20
datasets: {source: {fetch: {faces: nowhere.csv}}, target: {import: {images: nowhere}}}
roles: {source: source, target: target}
variants: [gray]
approaches:
  light:
    approach: external_classifier
    model:
      {file: FILE, sha256: DIGEST, trained_on: 12 lamps, in_sample: true, classes: [happy, sad, boredom], logits: true}
    score_on: unused_labels
    fit: {}
  levels:
    approach: external_embedding
    model: {file: FILE, sha256: DIGEST, trained_on: 12 lamps, output: levels}
    fit: {}
clustering: {n_clusters: 2}
"""
BORED = 20
"""Logit of a class that no scored face has, above all others."""


def light_network(path):
    """Write a network that calls faces of more than a fifth of full light happy, and darker ones sad."""
    from onnx import TensorProto, helper

    weights, bias = [10, 0, 0], [0, 2, BORED]
    nodes = [helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
             helper.make_node("Flatten", ["mean"], ["levels"]),
             helper.make_node("Gemm", ["levels", "weights", "bias"], ["logits"])]
    graph = helper.make_graph(
        nodes, "light", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3]),
         helper.make_tensor_value_info("levels", TensorProto.FLOAT, [1, 1])],
        [helper.make_tensor("weights", TensorProto.FLOAT, [1, 3], weights),
         helper.make_tensor("bias", TensorProto.FLOAT, [3], bias)])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("others")
    layout, path = RunLayout(folder / "run"), folder / "light.onnx"
    light_network(path)
    recipe = RECIPE.replace("FILE", str(path)).replace("DIGEST", hashlib.sha256(path.read_bytes()).hexdigest())
    (folder / "recipe.yaml").write_text(recipe)
    for name, count in (("source", SOURCE), ("target", TARGET)):
        write_dataset(layout.dataset(name), count, name == "target")
    for row in ("light", "levels"):
        arguments = CellArguments(folder / "recipe.yaml", layout.run, row, "gray")
        train.run(arguments)
        embed.run(arguments)
    return folder, layout


def levels():
    return np.array([0 if row % 3 == 2 else 20 + 5 * row for row in range(TARGET)]) / 255


def test_a_classifier_of_others_is_scored_on_the_classes_that_both_know(study):
    folder, layout = study
    arguments = CellArguments(folder / "recipe.yaml", layout.run, "light", "gray")
    evaluate.run(arguments)
    predictions = read_predictions(layout.score("light", "gray"), EMOTIONS)
    expected = np.where(levels() > 0.2, "happy", "sad")
    np.testing.assert_array_equal(predictions.prediction, expected)
    right = expected == [EMOTIONS[row % 8] for row in range(TARGET)]
    assert SCORE.read(layout.score("light", "gray")).accuracy == pytest.approx(right.mean())
    odds = np.exp(10 * levels() - 2)
    np.testing.assert_allclose(predictions.scores[:, EMOTIONS.index("happy")], odds / (1 + odds), atol=1e-3)
    stored = read_output(layout.outputs("light", "gray"), "target", "probabilities").values
    assert stored.shape == (TARGET, 3)
    assert stored[:, 2].min() > 0.99, "outputs are stored as the network gives them"


def test_vectors_of_others_are_clustered(study):
    folder, layout = study
    arguments = CellArguments(folder / "recipe.yaml", layout.run, "levels", "gray")
    np.testing.assert_allclose(read_output(layout.outputs("levels", "gray"), "target", "embedding").values[:, 0],
                               levels(), atol=1e-3)
    cluster.run(arguments)


def test_tables_say_what_a_network_of_others_learnt_from(study):
    recipe = read_recipe(study[0] / "recipe.yaml")
    light, vectors = (supervision_of(resolve(recipe, row, "gray")) for row in ("light", "levels"))
    assert (light.words, light.level) == (
        "a classifier that others trained on 12 lamps, these faces perhaps among them", 3)
    assert (vectors.words, vectors.level) == ("a network that others trained on 12 lamps", 1)


def test_the_table_says_whose_labels_are_not_counted(study):
    folder, layout = study
    table.run((layout.run,), recipe=folder / "recipe.yaml")
    caption = (layout.run / "table1.md").read_text()
    assert ("External classifier: a classifier that others trained on 12 lamps, these faces perhaps among them. "
            "External embedding: a network that others trained on 12 lamps. Their labels are in no count.") in caption


def test_it_answers_for_new_faces_from_python(study):
    classifier = fecemo.open_run(study[1].run).classifier("light", "gray")
    assert classifier.classes_.tolist() == ["happy", "sad", "boredom"]
    probabilities = classifier.predict_proba(np.full((2, 60, 50, 3), [[[[0]]], [[[200]]]], np.uint8))
    np.testing.assert_allclose(probabilities[:, 0] / probabilities[:, 1], np.exp([-2, 2000 / 255 - 2]), rtol=0.05)


@pytest.mark.parametrize(("words", "changed", "message"), [
    ("classes: [happy, sad, boredom]", "classes: [happy]", "external_classifier.model.classes must be two or more"),
    ("trained_on: 12 lamps, in", "trained_on: '', in", "trained_on must say what the network learnt from"),
    ("sha256: ", "sha256: x", "sha256 must be the 64 hexadecimal digits"),
])
def test_a_row_that_does_not_say_enough_is_refused_with_its_key(study, tmp_path, words, changed, message):
    path = tmp_path / "recipe.yaml"
    text = (study[0] / "recipe.yaml").read_text()
    assert words in text
    path.write_text(text.replace(words, changed))
    with pytest.raises(InputError, match=message):
        resolve(read_recipe(path), "light", "gray")
