"""A row that describes pictures and learns nothing, through its stages."""

import dataclasses

import numpy as np
import pytest
from measured_faces import SOURCE, TARGET, write_dataset

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.imaging.descriptors import descriptors
from fecemo.stages import cluster, embed, train
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from fecemo.study.supervision import supervision_of

RECIPE = """
name: described
title: Described faces
seed: 3
face_side: 20
datasets: {source: {fetch: {faces: nowhere.csv}}, target: {import: {images: nowhere}}}
roles: {source: source, target: target}
variants: [rgb, gray, aligned]
landmark_model: nowhere.task
approaches:
  symmetric_hog: {model: {cells: 4, directions: 6}, fit: {}}
clustering: {n_clusters: 2}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("described")
    layout = RunLayout(folder / "run")
    (folder / "recipe.yaml").write_text(RECIPE)
    for name, count in (("source", SOURCE), ("target", TARGET)):
        write_dataset(layout.dataset(name), count, name == "target")
    return folder, layout


@pytest.mark.parametrize("variant", ["rgb", "gray"])
def test_every_face_is_described_as_its_variant_shows_it(study, variant):
    folder, layout = study
    cell = CellArguments(folder / "recipe.yaml", layout.run, "symmetric_hog", variant)
    trained, embedded = train.run(cell), embed.run(cell)
    assert trained.summary == {"faces": {}, "labels_used": 0}
    assert embedded.summary == {"faces": {"source": SOURCE, "target": TARGET}, "length": 3 * 2 * 4 * 6}
    stored = read_output(layout.outputs("symmetric_hog", variant), "target", "embedding")
    np.testing.assert_array_equal(stored.rows, np.arange(TARGET))
    shown = resolve(read_recipe(folder / "recipe.yaml"), "symmetric_hog", variant).variant.view(
        Dataset(layout.dataset("target")).faces[5:6])[0]
    sizes = dataclasses.asdict(resolve(read_recipe(folder / "recipe.yaml"), "symmetric_hog", variant).model)
    np.testing.assert_array_equal(stored.values[5], descriptors.find("symmetric_hog").open(sizes)(shown[None])[0])


def test_it_is_given_faces_alone_and_eyes_where_these_are_aligned(study):
    recipe = read_recipe(study[0] / "recipe.yaml")
    assert supervision_of(resolve(recipe, "symmetric_hog", "gray")).words == "faces"
    aligned = supervision_of(resolve(recipe, "symmetric_hog", "aligned"))
    assert (aligned.words, aligned.level) == ("faces, eyes found by a landmark model", 0)


def test_other_sizes_are_another_embedding(study):
    folder, layout = study
    other = folder / "other.yaml"
    other.write_text(RECIPE.replace("cells: 4", "cells: 2"))
    cell = CellArguments(other, layout.run, "symmetric_hog", "gray")
    train.run(cell)
    assert embed.run(cell).summary["length"] == 1 * 1 * 4 * 6


def test_faces_of_one_gray_have_no_gradients_to_cluster(study):
    folder, layout = study
    cell = CellArguments(folder / "recipe.yaml", layout.run, "symmetric_hog", "rgb")
    train.run(cell)
    embed.run(cell)
    with pytest.raises(Exception, match="distinct"):
        cluster.run(cell)
