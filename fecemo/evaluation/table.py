"""Tables as data: each is a pivot of the results, one small file in ``tables/``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fecemo.errors import InputError
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.printed import DASH, Part, known, number
from fecemo.evaluation.results import COLUMNS, DIFFERENCE_COLUMNS, Results
from fecemo.registry import entries

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Figure:
    """A figure of a table: one column of it, or several.

    Parameters
    ----------
    metric : str
        Of the results.
    heading : str
        Of the column; with ``over``, what is put before each column's own heading.
    over : str
        A column of the results, or ``"answer"``, each of whose values has a column of the table.
    where : str
        A query of the results, beside the table's.
    column : str
        The column of the results that is printed.
    beside : {"interval", "deviation", "chance", ""}
        What is printed smaller beside it. An interval gives way to the deviation where there is none.
    places : int
        Decimals of a share.
    kind : {"share", "count", "seconds", "text"}
    mark : bool
        Whether the best of each column is marked, if it is ahead of all others.
    """

    metric: str
    heading: str = ""
    over: str = ""
    where: str = ""
    column: str = "value"
    beside: str = "interval"
    places: int = 3
    kind: str = "share"
    mark: bool = False


@dataclass(frozen=True)
class Table:
    """A pivot of the results.

    Parameters
    ----------
    name : str
        Its files' name, its anchor and its label.
    title : str
    lines : tuple of str
        Columns of the results whose values name the lines. ``"given"`` is the supervision as a heading.
    figures : tuple of Figure
    caption : str
        What holds for every run.
    notes : tuple of str
        Names of further sentences that are made of this very run; see `fecemo.evaluation.notes`.
    where : str
        A query of the results that selects the rows.
    document : {"table1", "table2", "run", "side_by_side"}
        The document to which it belongs.
    order : int
        Of the tables of a document, from the first.
    headings : tuple of str
        Of the columns that name the lines.
    differences : bool
        Whether it is a pivot of the differences.
    published : bool
        Whether its figures are others', and not measured here.
    split : str
        A column of the results: each of its values has a table of its own, where there are several.
    """

    name: str
    title: str
    lines: tuple[str, ...]
    figures: tuple[Figure, ...]
    caption: str = ""
    notes: tuple[str, ...] = ()
    where: str = ""
    document: str = "table1"
    order: int = 100
    headings: tuple[str, ...] = ("Approach", "Images")
    differences: bool = False
    published: bool = False
    split: str = ""

    def __post_init__(self) -> None:
        known = {*(DIFFERENCE_COLUMNS if self.differences else COLUMNS), *DERIVED}
        for name in (*self.lines, *(figure.over for figure in self.figures if figure.over)):
            if name not in known:
                raise ValueError(f"table {self.name}: the results have no column {name!r}; they are: "
                                 f"{', '.join(sorted(known))}")
        if len(self.headings) != len(self.lines):
            raise ValueError(f"table {self.name}: {len(self.headings)} headings for {len(self.lines)} columns that "
                             "name its lines")


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    value : tuple of (str or Number)
        Printed one after another.
    beside : tuple of (str or Number)
        Printed smaller.
    best : bool
        Whether it is ahead of all others of its column.
    verdict : float or None
        Of an accuracy, how it compares with guessing.
    anchor : str
        Where a report tells more.
    """

    value: tuple[Part, ...] = (DASH,)
    beside: tuple[Part, ...] = ()
    best: bool = False
    verdict: float | None = None
    anchor: str = ""

    @property
    def plain_value(self) -> str:
        """str: The value as text."""
        return "".join(map(str, self.value))

    @property
    def plain_beside(self) -> str:
        """str: What is beside it as text."""
        return "".join(map(str, self.beside))


EMPTY = Cell()


