"""What is printed: numbers, each with the line of the results on which it is found, and text made harmless.

Text that people type is made harmless here for LaTeX, Markdown, CSV and ids. Jinja escapes HTML, and
`fecemo.evaluation.figures.svg.as_svg` turns Matplotlib's formulas off.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

DASH = "—"
"""What is printed where there is no figure."""
LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
         "|": r"\textbar{}", '"': r"\textquotedbl{}", "—": "---", "–": "--", "×": r"$\times$", "±": r"$\pm$",
         "−": "$-$", "…": r"\ldots{}", "≥": r"$\geq$", "≤": r"$\leq$", "²": r"\textsuperscript{2}", "\n": " "}
COUNTS = {"support", "answered", "abstained", "n_scored", "copies_scored", "copies_left_out", "n_faces", "labels",
          "labels_training", "labels_naming", "labels_choosing", "faces_viewed", "names_suggested", "scores_seen",
          "competitors", "length", "used", "neighbours", "unknown", "small_below"}
COUNT_COLUMNS = {"n", "seeds"}
"""Figures, by the last part of their metric's name, and columns of the results that are counts."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def share(value: float, places: int = 3) -> str:
    """Return a share in the manner of the study: ``.1226``, and ``1.000`` where it is all."""
    text = f"{value:.{places}f}"
    if not float(text):
        text = text.removeprefix("-")
    return text.removeprefix("0") if text.startswith("0.") else text.replace("-0.", "-.")


def count(value: float) -> str:
    """Return a count with separated thousands."""
    return f"{round(value):,}"


def duration(seconds: float) -> str:
    """Return seconds in the two largest units that fit: ``"41 s"``, ``"3 min 5 s"``, ``"2 h 10 min"``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True)
class Number:
    """A printed number that says on which line of which file it is found."""

    text: str
    value: float
    line: int  #: Of the file, the first after its heading being 0.
    column: str = "value"
    file: str = "results.csv"  #: Or ``"differences.csv"``.

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        from markupsafe import Markup

        return Markup('<data value="{}" data-file="{}" data-line="{}" data-column="{}">{}</data>').format(
            repr(self.value), self.file, self.line, self.column, self.text)


Part = str | Number
"""What a cell or a sentence is made of."""


def known(value: object) -> bool:
    """Return whether a value of the results is there."""
    import pandas

    return value is not None and not pandas.isna(value)  # type: ignore[call-overload]


def number(row: "Mapping[str, Any] | pandas.Series", column: str = "value", *, places: int = 3,
           file: str = "results.csv") -> Part:
    """Return one number of a row of the results, to be printed; a dash where it is not known."""
    value, metric = row[column], row["metric"].rpartition(".")[2]
    if not known(value):
        return DASH
    if column in COUNT_COLUMNS or (column == "value" and metric in COUNTS):
        return Number(count(value), int(value), int(row["line"]), column, file)
    text = (f"{value:g}" if column == "seed" else "< .001" if column == "p" and value < 0.001 else
            duration(value) if column == "value" and metric.endswith("seconds") else share(value, places))
    return Number(text, float(value), int(row["line"]), column, file)


def latex_text(text: str) -> str:
    """Return text for the inside of a LaTeX document; it opens no command, group or comment."""
    return "".join(LATEX.get(character, character) for character in text)


def markdown_text(text: str) -> str:
    """Return text for one cell of a Markdown table: no column, emphasis, code, link or tag begins in it."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))


def csv_text(text: str) -> str:
    """Return text for a CSV's field: one that a spreadsheet would compute is put behind an apostrophe."""
    formula = text.startswith(FORMULA) or (text[:1] == "'" and text[1:].startswith(("'", *FORMULA)))
    return f"'{text}" if formula else text


def plain_csv_text(text: str) -> str:
    """Return what `csv_text` was given."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(("'", *FORMULA)) else text


def svg_name(text: str) -> str:
    """Return a name for ids within a page: letters, digits, hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text)
