"""All blocks of a table, in the order in which they are read."""

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


def table_blocks(table: ComparisonTable) -> list[Block]:
    """Return the blocks of a table; those with nothing to show are left out."""
    return [block for block in (main_block(table), comparison_block(table), seeds_block(table), metrics_block(table),
                                cost_block(table), clusters_block(table), *record_blocks(table), published_block(table))
            if block is not None]