@dataclass(frozen=True)
class Grid:
    """A table with its figures in place.

    Parameters
    ----------
    table : Table
    headings : tuple of str
    lines : tuple of (tuple of str, tuple of Cell)
        The names of each line, and its cells.
    selected : DataFrame
        The rows of the results that it was made of, each with its ``line``.
    caption : tuple of (str or Number)
    figure : str
        An SVG element that pages show above it.
    """

    table: Table
    headings: tuple[str, ...]
    lines: tuple[tuple[tuple[str, ...], tuple[Cell, ...]], ...]
    selected: "pandas.DataFrame" = field(repr=False, compare=False)
    caption: tuple[Part, ...] = ()
    figure: str = ""

    @property
    def plain_caption(self) -> str:
        """str: The caption as text."""
        return "".join(map(str, self.caption)).strip()


def tables(document: str = "") -> list[Table]:
    """Return every table, or those of one document, in the order in which they are read.

    A cell metric with columns to print has a table by itself.
    """
    known = [*entries("fecemo.evaluation.tables", "TABLE").values(), *(
        Table(name=name, title=metric.title, lines=("title", "variant_title"), caption=metric.caption,
              where=f"stage == '{name}' and setting == ''", order=200,
              figures=tuple(Figure(f"{name}.{path}", heading, beside="", kind=kind_of(path))
                            for heading, path in metric.columns.items()))
        for name, metric in cell_metrics().items() if metric.columns)]
    return sorted((table for table in known if document in ("", table.document)), key=lambda one: one.order)


def kind_of(path: str) -> str:
    """Return how a cell metric's figure is printed: counts of faces, labels and columns as such."""
    return "count" if path in ("labels", "n_scored", "n_faces", "competitors") else "share"


DERIVED: dict[str, Callable[["pandas.DataFrame"], "pandas.Series"]] = {
    "given": lambda frame: frame["supervision"].str[:1].str.upper() + frame["supervision"].str[1:],
    "answer": lambda frame: frame.apply(_answer, axis=1).astype(str) if len(frame) else frame["naming"],
    "curve": lambda frame: frame["title"] + ": " + frame["unit"],
    "amount_words": lambda frame: frame.apply(_amount, axis=1).astype(str) if len(frame) else frame["unit"],
    "compared": lambda frame: frame.apply(_compared, axis=1).astype(str) if len(frame) else frame["title"],
    "on": lambda frame: frame["variant_title"].add(" faces").where(frame["against"] == "variant", frame["title"]),
    "titled": lambda frame: _titled(frame),
}
"""Columns that are made of others, by which lines and columns of a table may be named."""


def _answer(row: "pandas.Series") -> str:
    if row["readout"] == "argmax":
        return "Classifier"
    return f"k={row['clusters']}, {row['naming']}" if row["naming"] else f"k={row['clusters']}"


def _amount(row: "pandas.Series") -> str:
    if not known(row["amount"]):
        return DASH
    return f"{row['amount']:,.0f}" if row["state"] == "measured" else f"{row['amount']:g} asked for"


def _compared(row: "pandas.Series") -> str:
    title = "title" if row["against"] == "variant" else "variant_title"
    return f"{row[title]} − {row['other_' + title]}"


def _titled(frame: "pandas.DataFrame") -> "pandas.Series":
    """Return titles of rows, with the variant of their faces where it is not that of most rows."""
    shown = frame.loc[(frame["state"] != "published") & (frame["metric"] == "accuracy"), "variant"]
    usual = shown.mode().iloc[0] if len(shown) else ""
    return frame["title"].where(frame["variant"].isin((usual, "")), frame["title"] + ", " + frame["variant_title"])


