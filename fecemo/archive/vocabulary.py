"""A house's own words: from the names that a run gives to the keywords that an archive uses."""

from dataclasses import dataclass, field
from pathlib import Path

from fecemo.archive.xmp import is_xml
from fecemo.data.documents import build, read_yaml
from fecemo.errors import InputError

PLACE = "{}"
"""In a wording, where the name goes."""
BORDERS = ("|", "/", "; ")
"""Of levels for Lightroom and darktable, of levels for digiKam, and of keywords in a CSV for ExifTool."""


@dataclass(frozen=True)
class Term:
    """A keyword.

    Parameters
    ----------
    levels : tuple of str
        From the widest term on, such as ``("fecemo", "shows", "happy")``.
    subject : str
        The keyword by itself, such as ``"shows: happy"``.
    """

    levels: tuple[str, ...]
    subject: str


@dataclass(frozen=True)
class Vocabulary:
    """Which keywords a name becomes.

    A file of it is YAML:

        prefix: [archive, expression]      # the widest terms of every keyword; by default: [fecemo, shows]
        wording: "expression: {}"          # the keyword by itself; by default: "shows: {}"
        terms:
          happy: [joy]                     # archive|expression|joy
          sad: [upset, sadness]            # archive|expression|upset|sadness
          neutral: []                      # no keyword

    A name that ``terms`` does not have is its own term.

    Parameters
    ----------
    prefix : tuple of str
    wording : str
        With `PLACE` where the name of the last level goes. It says what a face shows, never what a person feels.
    terms : dict of str to tuple of str
    """

    prefix: tuple[str, ...] = ("fecemo", "shows")
    wording: str = f"shows: {PLACE}"
    terms: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if PLACE not in self.wording:
            raise ValueError(f"wording: {self.wording!r} has no {PLACE}, where the name goes")
        for text in (self.wording, *self.prefix, *(level for levels in self.terms.values() for level in levels)):
            _require_keyword(text)

    def term(self, name: str) -> Term | None:
        """Return the keyword of a name, or None where it is to have none.

        Raises
        ------
        InputError
            If the name cannot be a keyword.
        """
        levels = self.terms.get(name, (name,))
        if not levels:
            return None
        try:
            _require_keyword(levels[-1])
        except ValueError as error:
            raise InputError(f"the name {name!r}: {error}; give it another term in a vocabulary file") from error
        return Term((*self.prefix, *levels), self.wording.replace(PLACE, levels[-1]))


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary. Raises `InputError` for a file that is none; the key is named."""
    return build(Vocabulary, read_yaml(path), str(path))


def _require_keyword(text: str) -> None:
    if not text.strip() or "\n" in text:
        raise ValueError(f"{text!r} is no keyword: it is empty or has a line end")
    if border := next((sign for sign in BORDERS if sign in text), ""):
        raise ValueError(f"{text!r} is no keyword: {border!r} divides keywords or their levels")
    if "\r" in text or not is_xml(text):
        raise ValueError(f"{text!r} is no keyword: it has a character that XML cannot hold")
