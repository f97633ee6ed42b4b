"""Write the golden files again: python tests/golden/write_golden.py; look at the difference before keeping it."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from record_formats import record_formats
from synthetic_scores import synthetic_results

from fecemo.evaluation.results import Results
from fecemo.evaluation.writers import grids_of, to_csv, to_html, to_json, to_latex, to_markdown, to_text

FILES = Path(__file__).parent / "files"
MISSING = (("dense_autoencoder", "gray"), ("supervised", "tight"))
"""Cells that have not run in the golden table."""
TITLE = "A study that never was"


def all_grids(results: Results):
    """Return every table of Table 1's document."""
    return [grid for grids in grids_of("table1", results) for grid in grids]


EXPORTS = {"csv": lambda results: to_csv(grids_of("table1", results)[0]),
           "json": lambda results: to_json(all_grids(results)),
           "md": lambda results: to_markdown(TITLE, all_grids(results)),
           "tex": lambda results: to_latex(TITLE, all_grids(results), label="golden"),
           "html": lambda results: to_html(TITLE, all_grids(results)),
           "txt": lambda results: to_text(TITLE, grids_of("table1", results)[0])}


def golden_results() -> Results:
    """Return the results that the golden files show."""
    return synthetic_results(missing=MISSING)


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    for suffix, export in EXPORTS.items():
        (FILES / f"table1.{suffix}").write_text(export(golden_results()), encoding="utf-8")
        print(FILES / f"table1.{suffix}")
    (FILES / "record_formats.json").write_text(json.dumps(record_formats(), indent=1) + "\n", encoding="utf-8")
    print(FILES / "record_formats.json")