def pivot(table: Table, results: Results) -> list[Grid]:
    """Return a table's figures in place: a grid, one for each part where it is split, or none with nothing to show."""
    frame = results.differences if table.differences else results.figures
    frame = frame.assign(line=range(len(frame)))
    for name, derive in DERIVED.items():
        if name in _asked(table) and name not in frame:
            frame[name] = derive(frame)
    selected = _query(frame, table.where, table)
    if table.split and selected[table.split].nunique() > 1:
        return [grid for number, part in enumerate(dict.fromkeys(selected[table.split]), 1)
                for grid in pivot(replace(table, split="", name=f"{table.name}-{number}",
                                          title=f"{table.title}: {part}",
                                          where=f"({table.where or 'True'}) and {table.split} == {part!r}"), results)]
    if selected.empty:
        return []
    if "given" in table.lines and "level" in selected:
        words = list(dict.fromkeys(selected["given"]))
        selected = selected.assign(place=selected["given"].map(words.index)).sort_values(["level", "place"],
                                                                                         kind="stable")
    lines = list(dict.fromkeys(selected[list(table.lines)].itertuples(index=False, name=None)))
    headings: list[str] = []
    columns: list[tuple[Figure, dict[tuple[str, ...], Any]]] = []
    for figure in table.figures:
        for heading, rows in _columns(figure, selected, table):
            headings.append(heading)
            columns.append((figure, {tuple(row[name] for name in table.lines): row for row in rows}))
    if not any(known(row["value"]) for _, rows in columns for row in rows.values()) and table.order >= 100:
        return []
    file = "differences.csv" if table.differences else "results.csv"
    leaders = [_leader(figure, rows, results, differences=table.differences) for figure, rows in columns]
    cells = tuple((tuple(map(str, line)), tuple(
        _cell(figure, rows.get(line), file, best=line in best, results=results)
        for (figure, rows), best in zip(columns, leaders, strict=True))) for line in lines)
    return [Grid(table, (*table.headings, *headings), cells, selected, (table.caption,) if table.caption else ())]


def _asked(table: Table) -> set[str]:
    return {*table.lines, *(figure.over for figure in table.figures)}


def _query(frame: "pandas.DataFrame", where: str, table: Table) -> "pandas.DataFrame":
    import pandas

    try:
        return frame.query(where, engine="python") if where else frame
    except (pandas.errors.UndefinedVariableError, SyntaxError, ValueError) as error:
        raise InputError(f"table {table.name}: where {where!r} is no query of the results: {error}") from error


