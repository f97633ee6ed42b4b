"""Where one recipe asks of its rows, and of all of them, for something else than another recipe does."""

from typing import Any

from fecemo.data.receipts import plain
from fecemo.study.cell import resolve
from fecemo.study.recipe import Recipe

OF_ALL = ("face_side", "clustering", "naming", "cluster_sweep", "evaluation")
"""Settings that bear on every row's figures."""
ALL_ROWS = "all rows"


def recipe_differences(mine: Recipe, other: Recipe, rows: set[str]) -> list[dict[str, str]]:
    """Return the settings that differ, with both values in words.

    Parameters
    ----------
    mine, other : Recipe
    rows : set of str
        The rows of ``mine`` that are compared; those that the other lacks are not.

    Returns
    -------
    list of dict of str to str
        ``row`` (its heading), ``setting`` (its path in the recipe), ``here`` and ``there``.
    """
    found = _differing(ALL_ROWS, *({name: plain(getattr(recipe, name)) for name in OF_ALL} for recipe in (mine, other)))
    for row in mine.approaches:
        variants, others = ([variant for name, variant in recipe.cells if name == row] for recipe in (mine, other))
        shared = [variant for variant in variants if variant in others]
        if row not in rows or not shared:
            continue
        cells = (resolve(recipe, row, shared[0]) for recipe in (mine, other))
        found += _differing(mine.title_of(row), *(
            {"variants": ran, "model": plain(cell.model), "fit": plain(cell.fit)}
            for cell, ran in zip(cells, (variants, others), strict=True)))
    return found


def _differing(row: str, here: dict[str, Any], there: dict[str, Any]) -> list[dict[str, str]]:
    ours, theirs = _flat(here), _flat(there)
    return [{"row": row, "setting": path, "here": _words(ours.get(path)),
             "there": _words(theirs.get(path))}
            for path in dict.fromkeys((*ours, *theirs)) if ours.get(path) != theirs.get(path)]


def _flat(settings: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return settings by their path, such as ``"fit.classify.epochs"``, or ``"classify.epochs"`` without its root."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        path = name if not before or before in ("fit", "model") else f"{before}.{name}"
        found |= _flat(value, path) if isinstance(value, dict) else {path: value}
    return found


def _words(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, dict):
        return " ".join(map(_words, value.values()))
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
