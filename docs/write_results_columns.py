"""Write docs/results_columns.md, the dictionary of a run's results: python docs/write_results_columns.py."""

from pathlib import Path

from fecemo.evaluation.results import columns_page

if __name__ == "__main__":
    path = Path(__file__).with_name("results_columns.md")
    path.write_text(columns_page(), encoding="utf-8")
    print(path)
