"""Score records of a run that are current."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fecemo.data.receipts import read_receipt
from fecemo.errors import StoredStateError
from fecemo.study.artifacts import Artifacts
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    from fecemo.evaluation.records.score import Score


def read_scores(study: Recipe, layout: RunLayout,
                cells: Iterable[tuple[str, str]]) -> "dict[tuple[str, str], Score]":
    """Return the current scores of one seed's run by cell; stale ones are named on stderr, with what to do.

    Raises
    ------
    StoredStateError
        If a score is damaged or of another recipe.
    """
    from fecemo.evaluation.records.score import read_score

    scores, artifacts = {}, Artifacts(layout, study)
    for cell in cells:
        folder = layout.score(*cell)
        receipt = read_receipt(folder)
        if receipt is None:
            continue
        recipe = receipt.config.get("recipe", [study.name])[0]
        if recipe != study.name:
            raise StoredStateError(f"{folder} holds a score of the recipe {recipe!r}, expected {study.name!r}; give "
                                   "each recipe its own run folder")
        if (status := artifacts.status("score", *cell)).state == "stale":
            print(f"table: {' '.join(cell)} is shown as not run: {status}", file=sys.stderr)
            continue
        scores[cell] = read_score(folder)
    return scores
