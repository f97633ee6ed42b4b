"""What rows of a recipe were given, and on which variants they run: read off the shipped recipes."""

from pathlib import Path

import pytest
import yaml

from fecemo.errors import InputError
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe
from fecemo.study.supervision import Supervision, supervision_of

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"


@pytest.mark.parametrize(("row", "variant", "track", "words"), [
    ("conv_autoencoder", "gray", 0, "faces"),
    ("contrastive", "aligned", 0, "faces, eyes found by a landmark model"),
    ("landmark_features", "gray", 1, "faces, a landmark model"),
    ("landmark_encoder", "gray", 1, "faces, a landmark model"),
    ("triplet_embedding", "gray", 2, "faces, ratings of similarity"),
    ("triplet_landmarks", "gray", 2, "faces, a landmark model, ratings of similarity"),
    ("semi_supervised", "gray", 3, "faces, 20 % of the labels"),
    ("rated_head", "gray", 3, "faces, a landmark model, ratings of similarity, 20 % of the labels"),
    ("triplet_classifier", "gray", 3, "faces, a landmark model, ratings of similarity, 20 % of the labels"),
    ("supervised", "gray", 4, "all labels"),
    ("small_resnet", "gray", 4, "all labels"),
])
def test_what_a_row_was_given_follows_from_what_its_phases_read(row, variant, track, words):
    spent = supervision_of(resolve(read_recipe(RECIPES / "table2.yaml"), row, variant))
    assert (spent.level, spent.words) == (track, words)


def test_a_limit_on_labels_is_said_and_is_not_all_of_them(tmp_path):
    document = yaml.safe_load((RECIPES / "table2.yaml").read_text())
    document["approaches"]["supervised"]["fit"]["classify"]["faces"] = 200
    (tmp_path / "limited.yaml").write_text(yaml.safe_dump(document))
    recipe = read_recipe(tmp_path / "limited.yaml")
    limited = supervision_of(resolve(recipe, "supervised", "gray"))
    assert (limited.level, limited.words) == (3, "200 labels")


@pytest.mark.parametrize(("data", "level", "words"), [
    (["drawn.train"], 1, "drawn faces with labels"),
    (["target.train", "drawn.train"], 4, "drawn faces with labels, all labels"),
    (["rated.train", "drawn"], 4, "drawn faces with labels, all labels"),
    (["target.train", "source"], 4, "faces, all labels"),
])
def test_labels_of_drawn_faces_are_labels_of_nobody(tmp_path, data, level, words):
    document = yaml.safe_load((RECIPES / "table2.yaml").read_text())
    document["datasets"] |= {"drawn": {"draw": {"faces_per_class": 9}}, "rated": {"import": {"images": "x"}}}
    document["approaches"]["supervised"]["fit"]["classify"]["data"] = data
    (tmp_path / "drawn.yaml").write_text(yaml.safe_dump(document))
    spent = supervision_of(resolve(read_recipe(tmp_path / "drawn.yaml"), "supervised", "gray"))
    assert (spent.level, spent.words) == (level, words)


def test_a_target_of_drawn_faces_is_named_as_what_it_is():
    spent = supervision_of(resolve(read_recipe(RECIPES / "table2_small.yaml"), "supervised", "gray"))
    assert (spent.level, spent.words) == (4, "all labels of drawn faces")


def test_pretrained_weights_are_given_too():
    spent = supervision_of(resolve(read_recipe(RECIPES / "transfer.yaml"), "resnet_pretrained_softmax", "rgb"))
    assert spent == Supervision(("pre-trained weights",), labels=1.0)


@pytest.mark.parametrize("name", ["table2", "table2_small"])
def test_every_track_has_rows_that_can_be_ranked_against_the_studys_own(name):
    recipe = read_recipe(RECIPES / f"{name}.yaml")
    tracks = {supervision_of(resolve(recipe, *cell)).level for cell in recipe.cells}
    assert tracks == {0, 1, 2, 3, 4}
    assert {"dense_autoencoder", "conv_autoencoder", "semi_supervised", "supervised"} <= set(recipe.approaches)
    assert {recipe.approaches[row].score_on for row in recipe.approaches} == {"test"}  # so that rows share their faces


def test_a_row_runs_on_the_variants_that_it_names_alone(tmp_path):
    recipe = read_recipe(RECIPES / "table1.yaml")
    assert [cell for cell in recipe.cells if cell[0] == "landmark_features"] == [("landmark_features", "rgb")]
    assert len([cell for cell in recipe.cells if cell[0] == "supervised"]) == 3
    document = yaml.safe_load((RECIPES / "table1.yaml").read_text())
    document["approaches"]["landmark_features"]["variants"] = ["grey"]
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(InputError, match=r"approaches\.landmark_features\.variants: no variant 'grey' in this "
                                         "recipe: did you mean 'gray'"):
        read_recipe(tmp_path / "wrong.yaml")


def test_small_clusters_must_be_as_many_as_the_clusters_of_the_table(tmp_path):
    document = yaml.safe_load((RECIPES / "table2.yaml").read_text())
    document["clustering"]["hierarchical_kmeans"] = [1000, 80]
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(InputError, match=r"80 small clusters are fewer than the 100 of cluster_sweep\.n_clusters"):
        read_recipe(tmp_path / "wrong.yaml")
