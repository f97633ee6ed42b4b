"""What a recipe chooses from a catalogue: by name alone, or by name with settings."""

from typing import Any

from fecemo.data.documents import build
from fecemo.errors import InputError
from fecemo.registry import find


def choose(package: str, attribute: str, choice: Any, kind_name: str, where: str) -> tuple[Any, ...]:
    """Return what a recipe chose, built from its settings, in the recipe's order.

    Parameters
    ----------
    package, attribute : str
        The package, whose entries are dataclasses; see `fecemo.registry.entries`.
    choice : object
        A name, a list of names, a mapping of names to settings, or a list of such.
    kind_name : str
        What is chosen, such as ``"loss"``, for the message.
    where : str
        The recipe's key, such as ``"demo.yaml: approaches.supervised.fit.classify.loss"``.

    Raises
    ------
    InputError
        If there is no such entry, the nearest being named, it is no class, or a setting is not sound; the key is named.
    """
    chosen: list[Any] = []
    for element in choice if isinstance(choice, list) else [choice]:
        settings_of = {element: {}} if isinstance(element, str) else element
        if not isinstance(settings_of, dict):
            raise InputError(f"{where}: expected the name of a {kind_name}, or names with settings, found {element!r}")
        for name, settings in settings_of.items():
            try:
                kind_class = find(package, attribute, name, kind_name)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
            if not isinstance(settings, dict | None):
                raise InputError(f"{where}.{name}: expected settings, found {settings!r}")
            if not isinstance(kind_class, type):
                raise InputError(f"{where}: the {kind_name} {name!r} is registered as an object of "
                                 f"{type(kind_class).__name__}; register the class itself, whose fields a recipe sets")
            chosen.append(build(kind_class, settings or {}, f"{where}.{name}"))
    names = [element.name for element in chosen]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{where}: the {kind_name} {twice!r} is named twice")
    return tuple(chosen)


def choose_one(package: str, attribute: str, choice: Any, kind_name: str, where: str) -> Any:
    """Return the one thing that a recipe chose. Raises `InputError` as `choose` does, and where it is not one."""
    chosen = choose(package, attribute, choice, kind_name, where)
    if len(chosen) != 1:
        raise InputError(f"{where}: expected one {kind_name}, found {len(chosen)}")
    return chosen[0]
