"""Words for expressions: which of the usual emotions a word is near, and what a phrase asks for.

The table was written by ``docs/write_emotion_words.py`` from WordNet 3.1, whose notice is beside it.
"""

import csv
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from fecemo.data.classes import class_of
from fecemo.data.manifests import shipped
from fecemo.data.vocabulary import Vocabulary, by_word
from fecemo.errors import InputError

TABLE_NAME = "words/emotion_words.csv"
EMOTIONS = ("anger", "happy", "sad", "fear", "surprise", "disgust", "contempt", "neutral")
"""Columns of the table."""
NEGATIONS = frozenset(("not", "no", "without", "never", "nor", "neither", "except"))
"""The next word counts against a face."""
PASSED_OVER = frozenset((
    "a", "an", "and", "are", "be", "being", "both", "but", "face", "faces", "feeling", "find", "for", "he", "her",
    "him", "his", "in", "is", "it", "its", "just", "look", "looking", "looks", "man", "me", "men", "of", "on", "or",
    "people", "person", "photo", "photos", "picture", "pictures", "quite", "rather", "really", "she", "show",
    "showing", "shows", "so", "some", "somewhat", "that", "the", "their", "them", "these", "they", "this", "those",
    "to", "too", "very", "was", "were", "who", "with", "woman", "women"))
"""Words of a phrase that ask for nothing."""
CALLED = 0.5
"""Faces are called so by labels that weigh at least this share of the heaviest: "furious" calls for anger, though it
reaches contempt too."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SUFFIXES = (("ies", "y"), ("ied", "y"), ("ness", ""), ("iness", "y"), ("ily", "y"), ("ly", ""), ("ed", "e"),
             ("ed", ""), ("ing", "e"), ("ing", ""), ("es", "e"), ("es", ""), ("s", ""), ("er", "e"), ("er", ""),
             ("est", "e"), ("est", ""))
"""What is taken off a word that the table does not have, and what is put in its place: WordNet's rules and a few."""


@dataclass(frozen=True)
class QueryWord:
    """A word of a phrase."""

    word: str  #: As it was written.
    known: str  #: What it was taken for: a name, or a word of the table.
    weight: float  #: 1, or -1 behind a negation.


@dataclass(frozen=True)
class Query:
    """What a phrase asks for."""

    #: Of shape (c,), float64. Of each class: a face's score is the sum of its shares of the classes by these.
    weights: np.ndarray
    words: tuple[QueryWord, ...]
    unknown: dict[str, tuple[str, ...]]  #: Words that reach no emotion, and the nearest known ones.

    @property
    def called(self) -> np.ndarray:
        """Ndarray of shape (c,), bool: The classes by which a face is called what the phrase asks for; see `CALLED`."""
        called: np.ndarray = (self.weights > 0) & (self.weights >= CALLED * self.weights.max())
        return called


@cache
def emotion_words() -> MappingProxyType[str, tuple[float, ...]]:
    """Return the shares of `EMOTIONS` of every word of the table; they add up to about 1."""
    with shipped(TABLE_NAME).open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        if tuple(heading := next(reader)) != ("word", *EMOTIONS):
            raise ValueError(f"{TABLE_NAME} has the columns {heading}")
        return MappingProxyType({word: tuple(int(cell or 0) / 100 for cell in cells) for word, *cells in reader})


def known_form(word: str) -> str | None:
    """Return a word as the table has it, by its inflection if need be; None where it reaches no emotion."""
    return next((form for form in _forms(word.lower().replace("’", "'")) if form in emotion_words()), None)


def _forms(word: str) -> Iterator[str]:
    yield word
    for ending, instead in SUFFIXES:
        if word.endswith(ending) and len(stem := word.removesuffix(ending)) > 2:
            yield stem + instead
            if not instead and stem[-1] == stem[-2]:  # sobbing, repelled
                yield stem[:-1]


def shares_of(word: str) -> np.ndarray | None:
    """Return a word's shares of `EMOTIONS`: ndarray of shape (8,), float64, summing to about 1; None for none."""
    form = known_form(word)
    return None if form is None else np.array(emotion_words()[form])


def nearest_known(word: str, count: int = 3) -> tuple[str, ...]:
    """Return the words of the table that are spelt most alike."""
    return tuple(difflib.get_close_matches(word.lower(), emotion_words(), n=count, cutoff=0.7))


def read_query(phrase: str, classes: Sequence[str], vocabulary: Vocabulary | None = None) -> Query:
    """Return what a phrase asks for: the sum of its words, those behind a negation with negative weight.

    ``"happy but not surprised"`` weighs faces that show happiness for, and those that show surprise against. A name, or
    a further word of a house's vocabulary, means all labels that hold the name; any other word reaches the labels that
    count as usual emotions.

    Parameters
    ----------
    phrase : str
        Words; names of several words are understood.
    classes : sequence of str
        Labels, such as ``"happy"`` or ``"sad; tired"``.

    Raises
    ------
    InputError
        If no word of the phrase reaches a class; the nearest known words are named.
    """
    vocabulary = Vocabulary() if vocabulary is None else vocabulary
    named, places = by_word(vocabulary, classes), places_of_emotions(classes, vocabulary)
    weights, words, unknown, sign = np.zeros(len(classes)), [], {}, 1.0
    for word, name in _parts(phrase, named):
        lower = word.lower().replace("’", "'")
        if name is None and (lower in NEGATIONS or lower.endswith("n't")):
            sign = -1.0
            continue
        form = known_form(word)
        if name is None and (lower in PASSED_OVER or form is None):
            if lower not in PASSED_OVER:
                unknown[word] = nearest_known(word)
            continue
        if name is not None:
            weights[named[name]] += sign
        else:
            for columns, share in zip(places, emotion_words()[str(form)], strict=True):
                weights[columns] += sign * share
        words.append(QueryWord(word, name or str(form), sign))
        sign = 1.0
    if not weights.any():
        raise InputError(f"{phrase!r} reaches none of the expressions {', '.join(classes)}: " + (
            "; ".join(f"{word!r} is not known" + (f", nearest: {', '.join(near)}" if near else "")
                      for word, near in unknown.items()) or "it has no word for one"))
    return Query(weights, tuple(words), unknown)


def places_of_emotions(labels: Sequence[str], vocabulary: Vocabulary) -> list[list[int]]:
    """Return, for each of `EMOTIONS`, the places of the labels that count as it."""
    counted = [vocabulary.counted_as(label, EMOTIONS) for label in labels]
    return [[place for place, emotions in enumerate(counted) if emotion in emotions] for emotion in EMOTIONS]


def _parts(phrase: str, named: Mapping[str, list[int]]) -> Iterator[tuple[str, str | None]]:
    """Yield the words of a phrase; those that are a name as one, with the key by which ``named`` has it."""
    if (whole := _named(phrase, named)) is not None:
        yield phrase, whole
        return
    words, at = _WORD.findall(phrase), 0
    longest = max((len(name.split()) for name in named), default=1)
    while at < len(words):
        name, length = None, 1
        for length in range(min(longest, len(words) - at), 0, -1):
            if (name := _named(" ".join(words[at : at + length]), named)) is not None:
                break
        yield " ".join(words[at : at + length]), name
        at += length


def _named(text: str, named: Mapping[str, list[int]]) -> str | None:
    meant = class_of(text, tuple(named))
    return meant if meant is not None and named[meant] else None
