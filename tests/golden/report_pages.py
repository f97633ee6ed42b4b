"""The report of a run made by rule: written, and read as a page."""

from html.parser import HTMLParser
from pathlib import Path

from fecemo.stages.table import run as write_tables

VOID = {"meta", "img", "br", "link", "input", "hr"}


def write_table(recipe: Path, run: Path) -> None:
    write_tables((run,), recipe)


class Page(HTMLParser):
    """Checks that elements nest, and collects what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.data: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.svg_words: list[str] = []
        self._of: dict[str, list[str]] = {}
        self._data: dict[str, str | None] | None = None
        self.feed(text)
        self.close()

    def handle_startendtag(self, tag, attributes):
        self._note(tag, dict(attributes))

    def handle_starttag(self, tag, attributes):
        self._note(tag, dict(attributes))
        if tag not in VOID:
            self.open.append(tag)
            self._of.setdefault(tag, []).append("")
        if tag == "data":
            self._data = dict(attributes)

    def _note(self, tag, attributes):
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "img":
            self.images.append(attributes)
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"
        if tag == "data":
            self._data = None

    def words_of(self, tag):
        """Return the text of each element of a kind."""
        return self._of.get(tag, [])

    def handle_data(self, text):
        for tag in set(self.open):
            self._of[tag][-1] += text
        if "svg" in self.open:
            self.svg_words.append(text)
        if self._data is not None:
            self.data.append((self._data, text))
        elif "style" not in self.open and "svg" not in self.open:
            self.words.append(text)


def text_of(run: Path) -> str:
    return (run / "report.html").read_text(encoding="utf-8")
