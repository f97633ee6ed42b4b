"""Table 2 of a run, read from the records of its cells; whatever has not run is left empty."""

import csv
import sys
from typing import TYPE_CHECKING

from fecemo.errors import StoredStateError
from fecemo.packs.receipts import read_receipt, require_receipt
from fecemo.stages.chain import outdated
from fecemo.stages.example_set import find_example_set
from fecemo.stages.given import given_to
from fecemo.stages.groupings import STAGE
from fecemo.stages.layout import RunLayout
from fecemo.stages.recipe import Cell, Recipe, resolve

if TYPE_CHECKING:
    from fecemo.evaluation.records.groupings import Groupings, RightAnswers
    from fecemo.evaluation.tables.cost_table import CostRow, CostTable, Triplets, Way
    from fecemo.evaluation.tables.table import ComparisonTable

TABLE_NAMES = ("table2.csv", "table2.json", "table2.md", "table2.tex", "table2.html")


def read_cost_table(study: Recipe, layout: RunLayout, table: "ComparisonTable") -> "CostTable | None":
    """Return Table 2 of a run, or None where the recipe asks for none.

    Parameters
    ----------
    study : Recipe
    layout : RunLayout
    table : ComparisonTable
        Table 1 of the same run, with its scores and records.

    Raises
    ------
    StoredStateError
        If a record is damaged or of another recipe.
    """
    from fecemo.evaluation.tables.cost_table import CostTable, compare_rows, in_order
    from fecemo.manifests.published import read_published
    from fecemo.manifests.reference_figures import read_reference_figures

    settings = study.groupings
    if settings is None:
        return None
    published = read_published()
    rows = in_order([_read_row(resolve(study, *cell), layout, table, published.figure(*cell) is not None)
                     for cell in study.cells])
    evaluation = study.evaluation
    return CostTable(
        title=study.title, rows=rows, n_clusters=settings.n_clusters, per_cluster=settings.per_cluster,
        sample=study.naming.sample, rare=study.naming.rare, balanced=study.naming.balanced,
        confidence=evaluation.confidence, references=read_reference_figures(),
        differences=compare_rows(rows, settings.n_clusters, resamples=evaluation.bootstrap,
                                 confidence=evaluation.confidence, seed=study.seed))


def _read_row(cell: Cell, layout: RunLayout, table: "ComparisonTable", published: bool) -> "CostRow":
    from fecemo.evaluation.records.predictions import read_predictions
    from fecemo.evaluation.tables.cost_table import OWN, CostRow, right_answers
    from fecemo.evaluation.tables.table import Heading

    where, given = (cell.row, cell.variant.name), given_to(cell)
    score, clustered = table.scores.get(where), cell.approach.predicts_by == "clusters"
    groupings, right = _read_groupings(cell, layout) if clustered else (None, {})
    if not clustered and score is not None:
        right = {OWN: right_answers(read_predictions(layout.score(*where), score.emotions))}
    return CostRow(
        row=Heading(cell.row, cell.recipe.title_of(cell.row)), column=Heading(cell.variant.name, cell.variant.title),
        given=given.words, track=given.track, clustered=clustered, published=published,
        waits=_waits(cell) or "", score=score, groupings=groupings, right=right,
        probes=table.records.get(where, {}).get("probes"), triplets=_read_triplets(cell, layout))


def _waits(cell: Cell) -> str | None:
    """Return what a cell waits for, in words: first what the row waits for whose embeddings it takes."""
    behind = None if cell.of is None else _waits(resolve(cell.recipe, cell.of, cell.variant.name))
    return behind or cell.recipe.waits_for(cell.row, cell.variant.name)


def _read_groupings(cell: Cell, layout: RunLayout) -> "tuple[Groupings | None, dict[Way, RightAnswers]]":
    """Return a cell's record with its right answers, or nothing where it has not run on what stands now."""
    from fecemo.evaluation.records.groupings import read_groupings

    where = (cell.row, cell.variant.name)
    folder = layout.groupings(*where)
    receipt = read_receipt(folder)
    if receipt is None:
        return None, {}
    if (other := outdated(layout, *where, require_receipt(folder, STAGE))) is not None:
        print(f"table: {cell.title} was grouped with another {other} than the one that stands now; it is shown as not "
              "run until the groupings stage runs again", file=sys.stderr)
        return None, {}
    record, right = read_groupings(folder)
    if record.recipe != cell.recipe.name:
        raise StoredStateError(f"{folder} holds groupings of the recipe {record.recipe!r}, expected "
                               f"{cell.recipe.name!r}; give each recipe its own run folder")
    return record, right


def _read_triplets(cell: Cell, layout: RunLayout) -> "Triplets | None":
    """Return how well held-out triplets were judged at the end of the phase that learned from triplets, if one did.

    Of the weights that were kept: those of the last epoch, or of the one with the least loss on held-out triplets.
    """
    from fecemo.evaluation.tables.cost_table import Triplets

    phases = [phase.name for phase in cell.approach.phases if "triplet" in find_example_set(phase.faces).gives]
    folder = layout.model(cell.row, cell.variant.name)
    path = folder / "history.csv"
    if not phases or read_receipt(folder) is None or not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            judged = [(float(line["valid_loss"]), float(line["valid_accuracy"])) for line in csv.DictReader(file)
                      if line["phase"] == phases[-1] and line["valid_accuracy"]]
    except (KeyError, ValueError) as error:
        raise StoredStateError(f"{path} is damaged ({error}); run the train stage again") from error
    if not judged:
        return None
    kept = min(judged) if cell.fit[phases[-1]].keep == "best" else judged[-1]
    return Triplets(kept[1])
