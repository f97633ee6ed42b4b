"""Find what can be chosen by name: approaches, losses, layouts, metrics and the rest.

An entry is a module-level object with a ``name``. It is registered by its place: in a module of its package, under the
package's attribute (``APPROACH``, ``LOSS``, …), or several of them as a tuple. Nothing lists them: a new file is a new
entry.

Other distributions add theirs by entry points. The group is ``fecemo.`` and the last part of the package's name, and
the entry point is called as the entry is:

    [project.entry-points."fecemo.approaches"]
    my_transformer = "my_package.transformer:APPROACH"
"""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from fecemo.errors import InputError, ResourceError, nearest

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """The entries of one kind; called, it returns all of them.

    Parameters
    ----------
    package : str
        Dotted name of the package to look through, such as ``"fecemo.data.variants"``, or of a single module.
    attribute : str
        The module-level name that holds an entry or a tuple of them, such as ``"VARIANT"``.
    kind : str
        What an entry is, such as ``"variant"``, for messages.
    """

    def __init__(self, package: str, attribute: str, kind: str) -> None:
        self.package, self.attribute, self.kind = package, attribute, kind

    def __call__(self) -> dict[str, Entry]:
        """Return every entry by name, sorted: those of the package, and what other distributions add.

        Raises
        ------
        InputError
            If two entries have one name.
        ResourceError
            If an entry point of another distribution cannot be imported.
        """
        return _entries(self.package, self.attribute)

    def find(self, name: str) -> Entry:
        """Return one entry, without importing the others where a module or an entry point bears its name.

        Raises `InputError` if there is no such entry, the message naming the nearest known one, or two have this name.
        """
        added = {point.name for point in _points(self.package)}  # a name that is taken is refused below
        module = f"{self.package}.{name}"
        if module in _modules(self.package) and name not in added:
            for entry in _entries_of(importlib.import_module(module), self.attribute):
                if entry.name == name:
                    return cast(Entry, entry)
        known = self()
        if name not in known:
            raise InputError(f"there is no {self.kind} {name!r}: {nearest(name, known)}")
        return known[name]


@cache
def _entries(package: str, attribute: str) -> dict[str, Any]:
    places: dict[str, str] = {}
    known: dict[str, Any] = {}

    def add(entry: Any, place: str) -> None:
        if entry.name in known:
            raise InputError(f"two entries of {package} are called {entry.name!r}: in {places[entry.name]} and in "
                             f"{place}; rename one of them")
        known[entry.name], places[entry.name] = entry, place

    for name in _modules(package):
        module = importlib.import_module(name)
        for entry in _entries_of(module, attribute):
            add(entry, name)
    for point in _points(package):
        add(_load(point), point.value)
    return dict(sorted(known.items()))


@cache
def _modules(package: str) -> tuple[str, ...]:
    """Return the dotted names of a package's modules, or that of the module itself where it is no package."""
    module = importlib.import_module(package)
    if not hasattr(module, "__path__"):
        return (package,)
    return tuple(f"{package}.{info.name}" for info in pkgutil.iter_modules(module.__path__))


def _entries_of(module: ModuleType, attribute: str) -> tuple[Any, ...]:
    entry = getattr(module, attribute, ())
    return entry if isinstance(entry, tuple) else (entry,)


@cache
def _points(package: str) -> tuple[EntryPoint, ...]:
    """Return what other distributions add to a package, by name."""
    return tuple(sorted(entry_points(group=f"fecemo.{package.rpartition('.')[2]}"), key=lambda point: point.name))


def _load(point: EntryPoint) -> Any:
    try:
        entry = point.load()
    except (ImportError, AttributeError) as error:
        distribution = point.dist.name if point.dist else "an installed package"
        raise ResourceError(f"{distribution} adds {point.name!r} to {point.group}, and {point.value} cannot be "
                            f"imported: {error}. Mend or uninstall {distribution}") from error
    if getattr(entry, "name", None) != point.name:
        raise InputError(f"the entry point {point.name!r} of {point.group} is {point.value}, whose name is "
                         f"{getattr(entry, 'name', None)!r}; call both the same")
    return entry
