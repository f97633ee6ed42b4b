"""The keyboard of the board: one key an act, and one for each name that a cluster can have."""

import string
from collections.abc import Sequence
from dataclasses import dataclass

from fecemo.data.cluster_names import NOT_CLASSES


@dataclass(frozen=True)
class Act:
    """What a key does."""

    method: str  #: ``"name"``, ``"rule"``, ``"more"``, ``"next"``, …: the method of the board.
    argument: str = ""  #: The name or the rule, where there is one.
    about: str = ""  #: For people.


ACTS: dict[str, Act] = {
    "=": Act("same", about="same name as the nearest named cluster"),
    "+": Act("several", about="several names: each key adds one or takes it away, until + again"),
    "/": Act("write", about="write a name, several (sad; tired), or a path (upset/sad)"),
    "!": Act("new", about="take what was written for a new name"),
    "s": Act("faces", about="choose single faces: arrows and space, or a click; the next name is of these alone"),
    "x": Act("back", about="the chosen faces belong to their cluster again"),
    "Escape": Act("none", about="choose no face"),
    "m": Act("more", about="more faces"),
    "r": Act("rule", "random", "random faces"),
    "n": Act("rule", "nearest", "nearest to the centre"),
    "f": Act("rule", "farthest", "farthest from the centre"),
    "b": Act("rule", "borderline", "borderline faces"),
    "ArrowRight": Act("next", about="next cluster"),
    "ArrowLeft": Act("previous", about="previous cluster"),
    "Enter": Act("note", about="write a note"),
    "u": Act("doubt", about="mark as unsure"),
    "z": Act("undo", about="undo"),
    "y": Act("redo", about="redo"),
    "d": Act("divide", about="divide in two"),
    "j": Act("join", about="join the halves again"),
    "c": Act("colour", about="next colouring of the map by clusters"),
    "t": Act("targets", about="target faces in the map"),
    "g": Act("suggest", about="suggest a name from labels"),
    "?": Act("help", about="all keys"),
}
"""What every key but those of names does, by its name in browsers."""
_PLACES = {"note": ".fecemo-note input", "write": ".fecemo-words input", "faces": ".fecemo-group .fecemo-face"}
FIELDS = {key: _PLACES[act.method] for key, act in ACTS.items() if act.method in _PLACES}
"""Keys that move the focus within the board, and to what."""
CLASS_KEYS = "12345678" + "".join(letter for letter in string.ascii_letters if letter not in ACTS)
"""Keys of the names, in order: digits, then the letters that no act has. Further names have a button alone."""
OTHER_KEYS = dict(zip(NOT_CLASSES, "90-", strict=True))


def keys_of_names(classes: Sequence[str]) -> dict[str, str]:
    """Return the key of every name that a cluster can have, the classes first."""
    return {**dict(zip(classes, CLASS_KEYS, strict=False)), **OTHER_KEYS}


def acts_of(classes: Sequence[str]) -> dict[str, Act]:
    """Return what every key does, for clusters that are named by these classes."""
    return {**{key: Act("name", name, name) for name, key in keys_of_names(classes).items()}, **ACTS}
