"""What a recipe chooses from a registry: by name alone, or by name with settings."""

import dataclasses
from typing import Any

from fecemo.data.documents import build
from fecemo.errors import InputError
from fecemo.registry import Registry


def choose(registry: Registry[Any], choice: Any, where: str) -> tuple[Any, ...]:
    """Return what a recipe chose, built from its settings, in the recipe's order.

    Parameters
    ----------
    registry : Registry
        Of dataclasses.
    choice : object
        A name, a list of names, a mapping of names to settings, or a list of such; what is built already stays.
    where : str
        The recipe's key, such as ``"demo.yaml: approaches.supervised.fit.classify.loss"``.

    Raises
    ------
    InputError
        If there is no such entry, the nearest being named, it is no class, or a setting is not sound; the key is named.
    """
    kind = registry.kind
    chosen: list[Any] = []
    for element in choice if isinstance(choice, list | tuple) else [choice]:
        if dataclasses.is_dataclass(element):
            chosen.append(element)
            continue
        settings_of = {element: {}} if isinstance(element, str) else element
        if not isinstance(settings_of, dict):
            article = "an" if kind[0] in "aeiou" else "a"
            raise InputError(f"{where}: expected the name of {article} {kind}, or names with settings, found "
                             f"{element!r}")
        for name, settings in settings_of.items():
            try:
                entry = registry.find(name)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
            if not isinstance(settings, dict | None):
                raise InputError(f"{where}.{name}: expected settings, found {settings!r}")
            if not isinstance(entry, type):
                raise InputError(f"{where}: the {kind} {name!r} is registered as an object of {type(entry).__name__}; "
                                 "register the class itself, whose fields a recipe sets")
            chosen.append(build(entry, settings or {}, f"{where}.{name}"))
    names = [element.name for element in chosen]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{where}: the {kind} {twice!r} is named twice")
    return tuple(chosen)


def choose_one(registry: Registry[Any], choice: Any, where: str) -> Any:
    """Return the one thing that a recipe chose. Raises `InputError` as `choose` does, and where it is not one."""
    chosen = choose(registry, choice, where)
    if len(chosen) != 1:
        raise InputError(f"{where}: expected one {registry.kind}, found {len(chosen)}")
    return chosen[0]


def choose_within(settings: Any, name: str, registry: Registry[Any]) -> tuple[Any, ...]:
    """Build what a setting of frozen settings names, and return it; see `choose`.

    For ``__post_init__`` of a choice that holds others. Raises `ValueError`, as it may.
    """
    try:
        chosen = choose(registry, getattr(settings, name), name)
    except InputError as error:
        raise ValueError(str(error)) from error
    return chosen
