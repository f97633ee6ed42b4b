"""Tables written down: one writer for CSV, JSON, Markdown, LaTeX, HTML and the terminal; equal bytes for equal ones."""

import csv
import io
import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from fecemo.evaluation.escape import csv_text, latex_text, markdown_text, svg_name
from fecemo.evaluation.notes import caption_of
from fecemo.evaluation.printed import DASH, Number
from fecemo.evaluation.results import Results
from fecemo.evaluation.table import Cell, Grid, Table, pivot, tables

if TYPE_CHECKING:
    import jinja2

TABLE_FORMAT = "fecemo.table/2"
COLUMNS_OF_A_FLOAT = 4
"""Figures beside each other in a LaTeX table that fits a column of two; further ones are set below."""


def to_csv(grids: Sequence[Grid]) -> str:
    """Return one table, or its parts one after the other, as CSV in full precision.

    A column a figure, and beside it the ends of its interval, its deviation and so on where some line has them. A
    figure that is not there is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    lines = [line for grid in grids for line in grid.lines]
    names = grids[0].headings[:len(grids[0].table.lines)]
    columns = []
    for place, heading in enumerate(grids[0].headings[len(names):]):
        parts = [part for part in ("low", "high", "deviation", "chance", "n")
                 if any(part in _numbers(cells[place]) for _, cells in lines)]
        columns.append((place, heading, parts))
    writer.writerow([csv_text(name) for name in (*names, *(
        name for _, heading, parts in columns for name in (heading, *(f"{heading}: {part}" for part in parts))))])
    for labels, cells in lines:
        line = [csv_text(label) for label in labels]
        for place, _, parts in columns:
            numbers = _numbers(cells[place])
            line.append(numbers.get("", "" if cells[place].value == (DASH,) else csv_text(cells[place].plain_value)))
            line += [numbers.get(part, "") for part in parts]
        writer.writerow(line)
    return text.getvalue()


def _numbers(cell: Cell) -> dict[str, str]:
    printed = [("", part) for part in cell.value] + [(getattr(part, "column", ""), part) for part in cell.beside]
    return {name: repr(part.value) for name, part in printed if isinstance(part, Number)}


def to_json(grids: Sequence[Grid]) -> str:
    """Return tables as JSON: titles, captions and every cell, with the line of the results behind each number."""
    def parts(cell: Cell) -> dict[str, Any]:
        numbers = [part for part in (*cell.value, *cell.beside) if isinstance(part, Number)]
        return {"text": f"{cell.plain_value} {cell.plain_beside}".strip(), **({"ahead": True} if cell.best else {}),
                "numbers": [{"value": one.value, "file": one.file, "line": one.line, "column": one.column}
                            for one in numbers]}

    document = {"format": TABLE_FORMAT, "tables": [{
        "name": grid.table.name, "title": grid.table.title, "caption": grid.plain_caption,
        "measured_here": not grid.table.published, "headings": grid.headings,
        "lines": [{"names": names, "cells": [parts(cell) for cell in cells]} for names, cells in grid.lines]}
        for grid in grids]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _texts(grid: Grid, plain: Callable[[str], str], mark: Callable[[str], str]) -> list[list[str]]:
    def text(cell: Cell) -> str:
        value = plain(cell.plain_value)
        return f"{mark(value) if cell.best else value} {plain(cell.plain_beside)}".strip()

    return [[*map(plain, names), *map(text, cells)] for names, cells in grid.lines]


def _title(grid: Grid) -> str:
    return grid.table.title + (" (not measured here)" if grid.table.published else "")


def to_markdown(title: str, grids: Sequence[Grid]) -> str:
    """Return tables as Markdown."""
    from tabulate import tabulate

    parts = [f"# {markdown_text(title)}"]
    for grid in grids:
        lines = _texts(grid, markdown_text, lambda text: f"**{text}**")
        aligned = ["left"] * len(grid.table.lines) + ["right"] * (len(grid.headings) - len(grid.table.lines))
        parts += [f"## {markdown_text(_title(grid))}", tabulate(
            lines, [markdown_text(name) for name in grid.headings], "pipe", disable_numparse=True, colalign=aligned),
            markdown_text(grid.plain_caption)]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_text(title: str, grids: Sequence[Grid]) -> str:
    """Return tables for a terminal."""
    from tabulate import tabulate

    parts = [title]
    for place, grid in enumerate(grids):
        aligned = ["left"] * len(grid.table.lines) + ["right"] * (len(grid.headings) - len(grid.table.lines))
        parts += [] if place == 0 else [_title(grid)]
        parts += [tabulate(_texts(grid, str, lambda text: f"*{text}"), grid.headings, "simple", disable_numparse=True,
                           colalign=aligned), textwrap.fill(grid.plain_caption, 100)]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_latex(title: str, grids: Sequence[Grid], *, label: str) -> str:
    """Return tables as LaTeX floats that fit a column, to be read with ``input``; they need ``booktabs`` alone.

    Parameters
    ----------
    title : str
        Of the study; the first caption begins with it.
    grids : sequence of Grid
    label : str
        Of the run: it stands in every label, so that the tables of two runs fit into one document.
    """
    parts = [r"% Needs \usepackage{booktabs}."]
    for place, grid in enumerate(grids):
        caption = (f"{title}. " if place == 0 and len(grids) == 1 else f"{_title(grid)}. ") + grid.plain_caption
        parts.append("\n".join([
            r"\begin{table}[htbp]", r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\caption{{{latex_text(caption)}}}", rf"\label{{tab:{svg_name(label)}-{svg_name(grid.table.name)}}}",
            "\n\\par\\medskip\n".join(_tabulars(grid)), r"\end{table}"]))
    return "\n\n".join(parts) + "\n"


def _tabulars(grid: Grid) -> list[str]:
    """Return a table as one tabular, or as several with the same lines where it has too many columns for one."""
    n_names = len(grid.table.lines)
    n_columns = len(grid.headings) - n_names
    width = COLUMNS_OF_A_FLOAT if n_names == 1 else COLUMNS_OF_A_FLOAT - 1
    tabulars = []
    for start in range(0, n_columns, width):
        places = range(start, min(start + width, n_columns))
        rows = [" & ".join([*(latex_text(name) for name in grid.headings[:n_names]),
                            *(_stacked(grid.headings[n_names + place]) for place in places)]) + r" \\", r"\midrule"]
        before: tuple[str, ...] = ()
        for names, cells in grid.lines:
            first = "" if n_names > 1 and before[:1] == names[:1] else latex_text(names[0])
            shown = [_narrow(first), *(_narrow(latex_text(name)) for name in names[1:])]
            rows.append(" & ".join([*shown, *(_latex_cell(cells[place]) for place in places)]) + r" \\")
            before = names
        columns = "l" * n_names + "r" * len(places)
        tabulars.append("\n".join([rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"\toprule", *rows, r"\bottomrule",
                                   r"\end{tabular}"]))
    return tabulars


def _narrow(name: str, most: int = 22) -> str:
    """Return a name on several lines, so that it leaves room for figures."""
    lines = textwrap.wrap(name, most, break_long_words=False)
    return name if len(lines) < 2 else _stack("l", lines)


def _stack(side: str, lines: Sequence[str]) -> str:
    return rf"\shortstack[{side}]{{" + r"\\".join(lines) + "}"


def _stacked(heading: str) -> str:
    lines = [latex_text(line) for line in textwrap.wrap(heading, 10, break_long_words=False)]
    return lines[0] if len(lines) == 1 else _stack("r", lines)


def _latex_cell(cell: Cell) -> str:
    value = latex_text(cell.plain_value)
    value = rf"\textbf{{{value}}}" if cell.best else value
    if not cell.beside:
        return value
    return rf"\shortstack[r]{{{value}\\{{\scriptsize {latex_text(cell.plain_beside)}}}}}"


def to_html(title: str, grids: Sequence[Grid]) -> str:
    """Return a page with the tables that loads nothing."""
    return environment().get_template("tables.html.jinja").render(title=title, grids=grids)


@cache
def environment() -> "jinja2.Environment":
    """Return the Jinja environment of the templates beside this file; it escapes everything in HTML."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("fecemo.evaluation", "templates"), undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and ".html" in name, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True)


