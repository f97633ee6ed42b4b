"""Table: score records → Table 1, Table 2 and the report of a run, or several runs side by side."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import UseAppendAction

from fecemo.data.receipts import Receipt, digest_file, read_receipt
from fecemo.errors import InputError
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.stages.tables.comparison_table import read_table
from fecemo.stages.tables.cost_table import TABLE_NAMES as SECOND_NAMES
from fecemo.stages.tables.cost_table import read_cost_table
from fecemo.stages.tables.side_by_side import write_side_by_side
from fecemo.study.artifacts import tables_config
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe
from fecemo.study.recipe_file import read_recipe

if TYPE_CHECKING:
    from fecemo.evaluation.tables.blocks import Block

STAGE = "table"
TABLE_NAMES = ("table1.csv", "table1.json", "table1.md", "table1.tex", "table1.html")
REPORT_NAME = "report.html"


def run(run: Annotated[tuple[Path, ...], UseAppendAction], recipe: Path | None = None,
        out: Path | None = None) -> Receipt:
    """Write Table 1 and the report of a run, with a dash for every cell that has not run, and print Table 1.

    With a recipe, ``table1.csv``, ``table1.json``, ``table1.md``, ``table1.tex``, ``table1.html`` and ``report.html``
    are written into the run's folder. The tables are made of score records and the published figures alone; the
    report shows besides whatever the other stages left. Where the recipe has ``cluster_sweep``, ``table2.csv`` and so
    on are written too: clusters at several numbers of them beside classifiers, by what each was given.

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
    from fecemo.data.shipped import shipped
    from fecemo.evaluation.tables import block_export, cost_export
    from fecemo.evaluation.tables import export as table_export
    from fecemo.evaluation.tables.cost_blocks import cost_blocks
    from fecemo.evaluation.tables.table_blocks import headline_blocks, table_blocks
    from fecemo.stages.tables.report import material_folders, read_material

    receipts = {name: found for name, folder in material_folders(study, layout).items()
                if (found := read_receipt(folder)) is not None}
    table = read_table(study, layout)
    second = read_cost_table(study, layout, table)
    second_blocks = cost_blocks(second) if second else []
    names = [*TABLE_NAMES, *(SECOND_NAMES if second else ()), REPORT_NAME]
    title, second_title = (f"{study.title}: Table {number}" for number in (1, 2))

    def work(folder: Path) -> StageResult:
        from fecemo.data.durable import atomic_write
        from fecemo.evaluation.report.page import render_report

        def readable(title: str, blocks: "list[Block]") -> tuple[str, str, str]:
            return (block_export.to_markdown(title, blocks), block_export.to_latex(title, blocks),
                    block_export.to_html(title, blocks))

        exported = [table_export.to_csv(table), table_export.to_json(table), *readable(title, table_blocks(table))]
        if second:
            exported += [cost_export.to_csv(second), cost_export.to_json(second),
                         *readable(second_title, second_blocks)]
        material = replace(read_material(study, layout, table), further=tuple(second_blocks))
        for name, text in zip(names, [*exported, render_report(material)], strict=True):
            atomic_write(layout.run / name, text)
        cells = len(study.cells)
        return StageResult(files=[f"../{name}" for name in names],
                           message=f"{len(table.scores)} of {cells} cells have a score",
                           summary={"cells": cells, "scored": len(table.scores)})

    receipt = run_stage(
        STAGE, layout.tables,
        config=tables_config(study),
        inputs={"published": digest_file(shipped(f"published/{study.published}.yaml")),
                **({"references": digest_file(shipped("published/table2.yaml"))} if second else {}),
                **{name: found.digest for name, found in receipts.items()}},
        seed=study.seed, work=work,
    )
    print(block_export.to_text(title, headline_blocks(table)))
    if second_blocks:
        print(block_export.to_text(second_title, second_blocks[:1]))
    print("\n".join(str(layout.run / name) for name in names))
    for row in study.approaches:
        if (waits := study.waits_for(row)) is not None:
            print(f"table: {row} {waits}", file=sys.stderr)
            continue
        for variant in (variant for its, variant in study.cells if its == row):
            if (waits := study.waits_for(row, variant)) is not None:
                print(f"table: {row} {variant} {waits}", file=sys.stderr)
    return receipt
