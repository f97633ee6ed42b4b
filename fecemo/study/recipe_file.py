"""Read and check the file of a recipe, with all of its cells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fecemo.data.documents import build, read_yaml
from fecemo.data.manifests import read_statement, shipped
from fecemo.data.variants import variants
from fecemo.errors import InputError, nearest
from fecemo.models.approach import Approach
from fecemo.study.cell import resolve
from fecemo.study.datasets import read_datasets
from fecemo.study.faces.data_names import LABEL
from fecemo.study.recipe import Recipe
from fecemo.study.rows import CLUSTER_ON, LESSENED, curve_parts, curves_of, learning_steps


def read_recipe(path: Path, check_cells: bool = True) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    check_cells : bool
        Whether to resolve all of its cells, so that a fault in any of them is found. A process that works on one cell
        leaves the others unresolved.

    Raises
    ------
    InputError
        If the file is not YAML, a key is unknown, missing or ill-typed, or an approach or variant does not exist.
    """
    document = read_yaml(path)
    if "datasets" in document:
        document["datasets"] = read_datasets(document["datasets"], f"{path}: datasets")
    recipe = build(Recipe, document, str(path))
    for statement in recipe.data.values():
        read_statement(statement)
    tables = {table.stem for table in shipped("published").glob("*.yaml")}
    for key in ("published", "references"):
        if (named := getattr(recipe, key)) and named not in tables:
            raise InputError(f"{path}: {key}: there is no table {named!r}: {nearest(named, tables)}")
    _check_names(recipe, str(path))
    for name, settings in recipe.approaches.items():
        if unknown := sorted(set(settings.variants) - set(recipe.variants)):
            raise InputError(f"{path}: approaches.{name}.variants: no variant {unknown[0]!r} in this recipe: "
                             f"{nearest(unknown[0], recipe.variants)}")
    _check_learning(recipe, str(path))
    for cell in (*recipe.cells, *recipe.step_cells) if check_cells else ():
        resolve(recipe, *cell, where=str(path))
    return recipe


def _check_names(recipe: Recipe, where: str) -> None:
    """Raise `InputError` for an unknown variant or approach, naming the nearest."""
    named: list[tuple[str, Callable[[str], Any], str]] = [
        *(("variants", variants.find, variant) for variant in recipe.variants),
        *((f"approaches.{row}", recipe.approach_of, row) for row in recipe.approaches)]
    for key, find, name in named:
        try:
            find(name)
        except InputError as error:
            raise InputError(f"{where}: {key}: {error}") from error


def _check_learning(recipe: Recipe, where: str) -> None:
    """Raise `InputError` if a learning curve is asked of what is no row, or of what a row has none of."""
    for row, curves in recipe.learning.items():
        key = f"{where}: learning.{row}"
        if row not in recipe.approaches:
            raise InputError(f"{key}: no row {row!r} in this recipe: {nearest(row, recipe.approaches)}")
        ran = [variant for row_variant, variant in recipe.cells if row_variant == row]
        limited = curves.get("variants", ran)
        if not isinstance(limited, list) or not limited or any(name not in ran for name in limited):
            raise InputError(f"{key}.variants: expected a list of variants on which the row runs, {' or '.join(ran)}, "
                             f"found {limited!r}")
        if not list(curves_of(curves)):
            raise InputError(f"{key} asks for no curve, expected {' or '.join(_known(recipe.approach_of(row)))}")
        for curve, values in curves_of(curves):
            _check_curve(recipe, row, curve, values, f"{key}.{curve}")
    for name in learning_steps(recipe.learning):
        if name in recipe.approaches:
            raise InputError(f"{where}: approaches.{name}: a step of the row's learning curve is called so; give the "
                             "row another name")


def _check_curve(recipe: Recipe, row: str, curve: str, values: Any, key: str) -> None:
    approach, (phase, setting) = recipe.approach_of(row), curve_parts(curve)
    if curve not in (known := _known(approach)):
        raise InputError(f"{key}: there is nothing such of which {approach.name} could have less: "
                         f"{nearest(curve, known)}")
    fits, rule = ((_is_share, "shares above 0 and below 1") if setting == "label_fraction"
                  else (_is_count, "whole numbers above 0"))
    if not isinstance(values, list) or not values or not all(map(fits, values)) or sorted(set(values)) != values:
        raise InputError(f"{key}: expected a list of rising {rule}, found {values!r}")
    if setting == CLUSTER_ON and recipe.cluster_sweep is not None:
        levels = recipe.clustering.hierarchical_kmeans
        min_faces = max(*recipe.cluster_sweep.n_clusters, *levels[:1], 2)
        if values[0] < min_faces:
            asks = "clustering.hierarchical_kmeans" if levels[:1] == (min_faces,) else "cluster_sweep"
            raise InputError(f"{key}: of {values[0]} faces the {min_faces} clusters cannot be made that {asks} asks "
                             "for")
    if phase and recipe.approaches[row].score_on == "unused_labels" and setting != "epochs" and _reads_labels(
            approach, phase):
        raise InputError(f"{key}: with score_on: unused_labels, fewer labels to learn from leave more to be scored, "
                         "and the points of the curve could not be compared; score the row on the test split")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_share(value: Any) -> bool:
    return isinstance(value, float) and 0 < value < 1


def _reads_labels(approach: Approach, phase: str) -> bool:
    return next(LABEL in named.targets.values() for named in approach.phases if named.name == phase)


def _known(approach: Approach) -> list[str]:
    """Return the keys of the curves that an approach can have."""
    known = [f"{phase.name}.{setting}" for phase in approach.phases for setting in LESSENED
             if setting != "label_fraction" or _reads_labels(approach, phase.name)]
    return [*known, CLUSTER_ON] if approach.predicts_by == "clusters" else known
