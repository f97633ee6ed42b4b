"""The recipes of other studies' networks: every row is sound, and its caveats stand beside the published figures."""

from pathlib import Path

import pytest

from fecemo.data.classes import USUAL_CLASSES
from fecemo.data.manifests import read_reference_figures
from fecemo.stages.tables.results import published_files
from fecemo.study.cell import resolve
from fecemo.study.recipe_file import read_recipe

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"


@pytest.fixture(scope="module", params=["networks", "networks_small"])
def recipe(request):
    return read_recipe(RECIPES / f"{request.param}.yaml")


def test_every_row_and_every_step_of_a_curve_resolves(recipe):
    rows = {resolve(recipe, *where).approach.name for where in recipe.cells}
    with_landmarks = set() if recipe.name == "networks_small" else {"small_poster", "feature_poster"}
    assert rows == {"small_resnet", "hybrid", "cake", "batch_attention"} | with_landmarks
    for step in recipe.steps:
        assert resolve(recipe, step, "gray").fit["classify"].label_fraction == recipe.steps[step].value


def test_labels_of_one_data_set_are_named_by_its_own_name(recipe):
    row = "cake_2" if recipe.name == "networks_small" else "cake_3_drawn"
    targets = [term.target for term in resolve(recipe, row, "gray").fit["classify"].losses]
    assert targets[0] == f"{recipe.roles.target}.label"
    assert targets[1] in ("drawn_emotions.label", "other_emotions.label")


def test_figures_of_others_tell_how_their_epoch_was_chosen(recipe):
    references = read_reference_figures(published_files(recipe)["references"])
    systems = {entry.system for entry in references.figures}
    assert len(systems) == len(references.figures), "a table has one line for each"
    assert systems >= {"POSTER on FER+", "CAKE, three numbers, seven emotions"}
    assert "chosen on these test faces" in references.sources["Zheng et al. 2023 (ICCVW)"]


def test_votes_are_learnt_in_the_order_of_the_classes_at_every_share_of_the_labels():
    recipe = read_recipe(RECIPES / "networks_votes.yaml")
    columns = tuple(f"votes_{emotion}" for emotion in USUAL_CLASSES)
    of_votes = {where for where in (*recipe.cells, *recipe.step_cells)
                if resolve(recipe, *where).fit and resolve(recipe, *where).fit["classify"].losses[-1].target == columns}
    assert {row for row, _ in of_votes} == {
        "plain_votes", "plain_votes_sam", "feature_poster_votes", "feature_poster_votes_sam",
        "landmarks_votes", "landmarks_votes-classify.label_fraction-0.2",
        "plain_votes-classify.label_fraction-0.2", "feature_poster_votes_sam-classify.label_fraction-0.2"}
    assert resolve(recipe, "small_poster_sam", "gray").fit["classify"].optimizer.passes == 2


def test_rows_of_a_fifth_of_the_labels_see_equal_faces_for_equal_epochs():
    """Rows of as many unlabelled faces beside take as many steps: half of the epochs of twice the faces."""
    recipe = read_recipe(RECIPES / "networks_fifth.yaml")
    fits = {row: cell.fit["classify"] for row, variant in recipe.cells
            if (cell := resolve(recipe, row, variant)).fit}
    assert set(recipe.approaches) - set(fits) == {"ensemble", "ensemble_landmarks"}, "what learns nothing"
    assert {(fit.batch_size, fit.label_fraction) for fit in fits.values()} == {(64, None)}
    without_labels = {row for row, fit in fits.items() if fit.data != ("ferplus.train",)}
    assert without_labels == {"consistency", "landmarks_consistency"}, "rows of other faces than the others"
    assert {row: fit.epochs for row, fit in fits.items()} == {
        row: 10 if row in without_labels else 20 for row in fits}
    assert {row for row, fit in fits.items() if fit.label_noise == 0.2} == {"plain_wrong", "attention_wrong"}
