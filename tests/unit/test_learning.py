"""Learning curves of a recipe: which steps there are, what each has less of, and what is refused."""

from pathlib import Path

import pytest
import yaml

from fecemo.errors import InputError
from fecemo.stages.study.cell import resolve
from fecemo.stages.study.recipe_file import read_recipe

FIT = {"loss": "categorical_crossentropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 6}
RECIPE = {
    "name": "curves", "title": "Curves", "variants": ["gray", "tight"],
    "source": {"faces": "faces.csv"}, "target": {"images": "target"},
    "approaches": {
        "dense_autoencoder": {"fit": {"reconstruct": {**FIT, "loss": "mean_squared_error"}}},
        "few": {"approach": "supervised", "title": "Few", "only": ["gray"],
                "variants": {"gray": {"fit": {"classify": {"epochs": 4}}}},
                "fit": {"classify": {**FIT, "label_fraction": 0.2}}},
    },
    "groupings": {"n_clusters": [8]},
}


def read(tmp_path, learning, **changes):
    path = Path(tmp_path) / "recipe.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, **changes, "learning": learning}, sort_keys=False))
    return read_recipe(path)


def test_steps_have_less_of_one_thing_and_all_else_of_their_row(tmp_path):
    recipe = read(tmp_path, {"few": {"classify.label_fraction": [0.01, 0.05], "classify.epochs": [2]}})
    assert recipe.step_cells == [("few-classify.label_fraction-0.01", "gray"),
                                 ("few-classify.label_fraction-0.05", "gray"), ("few-classify.epochs-2", "gray")]
    steps = [resolve(recipe, *cell) for cell in recipe.step_cells]
    assert [step.fit["classify"].label_fraction for step in steps] == [0.01, 0.05, 0.2]
    assert [step.fit["classify"].epochs for step in steps] == [4, 4, 2], "what the variant changes holds, save the step"
    row = resolve(recipe, "few", "gray")
    assert {step.approach.name for step in steps} == {row.approach.name}
    assert {step.model for step in steps} == {row.model}
    assert recipe.title_of(steps[0].row) == "Few"


def test_rows_of_the_table_are_what_they_were(tmp_path):
    recipe = read(tmp_path, {"few": {"classify.epochs": [2]}})
    assert recipe.cells == [("dense_autoencoder", "gray"), ("dense_autoencoder", "tight"), ("few", "gray")]
    assert "few-classify.epochs-2" not in recipe.approaches


def test_fewer_faces_are_clustered_by_the_networks_of_the_row(tmp_path):
    recipe = read(tmp_path, {"dense_autoencoder": {"only": ["tight"], "cluster_on": [50], "reconstruct.faces": [9]}})
    assert {variant for _, variant in recipe.step_cells} == {"tight"}
    clusters, trained = (resolve(recipe, *cell) for cell in recipe.step_cells)
    assert (clusters.made_by, clusters.cluster_on) == ("dense_autoencoder", 50)
    assert (trained.made_by, trained.cluster_on) == ("dense_autoencoder-reconstruct.faces-9", None)
    assert trained.fit["reconstruct"].faces == 9


@pytest.mark.parametrize(("learning", "said"), [
    ({"fewer": {"classify.epochs": [1]}}, r"learning\.fewer: no row 'fewer' in this recipe: .*few"),
    ({"few": {"clasify.epochs": [1]}}, r"learning\.few\.clasify\.epochs: .*classify\.epochs"),
    ({"few": {"cluster_on": [10]}}, r"learning\.few\.cluster_on: there is nothing such of which supervised"),
    ({"few": {"classify.batch_size": [10]}}, r"learning\.few\.classify\.batch_size: .*of which supervised could have"),
    ({"few": {"classify.epochs": []}}, r"learning\.few\.classify\.epochs: expected a list of numbers above 0, .*\[\]"),
    ({"few": {"classify.epochs": 3}}, r"expected a list of numbers above 0, found 3"),
    ({"few": {"classify.epochs": [0]}}, r"expected a list of numbers above 0"),
    ({"few": {"classify.epochs": [3, 1]}}, r"expected rising numbers, found \[3, 1\]"),
    ({"few": {"classify.epochs": [4]}}, r"learning\.few\.classify\.epochs: 4 is no less than the 4 of the row itself"),
    ({"few": {"classify.label_fraction": [0.2]}}, r"0\.2 is no less than the 0\.2 of the row itself"),
    ({"few": {"only": ["tight"], "classify.epochs": [1]}}, r"learning\.few\.only: .*gray, found \['tight'\]"),
    ({"few": {"only": "gray", "classify.epochs": [1]}}, r"learning\.few\.only: expected a list of variants"),
])
def test_unsound_curves_are_refused_by_name(tmp_path, learning, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, learning)


def test_curves_want_the_table_beneath_which_they_stand(tmp_path):
    with pytest.raises(InputError, match="learning curves stand beneath Table 2: give groupings too"):
        read(tmp_path, {"few": {"classify.epochs": [1]}}, groupings=None)


def test_what_is_no_step_is_not_resolved(tmp_path):
    recipe = read(tmp_path, {"few": {"classify.epochs": [2]}})
    with pytest.raises(InputError, match=r"no approach 'few-classify\.epochs-3' .*few-classify\.epochs-2"):
        resolve(recipe, "few-classify.epochs-3", "gray")
