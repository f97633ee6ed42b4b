"""Tables as data: each is a pivot of the results, one small file in ``tables/``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pandas

from fecemo.errors import InputError
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.leaders import Row, leader, rows_like
from fecemo.evaluation.printed import DASH, Part, known, number
from fecemo.evaluation.results import COLUMNS, DIFFERENCE_COLUMNS, DIFFERENCES_NAME, RESULTS_NAME, Results
from fecemo.registry import Registry

Names = tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A figure of a table: one column of it, or several."""

    metric: str  #: Of the results.
    heading: str = ""  #: Of the column; with ``over``, what is put before each column's heading.
    over: str = ""  #: A column of the results, or of `DERIVED`, each of whose values has a column of the table.
    where: str = ""  #: A query of the results, beside the table's.
    column: str = "value"  #: The column of the results that is printed.
    #: What is printed smaller beside it: ``"interval"``, which gives way to the deviation where there is none,
    #: ``"deviation"``, ``"chance"`` or nothing.
    beside: str = "interval"
    places: int = 3  #: Decimals of a share.
    mark: bool = False  #: Whether the best of each column is marked, if it is ahead of all others.
    counted: bool = False  #: Whether the scored faces are counted beside it, where not all rows have equally many.


@dataclass(frozen=True)
class Table:
    """A pivot of the results."""

    name: str  #: Its files' name, its anchor and its label.
    title: str
    lines: Names  #: Columns of the results, or of `DERIVED`, whose values name the lines.
    figures: tuple[Figure, ...]
    caption: str = ""  #: What holds for every run.
    notes: Names = ()  #: Further sentences that are made of this very run, by name; see `fecemo.evaluation.notes`.
    where: str = ""  #: A query of the results that selects the rows.
    document: str = "table1"  #: To which it belongs: ``"table1"``, ``"table2"`` or ``"side_by_side"``.
    order: int = 100  #: Within its document. From 100 on, a table or column with nothing to show is left out.
    headings: Names = ("Approach", "Images")  #: Of the columns that name the lines.
    differences: bool = False  #: Whether it is a pivot of the differences.
    published: bool = False  #: Whether its figures are others', and not measured here.
    split: str = ""  #: A column of the results: each of its values has a table, where there are several.

    def __post_init__(self) -> None:
        columns = {*(DIFFERENCE_COLUMNS if self.differences else COLUMNS), *DERIVED}
        for name in self.columns:
            if name not in columns:
                raise ValueError(f"table {self.name}: the results have no column {name!r}; they are: "
                                 f"{', '.join(sorted(columns))}")
        if len(self.headings) != len(self.lines):
            raise ValueError(f"table {self.name}: {len(self.headings)} headings for {len(self.lines)} columns that "
                             "name its lines")

    @property
    def columns(self) -> Names:
        """Tuple of str: Columns of the results that name its lines and columns."""
        return (*self.lines, *(figure.over for figure in self.figures if figure.over))


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    value: tuple[Part, ...] = (DASH,)  #: Printed one after another.
    beside: tuple[Part, ...] = ()  #: Printed smaller.
    best: bool = False  #: Whether it is ahead of all others of its column.
    verdict: float | None = None  #: Of an accuracy, how it compares with guessing.
    anchor: str = ""  #: Where a report says more.

    @property
    def plain_value(self) -> str:
        """str: The value as text."""
        return "".join(map(str, self.value))

    @property
    def plain_beside(self) -> str:
        """str: What is beside it as text."""
        return "".join(map(str, self.beside))


@dataclass(frozen=True)
class Grid:
    """A table with its figures in place."""

    table: Table
    headings: Names
    lines: tuple[tuple[Names, tuple[Cell, ...]], ...]  #: The names of each line, and its cells.
    #: The rows of the results that it was made of, each with its ``line``.
    selected: pandas.DataFrame = field(repr=False, compare=False)
    caption: tuple[Part, ...] = ()
    figure: str = ""  #: An SVG element that pages show above it.

    @property
    def plain_caption(self) -> str:
        """str: The caption as text."""
        return "".join(map(str, self.caption)).strip()


_TABLES = Registry[Table]("fecemo.evaluation.tables", "TABLE", "table")


