"""Find what a room offers: each offer is one small file that holds one module-level object.

An approach, a variant, a way of naming or a layout of labelled images is added by adding its file; nothing lists them.
"""

import importlib
import pkgutil
from functools import cache
from typing import Any

from fecemo.errors import InputError, nearest


@cache
def offers(package: str, attribute: str) -> dict[str, Any]:
    """Return every ``attribute`` found in the modules of ``package``, by its ``name``.

    Parameters
    ----------
    package : str
        Dotted name of the package to look through, such as ``"fecemo.data.variants"``.
    attribute : str
        The module-level name that holds the offer, such as ``"VARIANT"``. The object has a ``name``.

    Returns
    -------
    dict of str to object
        Sorted by name.
    """
    found = {}
    for module_info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        module = importlib.import_module(f"{package}.{module_info.name}")
        offer = getattr(module, attribute, None)
        if offer is not None:
            found[offer.name] = offer
    return dict(sorted(found.items()))


def offer(package: str, attribute: str, name: str, what: str) -> Any:
    """Return one offer by name.

    Raises
    ------
    InputError
        If there is no such offer; the message names the nearest known one.
    """
    known = offers(package, attribute)
    if name not in known:
        raise InputError(f"there is no {what} {name!r}: {nearest(name, known)}")
    return known[name]
