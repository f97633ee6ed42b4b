"""A house's words: the names that faces can bear, what is above each, what it counts as, and its keyword.

A label is what a group of faces bears: a name, or several, ``"sad; tired"``. Some names are under others; a path
says so too: ``"upset/sad"``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fecemo.data.classes import class_of, emotion_of
from fecemo.errors import InputError, nearest

PLACE = "{}"
"""In a wording, where the name goes."""
AND, UNDER = "; ", "/"
"""Between the names of a label, and between the names of a path, the widest first."""
BORDERS = ("|", UNDER, AND)
"""Of levels for Lightroom and darktable, of levels for digiKam, and of keywords in a CSV for ExifTool."""
NOTHING = "-"
"""As a keyword: none. As what a name counts as: no class."""
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold: control characters, and halves of surrogate pairs."""


@dataclass(frozen=True)
class Name:
    """What a house says of a name; every field can be left out."""

    #: The name above it, such as ``"upset"`` above ``"sad"``; or several, ``"upset; tearful"``.
    under: str = ""
    #: The class as which its faces are scored. Without it, a name that is a class counts as that class, any other as
    #: the name above it; `NOTHING` counts as none.
    counts_as: str = ""
    words: tuple[str, ...] = ()  #: By which a search finds it too.
    keyword: str = ""  #: What it is called in keywords; `NOTHING` for no keyword, by default the name.

    @property
    def parents(self) -> tuple[str, ...]:
        """Tuple of str: The names directly above it."""
        return tuple(parent.strip() for parent in self.under.split(AND.strip())) if self.under else ()


@dataclass(frozen=True)
class Term:
    """A keyword."""

    #: From the widest term on, such as ``("fecemo", "shows", "happy")``; one for each name directly above.
    paths: tuple[tuple[str, ...], ...]
    subject: str  #: The keyword by itself, such as ``"shows: happy"``.


