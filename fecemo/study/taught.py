"""Refuse a row whose losses teach less than its output is made of."""

from collections.abc import Mapping

from fecemo.errors import InputError
from fecemo.models.plan import NetworkPlan
from fecemo.study.cell import Cell


def refuse_untaught(cell: Cell, plans: Mapping[str, NetworkPlan]) -> None:
    """Check that every weight of a cell's output is in a network that a loss looks at.

    A centre loss alone, say, teaches features, and the softmax over them would answer at random.

    Parameters
    ----------
    cell : Cell
    plans : mapping of str to NetworkPlan
        Of all networks of its approach.

    Raises
    ------
    InputError
        If no phase runs a stack with weights that the output is made of.
    """
    approach = cell.approach
    taught = {layer.stack for phase in approach.phases for output in cell.fit[phase.name].looks_at
              for layer in plans[phase.outputs[output]].layers}
    untaught = {layer.stack for layer in plans[approach.output].layers if layer.parameters} - taught
    if untaught:
        raise InputError(f"approaches.{cell.recipe_row}.fit: no loss looks at what {' and '.join(sorted(untaught))} "
                         f"gives, of which the row's {approach.output} is made: it would learn nothing and answer at "
                         f"random; add a loss that looks at {_kind_of(cell)}")


def _kind_of(cell: Cell) -> str:
    """Return the kind of output that the row's own network gives, in a recipe's words."""
    return next((kind for phase in cell.approach.phases for kind, network in phase.outputs.items()
                 if network == cell.approach.output), "it")