SUFFIXES = ("csv", "json", "md", "tex", "html")


def write_documents(results: Results, documents: Mapping[str, str], *, label: str) -> dict[str, str]:
    """Return the text of every file of some documents, by its name.

    Of each document: its first table as CSV and LaTeX, and all of its tables as JSON, Markdown and HTML. Every further
    table is CSV and LaTeX in ``tables/``.

    Parameters
    ----------
    results : Results
    documents : mapping of str to str
        Their titles, by name.
    label : str
        Of the run, for LaTeX.
    """
    files: dict[str, str] = {}
    for name, title in documents.items():
        first, *further = grids_of(name, results)
        grids = [grid for parts in (first, *further) for grid in parts]
        files |= {f"{name}.csv": to_csv(first), f"{name}.json": to_json(grids), f"{name}.md": to_markdown(title, grids),
                  f"{name}.tex": to_latex(title, first, label=label), f"{name}.html": to_html(title, grids)}
        for parts in further:
            at = f"tables/{parts[0].table.name.removesuffix('-1') if len(parts) > 1 else parts[0].table.name}"
            files |= {f"{at}.csv": to_csv(parts), f"{at}.tex": to_latex(parts[0].table.title, parts, label=label)}
    return files


def grids_of(document: str, results: Results) -> list[list[Grid]]:
    """Return the tables of a document in place, each as its parts; those with nothing to show are left out."""
    return [grids for table in tables(document) if (grids := with_figures(table, results))]


def with_figures(table: Table, results: Results) -> list[Grid]:
    """Return a table in place, with the notes of its caption and the figure that pages show above it."""
    grids = [replace(grid, caption=caption_of(grid, results)) for grid in pivot(table, results)]
    if table.name == "table2-learning":
        from fecemo.evaluation.figures.learning import learning_panels

        return [replace(grid, figure=learning_panels(results)) for grid in grids]
    return grids