@dataclass(frozen=True)
class Vocabulary:
    """A house's names, and how keywords are made of names.

    A file of it is YAML:

        prefix: [archive, expression]      # the widest terms of every keyword; by default: [fecemo, shows]
        wording: "expression: {}"          # the keyword by itself; by default: "shows: {}"
        names:
          upset: {}
          sad: {under: upset, keyword: grief}                      # archive|expression|upset|grief
          cross: {under: upset, counts_as: anger, words: [mad]}
          neutral: {keyword: "-"}                                  # no keyword

    or a table, CSV, with the columns ``name,under,counts_as,words,keyword``, of which the first alone is needed; words
    are separated by ``;``, and so are several names in ``under``, here as in YAML.
    """

    prefix: tuple[str, ...] = ("fecemo", "shows")
    #: With `PLACE` where the keyword of the name goes. It says what a face shows, never what a person feels.
    wording: str = f"shows: {PLACE}"
    names: dict[str, Name] = field(default_factory=dict)  #: A name above others need not be listed itself.

    def __post_init__(self) -> None:
        if PLACE not in self.wording:
            raise ValueError(f"wording: {self.wording!r} has no {PLACE}, where the name goes")
        keywords = (entry.keyword for entry in self.names.values() if entry.keyword)
        for text in (self.wording, *self.prefix, *keywords):
            _require_keyword(text)
        for name, entry in self.names.items():
            for text in (name, *entry.parents):
                if text != text.strip() or any(border in text for border in (UNDER, ";", "\n")) or not text:
                    raise ValueError(f"names: {text!r} is no name: it is empty, or has a blank at an end, {UNDER!r}, "
                                     "';' or a line end")
        for name in self.names:
            self._require_end((name,))

    def _require_end(self, path: tuple[str, ...]) -> None:
        """Raise `ValueError` where what is above the first name of a path is below it too."""
        for above in self.names.get(path[0], Name()).parents:
            if above in path:
                raise ValueError(f"names: {UNDER.join((above, *path))} are under each other")
            self._require_end((above, *path))

    @property
    def known(self) -> tuple[str, ...]:
        """Tuple of str: All names, those above others too."""
        return tuple(dict.fromkeys(text for name, entry in self.names.items() for text in (*entry.parents, name)))

    def parents(self, name: str) -> tuple[str, ...]:
        """Return the names directly above one."""
        return self.names.get(name, Name()).parents

    def paths(self, name: str) -> tuple[tuple[str, ...], ...]:
        """Return the ways to a name from the widest name on, itself last; several where several names are above."""
        return tuple((*path, name) for parent in self.parents(name) for path in self.paths(parent)) or ((name,),)

    def above(self, name: str) -> tuple[str, ...]:
        """Return the names above one, each once, none before what is above it."""
        return tuple(dict.fromkeys(text for parent in self.parents(name) for text in (*self.above(parent), parent)))

    def held_by(self, label: str) -> tuple[str, ...]:
        """Return the names of a label and all above them, each once, the widest first."""
        return tuple(dict.fromkeys(text for name in names_of(label) for text in (*self.above(name), name)))

    def counted_as(self, label: str, classes: Sequence[str]) -> tuple[str, ...]:
        """Return the classes as which the names of a label count, each once; faces are scored by the first."""
        return tuple(dict.fromkeys(filter(None, (self._class_of(name, classes) for name in names_of(label)))))

    def _class_of(self, name: str, classes: Sequence[str]) -> str:
        nearest_first = [name]
        for text in nearest_first:
            nearest_first += [parent for parent in self.parents(text) if parent not in nearest_first]
            if stated := self.names.get(text, Name()).counts_as:
                return (class_of(stated, classes) or "") if stated != NOTHING else ""
            if (meant := class_of(text, classes)) is not None:
                return meant
        return ""

    def require_counted(self, classes: Sequence[str]) -> None:
        """Raise `InputError` for a name that counts as what is no class, and no usual emotion either."""
        for name, entry in self.names.items():
            stated = entry.counts_as
            if stated not in ("", NOTHING) and class_of(stated, classes) is None and emotion_of(stated) is None:
                raise InputError(f"names: {name}: counts_as: {stated!r} is no class: {nearest(stated, classes)}")

    def spelled(self, text: str, classes: Sequence[str] = ()) -> str | None:
        """Return the name or class that a spelling means, by its further words too; None where it means none."""
        known = (*classes, *(name for name in self.known if name not in classes))
        if (name := class_of(text, known)) is not None:
            return name
        folded = text.strip().casefold()
        return next((name for name, entry in self.names.items()
                     if folded in (word.casefold() for word in entry.words)), None)

    def read_label(self, text: str, classes: Sequence[str]) -> tuple[str, "Vocabulary"]:
        """Return a label as it is stored, and the vocabulary with what its paths say besides.

        A path may have names above that nobody listed; its last name must be a class or be known, so that what is
        misspelt does not become a name of its own. Raises `InputError` for an unknown name, naming the nearest, and for
        a path that contradicts the vocabulary.
        """
        if (name := self.spelled(text, classes)) is not None:
            return name, self
        vocabulary, names = self, []
        for part in text.split(AND.strip()):
            name = vocabulary.spelled(part, classes)
            if name is None and UNDER in part:
                *above, last = (level.strip() for level in part.split(UNDER))
                name = vocabulary.spelled(last, classes)
                if name is not None:
                    for wide, narrow in zip(above, [*above[1:], name], strict=True):
                        vocabulary = vocabulary.with_name(narrow, wide)
                part = last
            if name is None:
                unknown = f"{part.strip()!r} is unknown; " if part.strip() != text.strip() else ""
                raise InputError(unknown + nearest(part.strip(), {*classes, *vocabulary.known}))
            names.append(name)
        return AND.join(dict.fromkeys(names)), vocabulary

    def with_name(self, name: str, under: str = "") -> "Vocabulary":
        """Return the vocabulary with one name more, or with a name that is known under another.

        Raises `InputError` if it is under another, or cannot be a name.
        """
        entry = self.names.get(name, Name())
        if under and entry.parents and under not in entry.parents:
            raise InputError(f"{name!r} is under {entry.under!r} already; if it is to be under {under!r} too, "
                             f"write '{AND.join((*entry.parents, under))}' into the vocabulary, in its column under")
        try:
            return replace(self, names={**self.names, name: replace(entry, under=entry.under or under)})
        except ValueError as error:
            raise InputError(str(error)) from error

    def over(self, other: "Vocabulary") -> "Vocabulary":
        """Return both; where they differ, this one holds. Prefix and wording are this one's unless they are usual."""
        usual = Vocabulary()
        try:
            return Vocabulary(self.prefix if self.prefix != usual.prefix else other.prefix,
                              self.wording if self.wording != usual.wording else other.wording,
                              {**other.names, **self.names})
        except ValueError as error:
            raise InputError(f"two vocabularies contradict each other: {error}") from error

    def term(self, name: str) -> Term | None:
        """Return the keyword of a name, or None where it is to have none.

        Raises `InputError` if the name cannot be a keyword.
        """
        keywords = {level: self.names.get(level, Name()).keyword or level for level in (*self.above(name), name)}
        if keywords[name] == NOTHING:
            return None
        try:
            for keyword in keywords.values():
                if keyword != NOTHING:
                    _require_keyword(keyword)
        except ValueError as error:
            raise InputError(f"the name {name!r}: {error}; give it another keyword in a vocabulary file") from error
        paths = dict.fromkeys((*self.prefix, *(keywords[level] for level in path if keywords[level] != NOTHING))
                              for path in self.paths(name))
        return Term(tuple(paths), self.wording.replace(PLACE, keywords[name]))


