"""The page of all recipe keys: what the code reads, and nothing else."""

import dataclasses

import write_recipe_keys
from write_recipe_keys import PAGE, page, table_of

from fecemo.study.recipe import Recipe
from fecemo.study.rows import ApproachRecipe
from fecemo.training.settings import FitSettings


def test_the_page_is_what_the_docstrings_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python docs/write_recipe_keys.py"


def test_every_key_has_a_meaning():
    for kind in (Recipe, ApproachRecipe, FitSettings, *(inner for _, inner in write_recipe_keys.nested(Recipe))):
        rows = {line.split(" | ")[0].strip("| `"): line.split(" | ")[3].strip(" |") for line in table_of(kind)[2:]}
        assert set(rows) >= {field.name for field in dataclasses.fields(kind) if field.init} - {"name"}
        assert [name for name, meaning in rows.items() if not meaning] == []
