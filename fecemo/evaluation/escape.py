"""Text that people type, made harmless at one place for each language that it enters: LaTeX, Markdown, CSV and ids.

Jinja escapes HTML, and `fecemo.evaluation.figures.svg.as_svg` turns Matplotlib's formulas off.
"""

import re

LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
         "|": r"\textbar{}", '"': r"\textquotedbl{}", "—": "---", "–": "--", "×": r"$\times$", "±": r"$\pm$",
         "−": "$-$", "…": r"\ldots{}", "≥": r"$\geq$", "≤": r"$\leq$", "²": r"\textsuperscript{2}", "\n": " "}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


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