def tables(document: str = "") -> list[Table]:
    """Return every table, or those of one document, in the order in which they are read.

    A cell metric with columns to print has a table by itself.
    """
    of_metrics = [Table(name=name, title=metric.title, lines=("title", "variant_title"), caption=metric.caption,
                        where=f"stage == '{name}' and setting == ''", order=200,
                        figures=tuple(Figure(f"{name}.{path}", heading, beside="")
                                      for heading, path in metric.columns.items()))
                  for name, metric in cell_metrics().items() if metric.columns]
    every = [*_TABLES().values(), *of_metrics]
    return sorted((table for table in every if document in ("", table.document)), key=lambda table: table.order)


def _answer(row: Row) -> str:
    if row["readout"] == "argmax":
        return "Classifier"
    return f"k={row['clusters']}, {row['naming']}" if row["naming"] else f"k={row['clusters']}"


def _amount(row: Row) -> str:
    if not known(row["amount"]):
        return DASH
    return f"{row['amount']:,.0f}" if row["state"] == "measured" else f"{row['amount']:g} asked for"


def _compared(row: Row) -> str:
    title = "title" if row["against"] == "variant" else "variant_title"
    return f"{row[title]} − {row['other_' + title]}"


def _titled(frame: pandas.DataFrame) -> pandas.Series:
    """Return titles of rows, with the variant of their faces where it is not that of most rows."""
    shown = frame.loc[(frame["state"] != "published") & (frame["metric"] == "accuracy"), "variant"]
    usual = shown.mode().iloc[0] if len(shown) else ""
    return frame["title"].where(frame["variant"].isin((usual, "")), frame["title"] + ", " + frame["variant_title"])


def _each(words: Callable[[Row], str]) -> Callable[[pandas.DataFrame], pandas.Series]:
    return lambda frame: frame.apply(words, axis=1).astype(str) if len(frame) else frame["title"]


DERIVED: dict[str, Callable[[pandas.DataFrame], pandas.Series]] = {
    "supervised": lambda frame: frame["supervision"].str[:1].str.upper() + frame["supervision"].str[1:],
    "answer": _each(_answer), "amount_words": _each(_amount), "compared": _each(_compared),
    "curve": lambda frame: frame["title"] + ": " + frame["unit"],
    "on": lambda frame: frame["variant_title"].add(" faces").where(frame["against"] == "variant", frame["title"]),
    "titled": _titled,
}
"""Columns that are made of others, by which lines and columns of a table may be named."""


def pivot(table: Table, results: Results) -> list[Grid]:
    """Return a table's figures in place: a grid, one for each part where it is split, or none with nothing to show."""
    frame = results.differences if table.differences else results.figures
    frame = frame.assign(line=range(len(frame)))
    frame = frame.assign(**{name: DERIVED[name](frame) for name in table.columns if name not in frame})
    selected = _query(frame, table.where, table)
    if table.split and selected[table.split].nunique() > 1:
        parts = [replace(table, split="", name=f"{table.name}-{place}", title=f"{table.title}: {part}",
                         where=f"({table.where or 'True'}) and {table.split} == {part!r}")
                 for place, part in enumerate(dict.fromkeys(selected[table.split]), 1)]
        return [grid for part in parts for grid in pivot(part, results)]
    if selected.empty:
        return []
    if "supervised" in table.lines and "level" in selected:
        words = list(dict.fromkeys(selected["supervised"]))
        selected = selected.assign(place=selected["supervised"].map(words.index)).sort_values(["level", "place"],
                                                                                              kind="stable")
    lines = list(dict.fromkeys(selected[list(table.lines)].itertuples(index=False, name=None)))
    columns = [(figure, heading, _by_line(rows, heading, table))
               for figure in table.figures for heading, rows in _columns(figure, selected, table)]
    if table.order >= 100 and not any(known(row["value"]) for _, _, rows in columns for row in rows.values()):
        return []
    uneven = {figure.metric: rows["n"].nunique() > 1 for figure in table.figures if figure.counted
              for rows in (selected[selected["metric"] == figure.metric],)}
    leaders = [leader(rows, results) if figure.mark else None for figure, _, rows in columns]
    cells = tuple((tuple(map(str, line)), tuple(
        _cell(figure, rows[line], best=line == best, counted=uneven.get(figure.metric, False), table=table,
              results=results) if line in rows else Cell()
        for (figure, _, rows), best in zip(columns, leaders, strict=True))) for line in lines)
    return [Grid(table, (*table.headings, *(heading for _, heading, _ in columns)), cells, selected,
                 (table.caption,) if table.caption else ())]


def _by_line(rows: pandas.DataFrame, heading: str, table: Table) -> dict[Names, Row]:
    """Return the rows of one column by the names of their lines."""
    _refuse_doubled(rows, [*table.lines], heading, table)
    return {tuple(row[name] for name in table.lines): row for row in rows.to_dict("records")}


