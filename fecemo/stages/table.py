"""Table: the records of a run → its results, tables and report, or several runs side by side."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import UseAppendAction

from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, digest_file, digest_json, plain, sound_receipt
from fecemo.errors import InputError
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.artifact_configs import tables_config
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe
from fecemo.study.recipe_file import read_recipe

STAGE = "table"
SUFFIXES = ("csv", "json", "md", "tex", "html")
RESULT_NAMES = ("results.csv", "differences.csv")
TABLE_NAMES, SECOND_NAMES = (tuple(f"{table}.{suffix}" for suffix in SUFFIXES) for table in ("table1", "table2"))
REPORT_NAME = "report.html"


def run(run: Annotated[tuple[Path, ...], UseAppendAction], recipe: Path | None = None,
        out: Path | None = None) -> Receipt:
    """Write the results, tables and report of a run, with a dash for every cell that has not run, and print Table 1.

    With a recipe, ``results.csv``, which has one row a figure, and ``differences.csv``, one row a comparison, are
    written into the run's folder, and of them ``table1.csv``, ``table1.json``, ``table1.md``, ``table1.tex``,
    ``table1.html``, the further tables in ``tables/`` and ``report.html``, which shows besides what the other stages
    left. Where the recipe has ``cluster_sweep``, ``table2.csv`` and so on are written too: clusters at several numbers
    of them beside classifiers, by supervision.

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
        from fecemo.stages.tables.side_by_side import write_side_by_side

        return write_side_by_side(run, out or run[0].parent / "side_by_side")
    if len(run) > 1 or out is not None:
        raise InputError("a recipe belongs to one run, whose tables are in its folder; leave --recipe out to put "
                         "the scores of several runs side by side")
    return _write_run(read_recipe(recipe), RunLayout(run[0]))


def _write_run(study: Recipe, layout: RunLayout) -> Receipt:
    study.role("target")  # without labelled faces there is no score to show
    from fecemo.evaluation.writers import grids_of, to_text, write_documents
    from fecemo.stages.tables.cell_records import recorded_seconds
    from fecemo.stages.tables.report import material_folders, read_material
    from fecemo.stages.tables.results import published_files, read_run

    receipts = {name: stored for name, folder in material_folders(study, layout).items()
                if (stored := sound_receipt(folder)) is not None}
    read = read_run(study, layout)
    titles = {"table1": study.title, **({"table2": f"{study.title}: Table 2"} if study.cluster_sweep else {})}

    def work(folder: Path) -> StageResult:
        from fecemo.evaluation.report.page import render_report
        from fecemo.evaluation.results import write_results

        write_results(layout.run, read.results)
        files = write_documents(read.results, titles, label=layout.run.resolve().name)
        files[REPORT_NAME] = render_report(read_material(study, layout, read))
        for old in folder.glob("*.*"):
            if old.suffix in (".csv", ".tex") and f"{folder.name}/{old.name}" not in files:
                old.unlink()
        for name, text in files.items():
            atomic_write(layout.run / name, text)
        return StageResult(files=[f"../{name}" for name in (*RESULT_NAMES, *files)],
                           message=f"{read.n_scored} of {len(study.cells)} cells have a score",
                           summary={"cells": len(study.cells), "scored": read.n_scored})

    receipt = run_stage(
        STAGE, layout.tables, config=tables_config(study), seed=study.seed, work=work,
        inputs={**{name: digest_file(path) for name, path in published_files(study).items()},
                **{name: stored.digest for name, stored in receipts.items()},
                **({} if study.cost_curve is None else {"seconds": digest_json(plain(recorded_seconds(layout)))})})
    for document, title in titles.items():
        print(to_text(title, grids_of(document, read.results)[0]))
    names = (*RESULT_NAMES, *TABLE_NAMES, *(SECOND_NAMES if study.cluster_sweep else ()), REPORT_NAME)
    print("\n".join(str(layout.run / name) for name in names))
    for row in study.approaches:
        if (waits := study.waits_for(row)) is not None:
            print(f"table: {row} {waits}", file=sys.stderr)
            continue
        for variant in (variant for row_variant, variant in study.cells if row_variant == row):
            if (waits := study.waits_for(row, variant)) is not None:
                print(f"table: {row} {variant} {waits}", file=sys.stderr)
    return receipt
