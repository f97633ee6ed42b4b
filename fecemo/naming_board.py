"""The labelling board of a run, for a notebook: what a person does by hand, and the stages that follow.

Stages never call each other. The last button of the board runs three of them in turn, as their scripts would; this is
why the board is opened here, above the stages.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from fecemo.errors import ResourceError
from fecemo.machine import install_command
from fecemo.stages import evaluate, label
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.label_run import LabelRun
from fecemo.stages.tables.results import read_run

SHOWN_TABLES = ("metrics", "cost")
"""Of the tables of a run, those of which a cell's line is shown once it is scored."""


def open_board(run: str | Path, recipe: str | Path) -> Any:
    """Return the board on which a person names the clusters of a run.

    Parameters
    ----------
    run : str or Path
        The run's folder, such as ``runs/demo``.
    recipe : str or Path
        Its recipe, such as ``pipelines/recipes/demo.yaml``.

    Returns
    -------
    fecemo.labelling.board.board.LabellingBoard
        Show its ``view``.

    Raises
    ------
    InputError
        If the recipe is not sound or has no approach with clusters.
    StoredStateError
        If there is no such run.
    ResourceError
        If the notebook's packages are not installed.
    """
    try:
        from fecemo.labelling.board.board import LabellingBoard
    except ImportError as error:
        raise ResourceError(f"the labelling notebook needs {error.name}, which is not installed: "
                            f"{install_command('notebook')}, or fill in the clustering's "
                            "names.template.json") from error
    return LabellingBoard(LabelRun(Path(run), Path(recipe), label_and_score))


def label_and_score(arguments: CellArguments) -> str:
    """Label and evaluate a cell with the names in use, and return its row of the table as HTML.

    Without a target nothing can be scored, and the names are returned. Raises `FecemoError` as the label and evaluate
    stages do.
    """
    import pandas as pd

    from fecemo.evaluation.table import pivot, tables

    names = label.run(arguments, method="hand").summary["names"]
    if arguments.study.roles.target is None:
        return pd.DataFrame({"cluster": list(names), "name": list(names.values())}).to_html(index=False, border=0)
    evaluate.run(arguments)
    # Of this cell alone: the others are no concern of whoever named it.
    study = arguments.study
    alone = replace(study, approaches={arguments.approach: study.approaches[arguments.approach]},
                    variants=(arguments.variant,), seeds=(), published="", cluster_sweep=None, learning={},
                    roles=replace(study.roles, triplet_test=None))
    results = read_run(alone, arguments.layout).results
    shown = [grid for table in tables("table1") if table.name in SHOWN_TABLES for grid in pivot(table, results)]
    frames = [pd.DataFrame([[*names, *(f"{cell.plain_value} {cell.plain_beside}".strip() for cell in cells)]
                            for names, cells in grid.lines], columns=list(grid.headings)) for grid in shown]
    return "".join(frame.to_html(index=False, border=0) for frame in frames)
