"""The errors a user can act on.

Every message names the file, row or key, says what was expected and what came. A script prints the message alone; a
traceback is for faults of the program.
"""

import difflib
from collections.abc import Iterable


class FecemoError(Exception):
    """Base of everything a user can act on."""


class InputError(FecemoError):
    """Something given (a list, an image folder, a recipe, a file of names) is not what it should be."""


class StoredStateError(FecemoError):
    """Something stored by an earlier stage is missing, unfinished, damaged, locked, or belongs to something else."""


class ResourceError(FecemoError):
    """The machine cannot do it: a full or read-only disk, too little memory, a port in use."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known key, for the end of an error message.

    Parameters
    ----------
    name : str
        What was given.
    known : iterable of str
        What would have been accepted.

    Returns
    -------
    str
        ``"did you mean 'rgb'? Known: gray, rgb, tight"``, or only the known names when none is near.
    """
    choices = sorted(known)
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(choices)}"
