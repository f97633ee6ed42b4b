"""Table 1 as CSV, Markdown, LaTeX, HTML and plain text: equal bytes for equal scores.

The readable four show three blocks: accuracies in the study's layout, what stands beside each figure (what it cost and
what chance gives), and the published figures. The CSV has a row a cell and block, in full precision.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from fecemo.evaluation.table import ComparisonTable
from fecemo.evaluation.table_numbers import DASH, Cited, cite, share

if TYPE_CHECKING:
    import jinja2
    import pandas

CSV_FIELDS = {
    "accuracy": "accuracy", "accuracy_low": "accuracy_interval.low", "accuracy_high": "accuracy_interval.high",
    "balanced_accuracy": "balanced_accuracy", "balanced_accuracy_low": "balanced_accuracy_interval.low",
    "balanced_accuracy_high": "balanced_accuracy_interval.high", "confidence": "confidence", "macro_f1": "macro_f1",
    "cohen_kappa": "cohen_kappa", "chance_uniform": "chance.uniform", "chance_majority": "chance.majority",
    "labels_training": "labels_used.training", "labels_naming": "labels_used.naming",
    "looked_at": "labels_used.looked_at", "method": "method", "n_scored": "n_scored", "score_on": "score_on",
    "abstained": "abstained", "seed": "seed", "seconds": "seconds.total",
}
"""Columns of the CSV, and the field of the score record that each holds."""

SCORED_ON = {"test": "test split", "others": "unused labels"}
METHODS = {"classifier": "classifier", "vote": "vote", "hand": "by hand"}


def to_csv(table: ComparisonTable) -> str:
    """Return the table in long form.

    ``block`` is ``measured`` or ``published``, ``state`` is ``scored``, ``not run`` or ``published``. A cell that has
    not run has a dash for its accuracy; read with ``na_values="—"``.
    """
    import pandas

    lines = []
    for row, column, score in table.cells():
        line: dict[str, Any] = {"block": "measured", "state": "scored" if score else "not run",
                                "approach": row.name, "approach_title": row.title,
                                "variant": column.name, "variant_title": column.title}
        if score is None:
            line["accuracy"] = DASH
        else:
            line |= {name: _plain(score, path) for name, path in CSV_FIELDS.items()}
        lines.append(line)
    for row in table.published_rows:
        for column in table.published_columns:
            assert table.published is not None  # no rows otherwise
            figure = table.published.figure(row.name, column.name)
            lines.append({"block": "published", "state": "published", "approach": row.name, "approach_title": row.title,
                          "variant": column.name, "variant_title": column.title,
                          "accuracy": DASH if figure is None else repr(figure), "source": str(table.published.source)})
    columns = ["block", "state", "approach", "approach_title", "variant", "variant_title", *CSV_FIELDS, "source"]
    return str(pandas.DataFrame(lines, columns=columns).to_csv(index=False, lineterminator="\n"))


def _plain(score: Any, path: str) -> str:
    for name in path.split("."):
        score = getattr(score, name)
    return score if isinstance(score, str) else repr(score)


def main_grid(table: ComparisonTable) -> "pandas.DataFrame":
    """Return the first block as text: accuracy with its interval, a row an approach, a column a variant."""
    return _grid("", table.rows, table.columns, lambda row, column: _accuracy(table.score(row, column)))


def _accuracy(score: Any) -> str:
    if score is None:
        return DASH
    low, high = score.accuracy_interval.low, score.accuracy_interval.high
    return f"{share(score.accuracy, 4)} [{share(low)}, {share(high)}]"


def published_grid(table: ComparisonTable) -> "pandas.DataFrame":
    """Return the published block as text."""
    published = table.published

    def cell(row: Any, column: Any) -> str:
        figure = published.figure(row.name, column.name) if published else None
        return DASH if figure is None else share(figure, 4)

    return _grid("", table.published_rows, table.published_columns, cell)


def _grid(corner: str, rows: Any, columns: Any, cell: Any) -> "pandas.DataFrame":
    import pandas

    lines = [[row.title, *(cell(row, column) for column in columns)] for row in rows]
    return pandas.DataFrame(lines, columns=[corner, *(column.title for column in columns)])


def beside_headings(table: ComparisonTable) -> dict[str, str]:
    """Return the headings of what stands beside each figure, and the field of the record that each column shows."""
    return {
        "Accuracy": "accuracy", table.confidence: "accuracy_interval", "Balanced acc.": "balanced_accuracy",
        "Uniform chance": "chance.uniform", "Majority chance": "chance.majority",
        "Labels: training": "labels_used.training", "Labels: naming": "labels_used.naming",
        "Emotion by": "method", "Faces scored": "n_scored", "Scored on": "score_on", "Seed": "seed",
        "Time": "seconds.total",
    }


def beside_cell(score: Any, field: str) -> tuple[str | Cited, ...]:
    """Return what one column of the second block shows of one score: words, and numbers with their origin."""
    if score is None:
        return (DASH,)
    if field == "accuracy_interval":
        return ("[", cite(score, f"{field}.low"), ", ", cite(score, f"{field}.high"), "]")
    if field == "method":
        return (METHODS.get(score.method, score.method),)
    if field == "score_on":
        return (SCORED_ON.get(score.score_on, score.score_on),)
    return (cite(score, field, 4 if field == "accuracy" else 3),)


def beside_grid(table: ComparisonTable) -> "pandas.DataFrame":
    """Return the second block as text: a row a cell."""
    import pandas

    headings = beside_headings(table)
    lines = [[row.title, column.title, *("".join(str(part) for part in beside_cell(score, field))
                                         for field in headings.values())]
             for row, column, score in table.cells()]
    return pandas.DataFrame(lines, columns=["Approach", "Images", *headings])


def to_markdown(table: ComparisonTable) -> str:
    """Return the three blocks as Markdown."""
    return _template("table1.md.jinja").render(
        table=table, notes=[*notes(table), *chance_note(table)], grid=_pipes(main_grid(table)),
        beside=_pipes(beside_grid(table)), published=_pipes(published_grid(table)) if table.published else "")


def _pipes(frame: "pandas.DataFrame") -> str:
    aligned = ["left", *["right"] * (frame.shape[1] - 1)]
    return str(frame.to_markdown(index=False, tablefmt="pipe", disable_numparse=True, colalign=aligned))


def to_text(table: ComparisonTable) -> str:
    """Return the first and last block for a terminal."""
    def lines(frame: "pandas.DataFrame") -> str:
        aligned = ["left", *["right"] * (frame.shape[1] - 1)]
        return str(frame.to_markdown(index=False, tablefmt="simple", disable_numparse=True, colalign=aligned))

    return _template("table1.txt.jinja").render(
        table=table, notes=[*notes(table), *chance_note(table)], grid=lines(main_grid(table)),
        published=lines(published_grid(table)) if table.published else "")


def to_latex(table: ComparisonTable) -> str:
    """Return the three blocks as LaTeX tables, to be read with ``input``; they need ``booktabs``."""
    return _template("table1.tex.jinja").render(
        table=table, notes=[_tex(note) for note in (*notes(table), *chance_note(table))], title=_tex(table.title),
        tex=_tex,
        grid=_tabular(main_grid(table)), beside=_tabular(_narrow(beside_grid(table)), words=2),
        published=_tabular(published_grid(table)) if table.published else "")


def _tabular(frame: "pandas.DataFrame", words: int = 1) -> str:
    # The dash of a cell that has not run, percent signs and the like are the only special characters there are.
    frame = frame.map(_tex).rename(columns=lambda heading: _stacked(_tex(heading)))
    columns = "l" * words + "r" * (frame.shape[1] - words)
    return str(frame.style.hide(axis="index").to_latex(hrules=True, column_format=columns)).strip()


def _narrow(frame: "pandas.DataFrame") -> "pandas.DataFrame":
    """Return the second block with each approach's title on the first of its lines only."""
    return frame.assign(Approach=frame["Approach"].where(~frame["Approach"].duplicated(), ""))


