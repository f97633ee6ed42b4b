"""Read and check the file of a recipe, with all of its cells."""

from pathlib import Path

from fecemo.data.documents import build, read_yaml
from fecemo.data.statements import read_statement
from fecemo.errors import InputError, nearest
from fecemo.study.cell import resolve
from fecemo.study.learning import check_learning
from fecemo.study.recipe import Recipe


def read_recipe(path: Path, check_cells: bool = True) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : Path
    check_cells : bool
        Whether to resolve all of its cells, so that a fault in any of them is found. A process that works on one cell
        leaves the others unresolved.

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
    for cell in (*recipe.cells, *recipe.step_cells) if check_cells else ():
        resolve(recipe, *cell, where=str(path))
    return recipe
