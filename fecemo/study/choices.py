"""What a recipe chooses from a catalogue: by name alone, or by name with settings."""

from typing import Any

from fecemo.data.documents import build
from fecemo.errors import InputError
from fecemo.registry import find


def choose(package: str, attribute: str, said: Any, what: str, where: str) -> tuple[Any, ...]:
    """Return what a recipe chose, built from its settings, in the recipe's order.

    Parameters
    ----------
    package, attribute : str
        The package, whose entries are dataclasses; see `fecemo.registry.entries`.
    said : object
        A name, a list of names, a mapping of names to settings, or a list of such.
    what : str
        What is chosen, such as ``"loss"``, for the message.
    where : str
        The recipe's key, such as ``"demo.yaml: approaches.supervised.fit.classify.loss"``.

    Raises
    ------
    InputError
        If there is no such entry, the nearest being named, it is no class, or a setting is not sound; the key is named.
    """
    chosen: list[Any] = []
    for one in said if isinstance(said, list) else [said]:
        settings_of = {one: {}} if isinstance(one, str) else one
        if not isinstance(settings_of, dict):
            raise InputError(f"{where}: expected the name of a {what}, or names with settings, found {one!r}")
        for name, settings in settings_of.items():
            try:
                kind = find(package, attribute, name, what)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
            if not isinstance(settings, dict | None):
                raise InputError(f"{where}.{name}: expected settings, found {settings!r}")
            if not isinstance(kind, type):
                raise InputError(f"{where}: the {what} {name!r} is registered as an object of {type(kind).__name__}; "
                                 "register the class itself, whose fields a recipe sets")
            chosen.append(build(kind, settings or {}, f"{where}.{name}"))
    names = [one.name for one in chosen]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{where}: the {what} {twice!r} is named twice")
    return tuple(chosen)


def choose_one(package: str, attribute: str, said: Any, what: str, where: str) -> Any:
    """Return the one thing that a recipe chose. Raises `InputError` as `choose` does, and where it is not one."""
    chosen = choose(package, attribute, said, what, where)
    if len(chosen) != 1:
        raise InputError(f"{where}: expected one {what}, found {len(chosen)}")
    return chosen[0]
