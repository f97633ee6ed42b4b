"""Naming finished by a button: label, evaluate and table in turn.

Stages never call each other. This is the one place where a person's button drives several of them, as their scripts
would one after the other; no stage and no script calls it.
"""

from dataclasses import replace

from fecemo.stages import evaluate, label, table
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.recipe import Recipe


def label_and_evaluate(arguments: CellArguments, study: Recipe) -> str:
    """Label and evaluate a cell with the names in use, and return its row of the table as HTML.

    Parameters
    ----------
    arguments : CellArguments
    study : Recipe
        The one that the arguments name.

    Raises
    ------
    FecemoError
        As the label and evaluate stages do.
    """
    from fecemo.evaluation.tables.block_export import as_frame
    from fecemo.evaluation.tables.blocks import cost_block, metrics_block

    label.run(arguments, method="hand")
    evaluate.run(arguments)
    # Of this cell alone: what stands in the others is no concern of whoever named it.
    alone = replace(study, approaches={arguments.approach: study.approaches[arguments.approach]},
                    variants=(arguments.variant,))
    row = table.read_table(alone, arguments.layout)
    return "".join(as_frame(block(row)).to_html(index=False, border=0) for block in (metrics_block, cost_block))
