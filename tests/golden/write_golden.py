"""Write the golden files again: python tests/golden/write_golden.py; look at the difference before keeping it."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from record_formats import record_formats
from synthetic_scores import ComparisonTable, synthetic_table

from fecemo.evaluation.tables.block_export import to_html, to_latex, to_markdown, to_text
from fecemo.evaluation.tables.blocks import main_block, published_block
from fecemo.evaluation.tables.export import to_csv
from fecemo.evaluation.tables.table_blocks import table_blocks

FILES = Path(__file__).parent / "files"
MISSING = (("dense_autoencoder", "gray"), ("supervised", "tight"))
"""Cells that have not run in the golden table."""


def in_blocks(write):
    """Return what writes a whole table's blocks."""
    return lambda table: write(table.title, table_blocks(table))


EXPORTS = {"csv": to_csv, "md": in_blocks(to_markdown), "tex": in_blocks(to_latex), "html": in_blocks(to_html),
           "txt": lambda table: to_text(table.title, [main_block(table), published_block(table)])}


def golden_table() -> ComparisonTable:
    """Return the table that the golden files show."""
    return synthetic_table(missing=MISSING)


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    for suffix, export in EXPORTS.items():
        (FILES / f"table1.{suffix}").write_text(export(golden_table()), encoding="utf-8")
        print(FILES / f"table1.{suffix}")
    (FILES / "record_formats.json").write_text(json.dumps(record_formats(), indent=1) + "\n", encoding="utf-8")
    print(FILES / "record_formats.json")
