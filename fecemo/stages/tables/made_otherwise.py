"""Whether what stands behind a cell's figures was made with the settings that the recipe has now."""

from collections.abc import Callable
from typing import Any

from fecemo.data.receipts import Receipt, read_receipt
from fecemo.stages.chain import EMBEDDINGS_OF, embeddings_of
from fecemo.stages.cluster import cluster_config
from fecemo.stages.embed import embed_config
from fecemo.stages.pretrained import PRETRAINED
from fecemo.stages.train import train_config
from fecemo.stages.triplet_test import triplet_test_config
from fecemo.study.cell import Cell, resolve
from fecemo.study.layout import RunLayout

CONFIGS: dict[str, tuple[str, Callable[[Cell], dict[str, Any]]]] = {
    "model": ("trained", train_config), "embeddings": ("embedded", embed_config),
    "clusters": ("clustered", cluster_config), "triplet_test": ("tested", triplet_test_config)}
"""What is made of faces, with what is said of it and all of a recipe that shapes it."""
MACHINE = ("threads", "devices", "backend")
"""What a receipt holds besides, of the machine on which it was made."""


def made_otherwise(cell: Cell, layout: RunLayout, *asked: str) -> str | None:
    """Return what was made with other settings than the recipe's, in words, or None.

    A recipe may change after a stage has run, and figures of old settings would stand under its new ones. Records tell
    by themselves how clusters were named and answers scored; what was trained, they do not.

    Parameters
    ----------
    cell : Cell
    layout : RunLayout
    *asked : str
        Of ``"model"``, ``"embeddings"``, ``"clusters"`` and ``"triplet_test"``, those that the figures were made of. Of
        a row whose embeddings the cell takes, the first two are asked too.
    """
    row, variant = cell.made_by, cell.variant.name
    folders = {"model": layout.model, "embeddings": layout.embeddings, "clusters": layout.clusters,
               "triplet_test": layout.triplet_test}
    for name in asked:
        receipt, (done, config_of) = read_receipt(folders[name](row, variant)), CONFIGS[name]
        if receipt is None:
            continue
        config = {key: its for key, its in receipt.config.items() if key not in MACHINE}
        if config != config_of(cell) or (name == "model" and _begun_with(receipt) != _to_begin_with(cell, receipt)):
            return f"{row} {variant} was {done} with other settings than the recipe's"
    return None if cell.of is None else made_otherwise(resolve(cell.recipe, cell.of, variant), layout,
                                                       "model", "embeddings")


def _begun_with(receipt: Receipt) -> dict[str, str]:
    """Return from what besides faces a model learned: another row's embeddings, and pre-trained weights."""
    return {name: digest if name == PRETRAINED else "" for name, digest in receipt.inputs.items()
            if name == PRETRAINED or name.startswith(EMBEDDINGS_OF)}


def _to_begin_with(cell: Cell, receipt: Receipt) -> dict[str, str]:
    """Return the same as the recipe has it; whether another row's embeddings are still these, the chain tells."""
    begin = {} if cell.of is None else {embeddings_of(cell.of): ""}
    if cell.pretrained is not None:
        weights = read_receipt(cell.pretrained)  # they may be gone since
        begin[PRETRAINED] = weights.digest if weights is not None else receipt.inputs.get(PRETRAINED, "")
    return begin