def _stacked(heading: str) -> str:
    """Return a heading of several words on two lines, so that its column is no wider than its figures."""
    first, space, rest = heading.rpartition(" ")
    return rf"\shortstack[r]{{{first}\\{rest}}}" if space else heading


def _tex(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
               "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", DASH: "---", "–": "--",
               "×": r"$\times$"}
    return "".join(special.get(character, character) for character in text)


def to_html(table: ComparisonTable) -> str:
    """Return a page with the three blocks that stands alone and loads nothing."""
    return _template("table1.html.jinja").render(
        table=table, notes=notes(table), beside_headings=beside_headings(table), beside_cell=beside_cell, cite=cite,
        share=share, dash=DASH)


def notes(table: ComparisonTable) -> list[str]:
    """Return what a reader must know beside the figures, in whole sentences that hold for this very table."""
    said = []
    resamples = sorted({score.bootstrap for score in table.scores.values()})
    if resamples:
        drawn = " or ".join(f"{number:,}" for number in resamples)
        said.append(f"Accuracy, with the {table.confidence} from {drawn} bootstrap resamples of the scored faces.")
    if any(score.method == "vote" for score in table.scores.values()):
        said.append("Clusters got their names by a vote of a labelled naming sample, which is not scored.")
    if any(score.method == "hand" for score in table.scores.values()):
        said.append("Clusters got their names from a person who looked at unlabelled faces.")
    if any(score.abstained for score in table.scores.values()):
        said.append("A face in a cluster without an emotion counts as wrong.")
    if any(score is None for _, _, score in table.cells()):
        said.append(f"{DASH}: this cell has not run.")
    return said


def chance_note(table: ComparisonTable) -> list[str]:
    """Return what guessing gives on the scored faces, in one sentence, or nothing where no cell has run."""
    def span(values: set[float]) -> str:
        return " to ".join(dict.fromkeys(share(value) for value in (min(values), max(values))))

    if not table.scores:
        return []
    uniform = span({score.chance.uniform for score in table.scores.values()})
    majority = span({score.chance.majority for score in table.scores.values()})
    return [f"Guessing gives {uniform} (uniform) and {majority} (always the most frequent emotion)."]


@cache
def environment() -> "jinja2.Environment":
    """Return the Jinja environment of the templates beside this file; it escapes everything in HTML."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("fecemo.evaluation", "templates"), undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and ".html" in name, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True)


def _template(name: str) -> "jinja2.Template":
    return environment().get_template(name)
