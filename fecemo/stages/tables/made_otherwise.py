"""Whether what stands behind a cell's figures was made with the settings that the recipe has now."""

from collections.abc import Callable
from typing import Any

from fecemo.packs.receipts import read_receipt
from fecemo.stages.cluster import cluster_config
from fecemo.stages.embed import embed_config
from fecemo.stages.judge import judge_config
from fecemo.stages.layout import RunLayout
from fecemo.stages.study.cell import Cell, resolve
from fecemo.stages.train import train_config

CONFIGS: dict[str, tuple[str, Callable[[Cell], dict[str, Any]]]] = {
    "model": ("trained", train_config), "embeddings": ("embedded", embed_config),
    "clusters": ("clustered", cluster_config), "judged": ("judged", judge_config)}
"""What is made of faces, with what is said of it and all of a recipe that shapes it; not the machine it was made on."""


def made_otherwise(cell: Cell, layout: RunLayout, *asked: str) -> str | None:
    """Return what was made with other settings than the recipe's, in words, or None.

    A recipe may change after a stage has run, and figures of old settings would stand under its new ones. Records tell
    by themselves how clusters were named and answers scored; what was trained, they do not.

    Parameters
    ----------
    cell : Cell
    layout : RunLayout
    *asked : str
        Of ``"model"``, ``"embeddings"``, ``"clusters"`` and ``"judged"``, those that the figures were made of. Of a row
        whose embeddings the cell takes, the first two are asked too.
    """
    row, variant = cell.made_by, cell.variant.name
    folders = {"model": layout.model, "embeddings": layout.embeddings, "clusters": layout.clusters,
               "judged": layout.judged_by}
    for name in asked:
        receipt, (done, config_of) = read_receipt(folders[name](row, variant)), CONFIGS[name]
        if receipt is not None and any(receipt.config.get(key) != its for key, its in config_of(cell).items()):
            return f"{row} {variant} was {done} with other settings than the recipe's"
    return None if cell.of is None else made_otherwise(resolve(cell.recipe, cell.of, variant), layout,
                                                       "model", "embeddings")
