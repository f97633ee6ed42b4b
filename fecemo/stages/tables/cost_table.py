"""Table 2 of a run, read from the records of its cells; whatever has not run is left empty."""

from typing import TYPE_CHECKING

from fecemo.stages.tables.cost_row import read_cost_row
from fecemo.stages.tables.learning_curves import read_learning_curves
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    from fecemo.evaluation.tables.cost_table import CostRow, CostTable
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
        If a record is damaged or of another recipe, or two rows cannot be paired.
    """
    from fecemo.data.reference_figures import read_reference_figures
    from fecemo.evaluation.tables.cost_table import CostTable, compare_rows, in_order

    settings = study.cluster_sweep
    if settings is None:
        return None
    rows = in_order([_read_row(study, layout, table, *cell) for cell in study.cells])
    evaluation = study.evaluation
    return CostTable(
        title=study.title, rows=rows, n_clusters=settings.n_clusters, per_cluster=settings.per_cluster,
        sample=study.naming.sample, rare_class_exponent=study.naming.rare_class_exponent,
        class_balanced=study.naming.class_balanced,
        confidence=evaluation.confidence, references=read_reference_figures(),
        differences=compare_rows(rows, settings.n_clusters, resamples=evaluation.bootstrap,
                                 confidence=evaluation.confidence, seed=study.seed),
        curves=read_learning_curves(study, layout, rows))


def _read_row(study: Recipe, layout: RunLayout, table: "ComparisonTable", row: str, variant: str) -> "CostRow":
    where = (row, variant)
    return read_cost_row(
        resolve(study, *where), layout, table.scores.get(where), probes=table.records.get(where, {}).get("probes"),
        published=table.published is not None and table.published.figure(*where) is not None)
