"""The keyboard: one key an act, the same in the notebook and in the terminal."""

from dataclasses import dataclass

from fecemo.data.classes import EMOTIONS
from fecemo.data.cluster_names import NOT_EMOTIONS


@dataclass(frozen=True)
class Act:
    """What a key does.

    Parameters
    ----------
    what : str
        ``"name"``, ``"rule"``, ``"more"``, ``"next"``, …
    argument : str
        The name or the rule, where there is one.
    about : str
        For people.
    """

    what: str
    argument: str = ""
    about: str = ""


_NAMES = (*EMOTIONS, *NOT_EMOTIONS)
_NAME_KEYS = "12345678" + "90-"

KEYS: dict[str, Act] = {
    **{key: Act("name", name, name) for key, name in zip(_NAME_KEYS, _NAMES, strict=True)},
    "=": Act("same", about="same name as the nearest named cluster"),
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
"""What every key does, by its name in browsers."""

NOTE_KEY = next(key for key, act in KEYS.items() if act.what == "note")
KEY_OF_NAME = {act.argument: key for key, act in KEYS.items() if act.what == "name"}
"""The key of every name that a cluster can have."""
