"""Naming finished by a button: the label and evaluate stages run, each in a process of its own, as their scripts do."""

import subprocess
import sys
from dataclasses import replace

from fecemo.errors import StoredStateError
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.tables.comparison_table import read_table

SCRIPT = "from fecemo.cli import open_door; from fecemo.stages.{stage} import run; open_door(run)"


def label_and_evaluate(arguments: CellArguments) -> str:
    """Label and evaluate a cell with the names in use, and return its row of the table as HTML.

    Raises
    ------
    FecemoError
        As the label and evaluate stages do.
    """
    from fecemo.evaluation.tables.block_export import as_frame
    from fecemo.evaluation.tables.blocks import cost_block, metrics_block

    _run("label", arguments, "--method", "hand")
    _run("evaluate", arguments)
    # Of this cell alone: what stands in the others is no concern of whoever named it.
    study = arguments.study
    alone = replace(study, approaches={arguments.approach: study.approaches[arguments.approach]},
                    variants=(arguments.variant,))
    row = read_table(alone, arguments.layout)
    return "".join(as_frame(block(row)).to_html(index=False, border=0) for block in (metrics_block, cost_block))


def _run(stage: str, arguments: CellArguments, *options: str) -> None:
    words = ["--recipe", arguments.recipe, "--run", arguments.run, "--approach", arguments.approach,
             "--variant", arguments.variant, *options]
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(stage=stage), *map(str, words)], capture_output=True,
                          text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"the {stage} stage ended with {done.returncode}"]
        raise StoredStateError(lines[-1].removeprefix("error: "))
