"""Table: score records → Table 1 as CSV, Markdown, LaTeX and HTML, and the report of the run."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fecemo.errors import InputError, StoredStateError
from fecemo.models.approach import approaches, find_approach
from fecemo.packs.receipts import Receipt, digest_file, read_receipt
from fecemo.packs.variant import find_variant, variants
from fecemo.stages.chain import outdated
from fecemo.stages.layout import RunLayout
from fecemo.stages.recipe import Recipe, read_recipe
from fecemo.stages.work import Work, run_stage

if TYPE_CHECKING:
    from fecemo.evaluation.table import ComparisonTable

STAGE = "table"
TABLE_NAMES = {"table1.csv": "to_csv", "table1.md": "to_markdown", "table1.tex": "to_latex", "table1.html": "to_html"}
"""Files in the run's folder, and the functions of `fecemo.evaluation.table_export` that give their text."""
REPORT_NAME = "report.html"


def run(recipe: Path, run: Path) -> Receipt:
    """Write Table 1 and the report of a run, with a dash for every cell that has not run, and print Table 1.

    Writes ``table1.csv``, ``table1.md``, ``table1.tex``, ``table1.html`` and ``report.html`` into the run's folder.
    The tables are made of score records and the published figures alone; the report shows besides whatever the other
    stages left.

    Parameters
    ----------
    recipe : Path
        A recipe, such as ``pipelines/recipes/demo.yaml``.
    run : Path
        The run's folder, such as ``runs/demo``.

    Returns
    -------
    Receipt

    Raises
    ------
    InputError
        If the recipe is not sound, or there is no such run.
    StoredStateError
        If a score is damaged or of another recipe.
    """
    from fecemo.evaluation import table_export
    from fecemo.manifests.shipped import shipped
    from fecemo.stages.report import material_folders, read_material

    study, layout = read_recipe(recipe), RunLayout(run)
    if not run.is_dir():
        raise InputError(f"{run}: there is no such run; expected the folder of one that has begun")
    receipts = {name: found for name, folder in material_folders(study, layout).items()
                if (found := read_receipt(folder)) is not None}
    table = read_table(study, layout)
    names = [*TABLE_NAMES, REPORT_NAME]

    def work(folder: Path) -> Work:
        from fecemo.evaluation.report import render_report
        from fecemo.packs.durable import atomic_write

        for name, export in TABLE_NAMES.items():
            atomic_write(run / name, getattr(table_export, export)(table))
        atomic_write(run / REPORT_NAME, render_report(read_material(study, layout, table)))
        cells = len(table.rows) * len(table.columns)
        return Work(files=[f"../{name}" for name in names], said=f"{len(table.scores)} of {cells} cells have a score",
                    summary={"cells": cells, "scored": len(table.scores)})

    receipt = run_stage(
        STAGE, layout.tables,
        config={"recipe": study.name, "title": study.title, "rows": list(study.approaches),
                "columns": list(study.variants), "seed": study.seed},
        inputs={"published": digest_file(shipped("published/table1.yaml")),
                **{name: found.digest for name, found in receipts.items()}},
        seed=study.seed, work=work,
    )
    print(table_export.to_text(table))
    print("\n".join(str(run / name) for name in names))
    return receipt


def read_table(study: Recipe, layout: RunLayout) -> "ComparisonTable":
    """Return the table of a run's finished score records.

    Raises
    ------
    StoredStateError
        If a score is damaged or of another recipe.
    """
    from fecemo.evaluation.score import read_score
    from fecemo.evaluation.table import ComparisonTable, Heading
    from fecemo.manifests.published import read_published

    scores = {}
    for approach in study.approaches:
        for variant in study.variants:
            folder = layout.score(approach, variant)
            receipt = read_receipt(folder)
            if receipt is None:
                continue
            if (other := outdated(layout, approach, variant, receipt)) is not None:
                print(f"table: {approach} {variant} was scored with another {other} than the one that stands now; "
                      "it is shown as not run until the evaluate stage runs again", file=sys.stderr)
                continue
            score = read_score(folder)
            if score.recipe != study.name:
                raise StoredStateError(f"{folder} holds a score of the recipe {score.recipe!r}, expected "
                                       f"{study.name!r}; give each recipe its own run folder")
            scores[approach, variant] = score
    titles = {**{name: approach.title for name, approach in approaches().items()},
              **{name: variant.title for name, variant in variants().items()}}
    return ComparisonTable(
        title=study.title, scores=scores, published=read_published(), published_titles=titles,
        rows=tuple(Heading(name, find_approach(name).title) for name in study.approaches),
        columns=tuple(Heading(name, find_variant(name).title) for name in study.variants))
