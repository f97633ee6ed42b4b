"""Read and check the file of a recipe, with all of its cells."""

from pathlib import Path

from fecemo.data.documents import build, read_yaml
from fecemo.data.statements import read_statement
from fecemo.errors import InputError, nearest
from fecemo.study.cell import resolve
from fecemo.study.learning import check_learning
from fecemo.study.recipe import Recipe


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe with all of its cells.

    Raises
    ------
    InputError
        If the file is not YAML, a key is unknown, missing or ill-typed, or an approach or variant does not exist.
    """
    recipe = build(Recipe, read_yaml(path), str(path))
    for statement in recipe.data.values():
        read_statement(statement)
    for name, said in recipe.approaches.items():
        if unknown := sorted(set(said.only) - set(recipe.variants)):
            raise InputError(f"{path}: approaches.{name}.only: no variant {unknown[0]!r} in this recipe: "
                             f"{nearest(unknown[0], recipe.variants)}")
    check_learning(recipe, str(path))
    for cell in (*recipe.cells, *recipe.step_cells):
        resolve(recipe, *cell, where=str(path))
    return recipe
