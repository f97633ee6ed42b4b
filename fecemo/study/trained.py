"""Refuse a row of which losses train less than its outputs are made of."""

from typing import Any

from fecemo.errors import InputError
from fecemo.study.cell import Cell


def check_outputs_trained(cell: Cell, model: Any) -> None:
    """Check that every layer with weights behind a cell's outputs is behind an output that a loss is computed from.

    A centre loss alone, say, trains features, and the softmax over them would answer at random.

    Parameters
    ----------
    model : keras.Model
        Of its approach; an outline will do.

    Raises
    ------
    InputError
        If no phase trains a layer that an output is made of.
    """
    from fecemo.models.description import describe

    approach = cell.approach
    if not approach.phases:
        return
    trained = {(layer.stack, layer.name) for phase in approach.phases
              for layer in describe(model, cell.fit[phase.name].outputs).layers}
    for output in approach.readouts:
        untrained = {layer.stack for layer in describe(model, [output]).layers
                    if layer.parameters and (layer.stack, layer.name) not in trained}
        if untrained:
            parts = " and ".join(sorted(untrained))
            raise InputError(f"approaches.{cell.recipe_row}.fit: no loss is computed from what {parts} gives, of which "
                             f"the row's {output} are made: they would learn nothing and answer at random; add a loss "
                             f"of {output}")
