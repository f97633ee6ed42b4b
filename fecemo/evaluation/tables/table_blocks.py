"""All blocks of a table, in the order in which they are read."""

from collections.abc import Callable
from dataclasses import replace

from fecemo.evaluation.tables.blocks import (
    Block,
    clusters_block,
    cost_block,
    main_block,
    metrics_block,
    published_block,
    record_blocks,
    seeds_block,
)
from fecemo.evaluation.tables.comparison_block import comparison_block
from fecemo.evaluation.tables.table import ComparisonTable


def headline_blocks(table: ComparisonTable) -> list[Block]:
    """Return what is read first: accuracies, and the published figures beside them."""
    return [*_in_parts(table, main_block), *_in_parts(table, published_block)]


def table_blocks(table: ComparisonTable) -> list[Block]:
    """Return the blocks of a table; those with nothing to show are left out."""
    between = (comparison_block(table), seeds_block(table), *_in_parts(table, metrics_block), cost_block(table),
               clusters_block(table), *record_blocks(table))
    return [*_in_parts(table, main_block), *(block for block in between if block is not None),
            *_in_parts(table, published_block)]


def _in_parts(table: ComparisonTable, make: Callable[[ComparisonTable], Block | None]) -> list[Block]:
    """Return a block for each part of the table, such as a backbone's ten rows."""
    parts = table.parts()
    made = [(number, part.title, block) for number, part in enumerate(parts, 1) if (block := make(part)) is not None]
    if len(parts) == 1:
        return [block for _, _, block in made]
    return [replace(block, name=f"{block.name}-{number}", title=f"{block.title}: {title}")
            for number, title, block in made]
