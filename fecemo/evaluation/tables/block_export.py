"""Blocks of a table as Markdown, LaTeX, HTML and plain text: equal bytes for equal blocks."""

import textwrap
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from fecemo.evaluation.records.cited import DASH
from fecemo.evaluation.tables.blocks import Block, Entry

if TYPE_CHECKING:
    import jinja2
    import pandas


def to_markdown(title: str, blocks: Sequence[Block]) -> str:
    """Return the blocks as Markdown."""
    return _template("blocks.md.jinja").render(title=title, blocks=[
        (block, _pipes(as_frame(block, lambda text: f"**{text}**"), block.words)) for block in blocks])


def _pipes(frame: "pandas.DataFrame", words: int, form: str = "pipe") -> str:
    aligned = ["left"] * words + ["right"] * (frame.shape[1] - words)
    return str(frame.to_markdown(index=False, tablefmt=form, disable_numparse=True, colalign=aligned))


def to_text(title: str, blocks: Sequence[Block]) -> str:
    """Return the blocks for a terminal."""
    return _template("blocks.txt.jinja").render(title=title, blocks=[
        (block, _pipes(as_frame(block, lambda text: f"*{text}"), block.words, "simple"),
         textwrap.fill(block.plain_caption, 100)) for block in blocks])


def to_latex(title: str, blocks: Sequence[Block]) -> str:
    """Return the blocks as LaTeX tables, to be read with ``input``; they need ``booktabs`` and ``graphicx``."""
    return _template("blocks.tex.jinja").render(title=_tex(title), tex=_tex, blocks=[
        (block, _tabular(block)) for block in blocks])


def _tabular(block: Block) -> str:
    # The dash of a cell that has not run, percent signs and the like are the only special characters there are.
    frame = as_frame(block, lambda text: rf"\textbf{{{text}}}", _tex)
    if block.words == 2:  # each approach's title on the first of its lines only
        first = frame.columns[0]
        frame = frame.assign(**{first: frame[first].where(~frame[first].duplicated(), "")})
    frame.columns = [_stacked(_tex(heading)) for heading in frame.columns]
    columns = "l" * block.words + "r" * (frame.shape[1] - block.words)
    return str(frame.style.hide(axis="index").to_latex(hrules=True, column_format=columns)).strip()


def _stacked(heading: str) -> str:
    """Return a heading of several words on two lines, so that its column is no wider than its figures."""
    first, space, rest = heading.rpartition(" ")
    return rf"\shortstack[r]{{{first}\\{rest}}}" if space else heading


def _tex(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
               "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", DASH: "---", "–": "--",
               "×": r"$\times$", "±": r"$\pm$", "−": "$-$"}
    return "".join(special.get(character, character) for character in text)


def as_frame(block: Block, mark: Callable[[str], str] = str, plain: Callable[[str], str] = str) -> "pandas.DataFrame":
    """Return a block as text.

    Parameters
    ----------
    block : Block
    mark : callable
        Wraps the values that are ahead of their column.
    plain : callable
        Makes any text fit for where it goes.
    """
    import pandas

    def text(cell: str | Entry) -> str:
        if isinstance(cell, str):
            return plain(cell)
        value = plain(cell.plain_value)
        return f"{mark(value) if cell.best else value} {plain(cell.plain_beside)}".strip()

    headings = [heading if block.words == 2 else heading.replace("Approach", "") for heading in block.headings]
    return pandas.DataFrame([[text(cell) for cell in line] for line in block.lines], columns=headings)


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """Return a page with the blocks that stands alone and loads nothing."""
    return _template("blocks_page.html.jinja").render(title=title, blocks=blocks)


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
