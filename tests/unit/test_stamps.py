"""A workflow engine that remembers nothing is told what the graph knows: tables of another recipe are made again."""

from dataclasses import replace
from pathlib import Path

from fecemo.data.receipts import DIGEST_NAME, write_receipt
from fecemo.study.artifact_configs import tables_config
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from fecemo.study.stamps import withdraw_stamps

RECIPE = Path(__file__).parents[2] / "pipelines" / "recipes" / "demo.yaml"


def test_tables_of_fewer_rows_are_made_again_and_those_of_the_recipe_stay(tmp_path):
    layout, recipe = RunLayout(tmp_path), read_recipe(RECIPE)
    layout.tables.mkdir(parents=True)
    write_receipt(layout.tables, "table", files=[], config=tables_config(recipe), inputs={}, seconds=1.0,
                  seed=recipe.seed)
    assert not withdraw_stamps([(layout, recipe)])
    assert (layout.tables / DIGEST_NAME).exists()
    fewer = replace(recipe, approaches={"supervised": recipe.approaches["supervised"]})
    stamp = layout.tables / DIGEST_NAME
    assert withdraw_stamps([(layout, fewer)], dry_run=True) == {
        "the tables were made for other settings: they would be made again": (stamp,)}
    assert stamp.exists()
    assert withdraw_stamps([(layout, fewer)]) == {
        "the tables were made for other settings: they are made again": (stamp,)}
    assert not stamp.exists()
    assert not withdraw_stamps([(layout, fewer)])
