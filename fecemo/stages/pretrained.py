"""Weights with which a cell's networks begin: converted ones, from the folder that a recipe names."""

import sys
from typing import Any

from fecemo.data.receipts import require_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.models.pretrained import WEIGHTS_NAME, put_weights
from fecemo.study.cell import Cell

CONVERT = "convert weights"
"""Name of the stage that writes such folders."""


def check_pretrained(cell: Cell) -> None:
    """Check that a cell's pre-trained weights, if it has any, are there and fit it.

    Raises `InputError` if they are not there, are of another approach, or were trained on faces that came in otherwise.
    """
    if cell.pretrained is None:
        return
    key = f"approaches.{cell.recipe_row}"
    if cell.variant.channels != 3:
        raise InputError(f"{key}.pretrained: networks that others have trained take three channels, and "
                         f"{cell.variant.name} has one; name the variants of this row in {key}.variants")
    waits = cell.recipe.waits_for(cell.row)
    if waits is not None:
        raise InputError(f"{cell.title} {waits}")
    receipt = require_receipt(cell.pretrained, CONVERT)
    if receipt.config["approach"] != cell.approach.name:
        raise InputError(f"{key}.pretrained: {cell.pretrained} holds weights of {receipt.config['approach']!r}, and "
                         f"this row is of {cell.approach.name!r}")
    for name, value in receipt.config["model"].items():
        configured = getattr(cell.model, name)
        if list(configured) != value if isinstance(configured, tuple) else configured != value:
            raise InputError(f"{key}.model.{name} is {configured}, and the weights in {cell.pretrained} were trained "
                             f"with {value}")


def put_pretrained(cell: Cell, model: Any) -> None:
    """Put a cell's pre-trained weights into its model and say which layers begin without.

    Raises `StoredStateError` if they do not fit.
    """
    if cell.pretrained is None:
        return
    path = cell.pretrained / WEIGHTS_NAME
    try:
        fresh = put_weights(model, path)
    except (OSError, ValueError) as error:
        raise StoredStateError(f"{path} does not fit {cell.approach.name} ({error}); convert the weights "
                               "again") from error
    print(f"train {cell.title}: begins with the weights in {path}; new are {', '.join(fresh) or 'none'}",
          file=sys.stderr)