def _columns(figure: Figure, selected: "pandas.DataFrame", table: Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the heading and the rows of each column of a figure; a mean over seeds stands for its seeds."""
    rows = _query(selected[selected["metric"] == figure.metric], figure.where, table)
    if not table.differences:
        rows = _over_seeds(rows)
    heading = figure.heading or figure.metric
    if not figure.over:
        if len(rows) or table.order < 100:
            yield heading, _records(rows)
        return
    values = dict.fromkeys(rows[figure.over])
    if figure.over == "answer":
        first = rows.drop_duplicates("answer").assign(last=lambda it: it["readout"] == "argmax")
        names = {naming: at for at, naming in enumerate(dict.fromkeys(first["naming"]))}
        values = dict.fromkeys(first.assign(at=first["naming"].map(names)).sort_values(
            ["last", "at", "clusters"], kind="stable")["answer"])
    for value in values:
        name = f"{figure.heading}, {value}" if figure.heading else str(value)
        yield name, _records(rows[rows[figure.over] == value])


def _records(rows: "pandas.DataFrame") -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _over_seeds(rows: "pandas.DataFrame") -> "pandas.DataFrame":
    """Return rows without those of single seeds of which there is a mean, and else of the first seed alone."""
    key = [name for name in ("run", "row", "variant", "setting", "amount", "stage", "clusters", "naming", "class")
           if name in rows]
    return rows.assign(single=rows["seed"].notna()).sort_values("single", kind="stable").drop_duplicates(
        key).sort_values("line", kind="stable")


def _cell(figure: Figure, row: dict[str, Any] | None, file: str, *, best: bool, results: Results) -> Cell:
    if row is None:
        return EMPTY
    if figure.kind == "text":
        return Cell((str(row[figure.column]) or DASH,))

    def part(column: str) -> Part:
        return number(row, column, kind=figure.kind, places=3, file=file)

    value = number(row, figure.column, kind=figure.kind, places=figure.places, file=file)
    if value == DASH:
        return Cell((DASH,))
    beside: tuple[Part, ...] = ()
    if figure.beside == "interval" and known(row["low"]):
        beside = ("[", part("low"), ", ", part("high"), "]")
    elif figure.beside in ("interval", "deviation") and known(row.get("deviation")):
        beside = ("± ", part("deviation"))
    elif figure.beside == "chance" and known(row["chance"]):
        beside = ("chance ", part("chance"))
    elif figure.beside == "n" and known(row["n"]):
        beside = ("on ", number(row, "n", kind="count", file=file))
    if file == "differences.csv":
        return Cell((value,), beside, best=figure.column == "value" and bool(row["low"] > 0))
    anchor = f"{row['row']}-{row['variant']}" if row["stage"] == "evaluate" else ""
    return Cell((value,), beside, best=best, anchor=anchor,
                verdict=_verdict(row, results) if figure.metric == "accuracy" and beside[:1] == ("[",) else None)


def _verdict(row: dict[str, Any], results: Results) -> float | None:
    figures = results.figures
    found = figures[(figures["metric"] == "verdict") & (figures["row"] == row["row"]) & (figures["run"] == row["run"])
                    & (figures["variant"] == row["variant"]) & (figures["setting"] == row["setting"])]
    return float(found["value"].iloc[0]) if len(found) else None


def _leader(figure: Figure, rows: dict[tuple[str, ...], dict[str, Any]], results: Results, *,
            differences: bool) -> set[tuple[str, ...]]:
    """Return the line of the best of a column if it is ahead of every other; empty where none is."""
    ran = {line: row for line, row in rows.items() if known(row["value"])}
    if not figure.mark or differences or len(ran) < 2:
        return set()
    best = max(ran, key=lambda line: ran[line]["value"])
    return {best} if all(is_ahead(ran[best], row, results) for line, row in ran.items() if line != best) else set()


def is_ahead(a: dict[str, Any], b: dict[str, Any], results: Results) -> bool:
    """Tell whether one row of the results is better than another by more than chance explains.

    The interval of the paired difference decides where there is one; else A's own interval must lie above B's. Where
    both ran with several seeds, the worst seed of A must be better than the best of B too.
    """
    if a["stage"] == "evaluate" and known(a["deviation"]) and known(b["deviation"]):
        worst, best = _of_seeds(a, results).min(), _of_seeds(b, results).max()
        if not worst > best:
            return False
    difference = difference_of(a, b, results)
    if difference is not None:
        return bool(difference["low"] > 0)
    return bool(a["low"] > b["high"])


def _of_seeds(row: dict[str, Any], results: Results) -> "pandas.Series":
    figures = results.figures
    return figures[(figures["stage"] == "evaluate") & (figures["row"] == row["row"]) & figures["seed"].notna()
                   & (figures["variant"] == row["variant"]) & (figures["metric"] == row["metric"])
                   & (figures["setting"] == row["setting"])]["value"]


def difference_of(a: dict[str, Any], b: dict[str, Any], results: Results) -> dict[str, Any] | None:
    """Return the row of the differences that compares two rows of the results, or None."""
    frame = results.differences
    stage = "cluster_sweep" if a["stage"] == "cluster_sweep" else "evaluate"
    found = frame[(frame["row"] == a["row"]) & (frame["variant"] == a["variant"]) & (frame["other_row"] == b["row"])
                  & (frame["other_variant"] == b["variant"]) & (frame["metric"] == a["metric"])
                  & (frame["stage"] == stage)]
    if stage == "cluster_sweep":
        found = found[(found["clusters"] == a["clusters"]) & (found["naming"] == a["naming"])]
    return dict(found.iloc[0]) if len(found) else None