def _refuse_doubled(rows: pandas.DataFrame, key: list[str], heading: str, table: Table) -> None:
    """Raise `InputError` where two rows of the results would be one cell of a table: one of them would be lost."""
    doubled = rows[rows.duplicated(key, keep=False)]
    if doubled.empty:
        return
    rivals = next(rows for _, rows in doubled.groupby(key, dropna=False, sort=False))
    line = rivals[[*table.lines]].iloc[0]
    unlike = [f"{name} ({', '.join(map(str, rivals[name].unique()))})" for name in COLUMNS
              if name in rivals and name not in ("value", "digest", *key) and rivals[name].nunique(dropna=False) > 1]
    raise InputError(f"table {table.name}: {len(rivals)} rows of the results are {heading or 'the figure'} of "
                     f"{', '.join(map(str, line))}, expected one; they differ in "
                     f"{'; '.join(unlike) or 'nothing that names them'}; choose between them by the table's query, or "
                     "name its lines by what tells them apart")


def _query(frame: pandas.DataFrame, where: str, table: Table) -> pandas.DataFrame:
    try:
        return frame.query(where, engine="python") if where else frame
    except (pandas.errors.UndefinedVariableError, SyntaxError, ValueError) as error:
        raise InputError(f"table {table.name}: where {where!r} is no query of the results: {error}") from error


def _columns(figure: Figure, selected: pandas.DataFrame, table: Table) -> Iterator[tuple[str, pandas.DataFrame]]:
    """Yield the heading and the rows of each column of a figure; a mean over seeds stands for its seeds."""
    rows = _query(selected[selected["metric"] == figure.metric], figure.where, table)
    if not table.differences:
        if figure.over != "class" and (of_all := rows["class"] == "").any():
            rows = rows[of_all]  # a figure of all classes, and not that of the last of them
        key = ["run", "row", "variant", "setting", "amount", "stage", "clusters", "naming", "class"]
        _refuse_doubled(rows, [*key, "seed"], figure.heading or figure.metric, table)
        rows = rows.assign(single=rows["seed"].notna()).sort_values("single", kind="stable").drop_duplicates(
            key).sort_values("line", kind="stable")
    if not figure.over:
        if len(rows) or table.order < 100:
            yield figure.heading or figure.metric, rows
        return
    values = rows[figure.over].drop_duplicates()
    if figure.over == "answer":  # by naming, then by number of clusters, and classifiers last
        first = rows.drop_duplicates("answer").assign(last=lambda answers: answers["readout"] == "argmax")
        names = {naming: place for place, naming in enumerate(dict.fromkeys(first["naming"]))}
        values = first.assign(place=first["naming"].map(names)).sort_values(["last", "place", "clusters"],
                                                                            kind="stable")["answer"]
    for value in values:
        yield f"{figure.heading}, {value}" if figure.heading else str(value), rows[rows[figure.over] == value]


def _cell(figure: Figure, row: Row, *, best: bool, counted: bool, table: Table, results: Results) -> Cell:
    file = DIFFERENCES_NAME if table.differences else RESULTS_NAME
    if isinstance(row[figure.column], str):
        return Cell((row[figure.column] or DASH,))

    def part(column: str) -> Part:
        return number(row, column, file=file)

    value = number(row, figure.column, places=figure.places, file=file)
    if value == DASH:
        return Cell()
    beside: tuple[Part, ...] = ()
    if figure.beside == "interval" and known(row["low"]):
        beside = ("[", part("low"), ", ", part("high"), "]")
    elif figure.beside in ("interval", "deviation") and known(row.get("deviation")):
        beside = ("± ", part("deviation"))
    elif figure.beside == "chance" and known(row["chance"]):
        beside = ("chance ", part("chance"))
    if counted and known(row["n"]):
        beside = (*beside, ", n = " if beside else "n = ", part("n"))
    if table.differences:
        return Cell((value,), beside, best=figure.column == "value" and bool(row["low"] > 0))
    verdict = None
    if figure.metric == "accuracy" and beside[:1] == ("[",):
        verdicts = rows_like(results.figures, row, "run", "row", "variant", "setting", metric="verdict")["value"]
        verdict = float(verdicts.iloc[0]) if len(verdicts) else None
    return Cell((value,), beside, best=best, verdict=verdict,
                anchor=f"{row['row']}-{row['variant']}" if row["stage"] == "evaluate" else "")
