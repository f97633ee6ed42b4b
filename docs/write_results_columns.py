"""Write docs/results_columns.md, the dictionary of a run's results: python docs/write_results_columns.py."""

from pathlib import Path

from fecemo.evaluation.catalogue import METRICS
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.results import COLUMNS, DIFFERENCE_COLUMNS, DIFFERENCES_NAME, RESULTS_NAME


def columns_page() -> str:
    """Return the dictionary of columns and metrics as Markdown."""
    lines = ["# Columns of the results", "",
             "A run's `results.csv` has one row a figure; `differences.csv` one row a comparison of two rows on the "
             "same faces.", "Both are read with `fecemo.evaluation.results.read_results(run)` and "
             "`read_differences(run)`, or with `pandas.read_csv`.",
             "This page is written by `python docs/write_results_columns.py`."]
    for name, columns in ((RESULTS_NAME, COLUMNS), (DIFFERENCES_NAME, DIFFERENCE_COLUMNS)):
        lines += ["", f"## {name}", "", "| column | type | what it holds |", "|---|---|---|"]
        lines += [f"| `{column}` | {kind} | {meaning} |" for column, (kind, meaning) in columns.items()]
    lines += ["", "## Metrics", "", "| metric | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in METRICS.items()]
    for name, metric in cell_metrics().items():
        lines += [f"| `{figure}` | {meaning} |" for figure, meaning in metric.meanings.items()]
        lines += [f"| `{name}.{path}` | {metric.title}: {heading} |" for heading, path in metric.columns.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    path = Path(__file__).with_name("results_columns.md")
    path.write_text(columns_page(), encoding="utf-8")
    print(path)
