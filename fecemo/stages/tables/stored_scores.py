"""Finished score records of a run, without those of what has been made anew, or is asked for otherwise, since."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fecemo.data.receipts import read_receipt
from fecemo.errors import StoredStateError
from fecemo.stages.chain import outdated
from fecemo.stages.tables.made_otherwise import made_otherwise
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    from fecemo.evaluation.records.score import Score


def read_scores(study: Recipe, layout: RunLayout,
                cells: Iterable[tuple[str, str]]) -> "dict[tuple[str, str], Score]":
    """Return the finished scores of one seed's run by cell; what is left out is named on stderr.

    Raises
    ------
    StoredStateError
        If a score is damaged or of another recipe.
    """
    from fecemo.evaluation.records.score import read_score

    scores = {}
    for cell in cells:
        folder = layout.score(*cell)
        receipt = read_receipt(folder)
        if receipt is None:
            continue
        its = resolve(study, *cell)
        made_of = ("clusters",) if its.approach.predicts_by == "clusters" else ()
        if (fault := made_otherwise(its, layout, "model", "embeddings", *made_of)) is not None:
            print(f"table: {fault}; {' '.join(cell)} is shown as not run until the stages run again", file=sys.stderr)
            continue
        if (other := outdated(layout, *cell, receipt)) is not None:
            print(f"table: {' '.join(cell)} was scored with another {other} than the one that stands now; "
                  "it is shown as not run until the evaluate stage runs again", file=sys.stderr)
            continue
        score = read_score(folder)
        if score.recipe != study.name:
            raise StoredStateError(f"{folder} holds a score of the recipe {score.recipe!r}, expected "
                                   f"{study.name!r}; give each recipe its own run folder")
        scores[cell] = score
    return scores
