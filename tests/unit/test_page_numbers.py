"""The figures of the pages that report on runs are those of the records beside them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fecemo.evaluation.results import columns_page

DOCS = Path(__file__).parents[2] / "docs"


def numbers_in(record: object) -> Iterator[float]:
    if isinstance(record, dict | list):
        for part in record.values() if isinstance(record, dict) else record:
            yield from numbers_in(part)
    elif isinstance(record, int | float) and not isinstance(record, bool):
        yield float(record)


@pytest.mark.parametrize("page", ["real_faces", "clusters"])
def test_every_figure_of_a_table_is_in_the_record(page):
    record = list(numbers_in(json.loads((DOCS / f"{page}.json").read_text(encoding="utf-8"))))
    known = {f"{abs(value):.{places}f}"[-places - 1:] for value in record for places in (2, 3)}
    lines = [line for line in (DOCS / f"{page}.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    figures = [figure for line in lines for figure in re.findall(r"(?<![\d.])(\.\d{2,3})(?!\d)", line)]
    assert len(figures) > 20
    assert [figure for figure in figures if figure not in known] == []


def test_the_page_of_columns_is_that_of_the_code():
    assert (DOCS / "results_columns.md").read_text(encoding="utf-8") == columns_page(), (
        "run python docs/write_results_columns.py")
