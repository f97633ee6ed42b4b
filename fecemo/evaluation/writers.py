"""Tables written down: one writer for CSV, JSON, Markdown, LaTeX, HTML and the terminal; equal bytes for equal ones."""

import csv
import io
import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import jinja2

from fecemo.evaluation.figures.cost import cost_figure
from fecemo.evaluation.figures.learning import learning_panels
from fecemo.evaluation.notes import caption_of
from fecemo.evaluation.printed import (
    DASH,
    Number,
    count,
    csv_text,
    duration,
    latex_text,
    markdown_text,
    share,
    svg_name,
)
from fecemo.evaluation.results import Results
from fecemo.evaluation.table import Cell, Grid, pivot, tables

TABLE_FORMAT = "fecemo.table/2"
COLUMNS_OF_A_FLOAT = 4
"""Figures beside each other in a LaTeX table that fits a column of two; further ones are set below."""


def to_csv(grids: Sequence[Grid]) -> str:
    """Return one table, or its parts one after the other, as CSV in full precision.

    A column a figure, and beside it the ends of its interval, its deviation and so on where some line has them. A
    figure that is not there is empty.
    """
    lines = [(names, [_numbers(cell) for cell in cells]) for grid in grids for names, cells in grid.lines]
    header = [*grids[0].headings[:len(grids[0].table.lines)]]
    columns = []
    for place, heading in enumerate(grids[0].headings[len(header):]):
        for part in ("", "low", "high", "deviation", "chance"):
            if not part or any(part in cells[place] for _, cells in lines):
                columns.append((place, part))
                header.append(f"{heading}: {part}" if part else heading)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(csv_text, header))
    for names, cells in lines:
        writer.writerow([*map(csv_text, names), *(cells[place].get(part, "") for place, part in columns)])
    return text.getvalue()


def _numbers(cell: Cell) -> dict[str, str]:
    """Return what a cell holds by the column of the results, and by ``""`` the value itself."""
    value = {"": csv_text(cell.plain_value)} if cell.value != (DASH,) else {}
    return value | {"" if part in cell.value else part.column: repr(part.value)
                    for part in (*cell.value, *cell.beside) if isinstance(part, Number)}


def to_json(grids: Sequence[Grid]) -> str:
    """Return tables as JSON: titles, captions and every cell, with the line of the results behind each number."""
    def parts(cell: Cell) -> dict[str, Any]:
        return {"text": f"{cell.plain_value} {cell.plain_beside}".strip(), **({"ahead": True} if cell.best else {}),
                "numbers": [{"value": part.value, "file": part.file, "line": part.line, "column": part.column}
                            for part in (*cell.value, *cell.beside) if isinstance(part, Number)]}

    document = {"format": TABLE_FORMAT, "tables": [{
        "name": grid.table.name, "title": grid.table.title, "caption": grid.plain_caption,
        "measured_here": not grid.table.published, "headings": grid.headings,
        "lines": [{"names": names, "cells": [parts(cell) for cell in cells]} for names, cells in grid.lines]}
        for grid in grids]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _title(grid: Grid) -> str:
    return grid.table.title + (" (not measured here)" if grid.table.published else "")


def _tabulate(grid: Grid, style: str, plain: Callable[[str], str], mark: str) -> str:
    """Return a table of text; the best cells are between the two halves of a mark."""
    from tabulate import tabulate

    before, _, after = mark.partition(" ")

    def text(cell: Cell) -> str:
        value = plain(cell.plain_value)
        return f"{before + value + after if cell.best else value} {plain(cell.plain_beside)}".strip()

    n_names = len(grid.table.lines)
    return tabulate([[*map(plain, names), *map(text, cells)] for names, cells in grid.lines],
                    [plain(heading) for heading in grid.headings], style, disable_numparse=True,
                    colalign=["left"] * n_names + ["right"] * (len(grid.headings) - n_names))


def to_markdown(title: str, grids: Sequence[Grid]) -> str:
    """Return tables as Markdown."""
    parts = [f"# {markdown_text(title)}"]
    for grid in grids:
        parts += [f"## {markdown_text(_title(grid))}", _tabulate(grid, "pipe", markdown_text, "** **"),
                  markdown_text(grid.plain_caption)]
    return "\n\n".join(filter(None, parts)) + "\n"


def to_text(title: str, grids: Sequence[Grid]) -> str:
    """Return tables for a terminal."""
    parts = [title]
    for place, grid in enumerate(grids):
        parts += [_title(grid) if place else "", _tabulate(grid, "simple", str, "*"),
                  textwrap.fill(grid.plain_caption, 100)]
    return "\n\n".join(filter(None, parts)) + "\n"


def to_latex(title: str, grids: Sequence[Grid], *, label: str) -> str:
    """Return tables as LaTeX floats that fit a column, to be read with ``input``; they need ``booktabs`` alone.

    Parameters
    ----------
    title : str
        Of the study; the first caption begins with it.
    label : str
        Of the run: it is part of every label, so that the tables of two runs fit into one document.
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
    width = COLUMNS_OF_A_FLOAT if n_names == 1 else COLUMNS_OF_A_FLOAT - 1
    tabulars = []
    for start in range(n_names, len(grid.headings), width):
        headings = grid.headings[start:start + width]
        rows = [[*map(latex_text, grid.headings[:n_names]), *(_stack("r", heading, 10) for heading in headings)]]
        before: tuple[str, ...] = ()
        for names, cells in grid.lines:
            first = "" if n_names > 1 and before[:1] == names[:1] else names[0]
            rows.append([*(_stack("l", name, 22) for name in (first, *names[1:])),
                         *map(_latex_cell, cells[start - n_names:start - n_names + width])])
            before = names
        head, *body = (" & ".join(row) + r" \\" for row in rows)
        tabulars.append("\n".join([
            rf"\begin{{tabular}}{{@{{}}{'l' * n_names}{'r' * len(headings)}@{{}}}}", r"\toprule", head, r"\midrule",
            *body, r"\bottomrule", r"\end{tabular}"]))
    return tabulars


def _stack(side: str, text: str, width: int) -> str:
    """Return text on several lines, so that it leaves room for figures."""
    lines = textwrap.wrap(latex_text(text), width, break_long_words=False)
    return rf"\shortstack[{side}]{{" + r"\\".join(lines) + "}" if len(lines) > 1 else latex_text(text)


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
def environment() -> jinja2.Environment:
    """Return the Jinja environment of the templates beside this file; it escapes everything in HTML."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("fecemo.evaluation", "templates"), undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and ".html" in name, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True)
    templates.globals |= {"count": count, "duration": duration, "share": share, "dash": DASH}
    return templates


def write_documents(results: Results, documents: Mapping[str, str], *, label: str) -> dict[str, str]:
    """Return the text of every file of some documents, by its name.

    Of each document: its first table as CSV and LaTeX, and all of its tables as JSON, Markdown and HTML. Every further
    table is CSV and LaTeX in ``tables/``.

    Parameters
    ----------
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
    """Return the tables of a document in place, each as its parts; those with nothing to show are left out.

    Each has the notes of its caption, and the figure that pages show above it.
    """
    figures = {"table2-learning": learning_panels, "cost-curve": cost_figure}
    if document not in results.grids:
        results.grids[document] = [
            [replace(grid, caption=caption_of(grid, results),
                     figure=figures[table.name](results) if table.name in figures else "") for grid in grids]
            for table in tables(document) if (grids := pivot(table, results))]
    made: list[list[Grid]] = results.grids[document]
    return made