def names_of(label: str) -> tuple[str, ...]:
    """Return the names of a label."""
    return tuple(label.split(AND)) if label else ()


def with_also(label: str, name: str) -> str:
    """Return a label with a further name; without it where it has it already, unless that is all that it has."""
    names = names_of(label)
    return AND.join([known for known in names if known != name] or names) if name in names else AND.join([*names, name])


def holdings(vocabulary: Vocabulary, labels: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return all names that labels hold, and which holds which.

    Returns
    -------
    names : tuple of str, of length m
    holds : ndarray of shape (len(labels), m), bool
        A label holds its names and all above them. With shares of labels, which add up to 1, ``shares @ holds`` says
        how likely a face shows each name.
    """
    held = [vocabulary.held_by(label) for label in labels]
    names = tuple(dict.fromkeys(name for of_label in held for name in of_label))
    return names, np.array([[name in of_label for name in names] for of_label in held], bool).reshape(len(held), -1)


def by_word(vocabulary: Vocabulary, labels: Sequence[str]) -> Mapping[str, list[int]]:
    """Return the places of the labels that each word means: names and their further words, in small letters.

    A name means all labels that hold it, those of names under it among them.
    """
    words: dict[str, list[int]] = {label.casefold(): [place] for place, label in enumerate(labels)}
    names, holds = holdings(vocabulary, labels)
    spellings: Iterable[tuple[str, str]] = (*((name, name) for name in names), *(
        (word, name) for name in names for word in vocabulary.names.get(name, Name()).words))
    for word, name in spellings:
        places = words.setdefault(word.casefold(), [])
        places += [place for place in np.flatnonzero(holds[:, names.index(name)]).tolist() if place not in places]
    return words


def _require_keyword(text: str) -> None:
    if not text.strip() or "\n" in text:
        raise ValueError(f"{text!r} is no keyword: it is empty or has a line end")
    if border := next((sign for sign in BORDERS if sign in text), ""):
        raise ValueError(f"{text!r} is no keyword: {border!r} divides keywords or their levels")
    if "\r" in text or NO_XML.search(text):
        raise ValueError(f"{text!r} is no keyword: it has a character that XML cannot hold")
