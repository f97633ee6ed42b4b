"""Table: score records → Table 1 in five forms and the report of a run, or several runs side by side."""

import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import UseAppendAction

from fecemo.errors import InputError, StoredStateError
from fecemo.models.approach import approaches
from fecemo.packs.receipts import Receipt, digest_file, read_receipt
from fecemo.packs.variant import find_variant, variants
from fecemo.stages.chain import outdated
from fecemo.stages.layout import RunLayout
from fecemo.stages.recipe import Recipe, read_recipe
from fecemo.stages.side_by_side import write_side_by_side
from fecemo.stages.work import Work, run_stage

if TYPE_CHECKING:
    from fecemo.evaluation.records.score import Score
    from fecemo.evaluation.tables.table import ComparisonTable

STAGE = "table"
TABLE_NAMES = ("table1.csv", "table1.json", "table1.md", "table1.tex", "table1.html")
REPORT_NAME = "report.html"


def run(run: Annotated[tuple[Path, ...], UseAppendAction], recipe: Path | None = None,
        out: Path | None = None) -> Receipt:
    """Write Table 1 and the report of a run, with a dash for every cell that has not run, and print Table 1.

    With a recipe, ``table1.csv``, ``table1.json``, ``table1.md``, ``table1.tex``, ``table1.html`` and ``report.html``
    are written into the run's folder. The tables are made of score records and the published figures alone; the
    report shows besides whatever the other stages left.

    Without a recipe, the score records of one or several runs are put side by side as ``side_by_side.csv``, ``.json``,
    ``.md``, ``.tex`` and ``.html``. Runs of one recipe with different seeds are joined to mean and spread.

    Parameters
    ----------
    run : tuple of Path
        The run's folder, such as ``runs/demo``; without a recipe once for each of several runs.
    recipe : Path, optional
        A recipe, such as ``pipelines/recipes/demo.yaml``.
    out : Path, optional
        Folder for several runs side by side; by default ``side_by_side`` beside the first of them.

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
    if not run:
        raise InputError("no run is named; name one, such as --run runs/demo")
    for folder in run:
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such run; expected the folder of one that has begun")
    if recipe is None:
        return write_side_by_side(run, out or run[0].parent / "side_by_side")
    if len(run) > 1 or out is not None:
        raise InputError("a recipe belongs to one run, whose tables stand in its own folder; leave --recipe out to put "
                         "the scores of several runs side by side")
    return _write_run(read_recipe(recipe), RunLayout(run[0]))


def _write_run(study: Recipe, layout: RunLayout) -> Receipt:
    from fecemo.evaluation.tables import block_export
    from fecemo.evaluation.tables import export as table_export
    from fecemo.evaluation.tables.blocks import main_block, published_block
    from fecemo.evaluation.tables.table_blocks import table_blocks
    from fecemo.manifests.shipped import shipped
    from fecemo.stages.report import material_folders, read_material

    receipts = {name: found for name, folder in material_folders(study, layout).items()
                if (found := read_receipt(folder)) is not None}
    table = read_table(study, layout)
    names = [*TABLE_NAMES, REPORT_NAME]
    title = f"{study.title}: Table 1"

    def work(folder: Path) -> Work:
        from fecemo.evaluation.report.page import render_report
        from fecemo.packs.durable import atomic_write

        blocks = table_blocks(table)
        exported = (table_export.to_csv(table), table_export.to_json(table), block_export.to_markdown(title, blocks),
                    block_export.to_latex(title, blocks), block_export.to_html(title, blocks))
        for name, text in zip(TABLE_NAMES, exported, strict=True):
            atomic_write(layout.run / name, text)
        atomic_write(layout.run / REPORT_NAME, render_report(read_material(study, layout, table)))
        cells = len(table.rows) * len(table.columns)
        return Work(files=[f"../{name}" for name in names], said=f"{len(table.scores)} of {cells} cells have a score",
                    summary={"cells": cells, "scored": len(table.scores)})

    receipt = run_stage(
        STAGE, layout.tables,
        config={"recipe": study.name, "title": study.title, "rows": list(study.approaches),
                "columns": list(study.variants), "seed": study.seed, "seeds": list(study.seeds)},
        inputs={"published": digest_file(shipped(f"published/{study.published}.yaml")),
                **{name: found.digest for name, found in receipts.items()}},
        seed=study.seed, work=work,
    )
    print(block_export.to_text(title, [block for block in (main_block(table), published_block(table)) if block]))
    print("\n".join(str(layout.run / name) for name in names))
    for row in study.approaches:
        if (waits := study.waits_for(row)) is not None:
            print(f"table: {row} {waits}", file=sys.stderr)
    return receipt


def read_table(study: Recipe, layout: RunLayout) -> "ComparisonTable":
    """Return the table of a run's finished score records.

    Raises
    ------
    StoredStateError
        If a score is damaged or of another recipe.
    """
    from fecemo.evaluation.measurement import read_records
    from fecemo.evaluation.metrics.comparison import compare_cells
    from fecemo.evaluation.metrics.seeds import spread_over_seeds
    from fecemo.evaluation.records.headline import HEADLINES
    from fecemo.evaluation.records.predictions import read_predictions
    from fecemo.evaluation.tables.table import ComparisonTable, Heading
    from fecemo.manifests.published import read_published
    from fecemo.manifests.shipped import shipped

    scores = _read_scores(study, layout)
    predictions = {cell: read_predictions(layout.score(*cell), score.emotions) for cell, score in scores.items()}
    further = [_read_scores(study, layout.of_seed(seed)) for seed in study.seeds]
    spreads = {cell: spread for cell, score in scores.items()
               if (spread := spread_over_seeds([score, *(its[cell] for its in further if cell in its)])) is not None}
    published = read_published(shipped(f"published/{study.published}.yaml"))
    titles = {**{name: approach.title for name, approach in approaches().items()},
              **{name: variant.title for name, variant in variants().items()},
              **{headline.name: headline.short for headline in HEADLINES},
              **published.titles}
    return ComparisonTable(
        title=study.title, scores=scores, published_titles=titles, spreads=spreads,
        published=published,
        records={cell: read_records(layout.score(*cell)) for cell in scores},
        comparisons=compare_cells(scores, predictions, seed=study.seed),
        rows=tuple(Heading(name, study.title_of(name)) for name in study.approaches),
        columns=tuple(Heading(name, find_variant(name).title) for name in study.variants))


def _read_scores(study: Recipe, layout: RunLayout) -> "dict[tuple[str, str], Score]":
    """Return the finished scores of one seed's run by cell, without those of what has since been made anew."""
    from fecemo.evaluation.records.score import read_score

    scores = {}
    for cell in product(study.approaches, study.variants):
        folder = layout.score(*cell)
        receipt = read_receipt(folder)
        if receipt is None:
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
