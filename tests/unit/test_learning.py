"""Learning curves of a recipe: which steps there are, what each has less of, and what is refused."""

from pathlib import Path

import pytest
import yaml

from fecemo.errors import InputError
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe

FIT = {"loss": "cross_entropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 6}
RECIPE = {
    "name": "curves", "title": "Curves", "variants": ["gray", "tight"],
    "datasets": {"fec": {"fetch": {"faces": "faces.csv"}}, "labelled": {"import": {"images": "target"}}},
    "roles": {"source": "fec", "target": "labelled"},
    "approaches": {
        "dense_autoencoder": {"fit": {"reconstruct": {**FIT, "loss": "mean_squared_error"}}},
        "few": {"approach": "supervised", "title": "Few", "variants": ["gray"],
                "overrides": {"gray": {"fit": {"classify": {"epochs": 4}}}},
                "fit": {"classify": {**FIT, "label_fraction": 0.2}}},
    },
    "cluster_sweep": {"n_clusters": [8]},
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
    assert recipe.title_of(steps[0].row) == "Few, classify.label_fraction 0.01"


def test_rows_of_the_table_are_what_they_were(tmp_path):
    recipe = read(tmp_path, {"few": {"classify.epochs": [2]}})
    assert recipe.cells == [("dense_autoencoder", "gray"), ("dense_autoencoder", "tight"), ("few", "gray")]
    assert "few-classify.epochs-2" not in recipe.approaches


def test_fewer_faces_are_clustered_by_the_networks_of_the_row(tmp_path):
    recipe = read(tmp_path, {"dense_autoencoder": {"variants": ["tight"], "cluster_on": [50],
                                                   "reconstruct.faces": [9]}})
    assert {variant for _, variant in recipe.step_cells} == {"tight"}
    clusters, trained = (resolve(recipe, *cell) for cell in recipe.step_cells)
    assert (clusters.made_by, clusters.cluster_on) == ("dense_autoencoder", 50)
    assert (trained.made_by, trained.cluster_on) == ("dense_autoencoder-reconstruct.faces-9", None)
    assert trained.fit["reconstruct"].faces == 9


@pytest.mark.parametrize(("learning", "message"), [
    ({"fewer": {"classify.epochs": [1]}}, r"learning\.fewer: no row 'fewer' in this recipe: .*few"),
    ({"few": {"clasify.epochs": [1]}}, r"learning\.few\.clasify\.epochs: .*classify\.epochs"),
    ({"few": {"cluster_on": [10]}}, r"learning\.few\.cluster_on: there is nothing such of which supervised"),
    ({"few": {"classify.batch_size": [10]}}, r"learning\.few\.classify\.batch_size: .*of which supervised could have"),
    ({"few": {"classify.epochs": []}}, r"classify\.epochs: expected a list of rising whole numbers above 0, .*\[\]"),
    ({"few": {"classify.epochs": 3}}, r"expected a list of rising whole numbers above 0, found 3"),
    ({"few": {"classify.epochs": [0]}}, r"expected a list of rising whole numbers above 0"),
    ({"few": {"classify.epochs": [1.5]}}, r"expected a list of rising whole numbers above 0"),
    ({"few": {"classify.epochs": [True]}}, r"expected a list of rising whole numbers above 0"),
    ({"few": {"classify.epochs": [3, 1]}}, r"expected a list of rising whole numbers above 0, found \[3, 1\]"),
    ({"few": {"classify.label_fraction": [1]}}, r"expected a list of rising shares above 0 and below 1, found \[1\]"),
    ({"few": {"classify.label_fraction": [float("nan")]}}, r"\.nan is no finite number"),
    ({"few": {"classify.epochs": [4]}}, r"few\.classify\.epochs: 4 is no less than the 4 of the row itself on"),
    ({"few": {}}, r"learning\.few asks for no curve, expected classify\.faces or classify\.label_fraction or"),
    ({"few": {"variants": ["gray"]}}, r"learning\.few asks for no curve"),
    ({"few": {"variants": [["gray"]], "classify.epochs": [1]}}, r"few\.variants: expected a list of variants"),
    ({"dense_autoencoder": {"reconstruct.label_fraction": [0.1]}}, r"of which dense_autoencoder could have less"),
    ({"dense_autoencoder": {"cluster_on": [7]}}, r"of 7 faces the 8 clusters cannot be made that cluster_sweep"),
    ({"few": {"classify.label_fraction": [0.2]}}, r"0\.2 is no less than the 0\.2 of the row itself"),
    ({"few": {"variants": ["tight"], "classify.epochs": [1]}}, r"learning\.few\.variants: .*gray, found \['tight'\]"),
    ({"few": {"variants": "gray", "classify.epochs": [1]}}, r"few\.variants: expected a list of variants"),
])
def test_unsound_curves_are_refused_by_name(tmp_path, learning, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, learning)


def test_what_settings_of_a_phase_are_written_as_a_variants_own_stay_as_they_are(tmp_path):
    phase = RECIPE["approaches"]["few"]["fit"]["classify"]
    rows = {name: {"approach": "supervised", "variants": ["gray"], "fit": {},
                   "overrides": {"gray": {"fit": {"classify": phase}}}} for name in ("few", "other")}
    recipe = read(tmp_path, {"few": {"classify.epochs": [2, 3], "classify.faces": [9]}}, approaches=rows)
    steps = [resolve(recipe, *cell).fit["classify"] for cell in recipe.step_cells]
    assert [(fit.epochs, fit.faces) for fit in steps] == [(2, None), (3, None), (6, 9)]
    for row in rows:
        assert (resolve(recipe, row, "gray").fit["classify"].epochs, resolve(recipe, row, "gray").fit[
            "classify"].faces) == (6, None)


def test_every_number_is_a_step_of_its_own(tmp_path):
    recipe = read(tmp_path, {"dense_autoencoder": {"cluster_on": [1_000_001, 1_000_002, 1_000_003]}})
    assert [step.value for step in recipe.steps.values()] == [1_000_001, 1_000_002, 1_000_003]


def test_a_row_that_is_called_as_a_step_is_refused(tmp_path):
    rows = RECIPE["approaches"] | {"few-classify.epochs-2": RECIPE["approaches"]["few"]}
    with pytest.raises(InputError, match=r"approaches\.few-classify\.epochs-2: a step of .* is called so"):
        read(tmp_path, {"few": {"classify.epochs": [2]}}, approaches=rows)


def test_points_are_to_be_scored_on_the_same_faces(tmp_path):
    rows = {"few": RECIPE["approaches"]["few"] | {"score_on": "unused_labels"}}
    assert read(tmp_path, {"few": {"classify.epochs": [2]}}, approaches=rows).steps
    with pytest.raises(InputError, match="with score_on: unused_labels, fewer labels to learn from leave more to be"):
        read(tmp_path, {"few": {"classify.faces": [2]}}, approaches=rows)


def test_small_clusters_are_made_of_as_many_faces_at_least(tmp_path):
    with pytest.raises(InputError, match=r"of 50 faces the 60 clusters cannot be made that "
                                         r"clustering\.hierarchical_kmeans asks for"):
        read(tmp_path, {"dense_autoencoder": {"cluster_on": [50]}}, clustering={"hierarchical_kmeans": [60, 30]})


def test_curves_want_the_table_beneath_which_they_stand(tmp_path):
    with pytest.raises(InputError, match="learning curves are printed beneath Table 2: give cluster_sweep too"):
        read(tmp_path, {"few": {"classify.epochs": [1]}}, cluster_sweep=None)


def test_what_is_no_step_is_not_resolved(tmp_path):
    recipe = read(tmp_path, {"few": {"classify.epochs": [2]}})
    with pytest.raises(InputError, match=r"no approach 'few-classify\.epochs-3' .*few-classify\.epochs-2"):
        resolve(recipe, "few-classify.epochs-3", "gray")
