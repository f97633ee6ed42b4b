"""The data sets of a recipe: how each is made, and what each is for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fecemo.data.documents import build, require_name
from fecemo.errors import InputError, nearest
from fecemo.registry import entries
from fecemo.study.layout import RunLayout


@dataclass(frozen=True)
class Step:
    """One run of a script on the way to a data set.

    Parameters
    ----------
    script : str
        Of ``pipelines/``, without its suffix.
    settings : object
        A dataclass that becomes the script's arguments.
    out : Path
        Folder that the script writes.
    inputs : tuple of Path
        Files and folders that it reads.
    shaped_by : dict of str to object
        What makes it run again where it changes, as JSON values.
    port : int, optional
        Port on the loopback address at which it serves photographs: two steps at one port follow each other.
    all_cores : bool
        Whether it uses every core of the machine.
    """

    script: str
    settings: Any
    out: Path
    inputs: tuple[Path, ...]
    shaped_by: dict[str, Any]
    port: int | None = None
    all_cores: bool = False


@dataclass(frozen=True)
class DatasetWay:
    """A way of making a data set.

    Parameters
    ----------
    name : str
        Key in recipes, such as ``"fetch"`` in ``NAME: {fetch: {...}}``.
    settings : type
        A dataclass: what a recipe gives under that key.
    steps : callable
        ``steps(settings, name, layout) -> tuple of Step``; the last of them writes the data set's folder.
    place : str
        The setting that names the list or folder that a person brings; ``""`` where nothing is brought.
    made : str
        What faces that are nobody's are called, such as ``"drawn"``: their labels are never counted as labels of
        people. ``""`` for faces of people.
    has_labels, has_ratings : callable
        ``has_labels(settings) -> bool``: whether its faces may have labels, or rated triplets.
    has_eyes : bool
        Whether each face comes with its eyes, so that it can be aligned without a landmark model.
    check : callable
        ``check(settings)`` raises `InputError` for settings that name what does not exist.
    """

    name: str
    settings: type
    steps: Callable[[Any, str, RunLayout], tuple[Step, ...]]
    place: str = ""
    made: str = ""
    has_labels: Callable[[Any], bool] = lambda settings: False
    has_ratings: Callable[[Any], bool] = lambda settings: False
    has_eyes: bool = False
    check: Callable[[Any], None] = lambda settings: None


def dataset_ways() -> dict[str, DatasetWay]:
    """Return every way of making a data set by name."""
    return entries("fecemo.study.dataset_ways", "WAY")


@dataclass(frozen=True)
class DatasetRecipe:
    """What a recipe says of one data set.

    Parameters
    ----------
    way_name : str
    settings : object
        An instance of the way's settings.
    """

    way_name: str
    settings: Any

    @property
    def way(self) -> DatasetWay:
        """DatasetWay: How it is made."""
        return dataset_ways()[self.way_name]

    @property
    def made(self) -> str:
        """str: What its faces are called where they are nobody's, such as ``"drawn"``; otherwise ``""``."""
        return self.way.made

    @property
    def has_labels(self) -> bool:
        """bool: Whether its faces may have labels."""
        return self.way.has_labels(self.settings)

    @property
    def place(self) -> Path | None:
        """Path or None: The list or folder that a person brings."""
        return getattr(self.settings, self.way.place) if self.way.place else None


@dataclass(frozen=True)
class Roles:
    """Which data set of a recipe is for what; without a target, faces are grouped and named and nothing is scored.

    Parameters
    ----------
    source : str, optional
        The unlabelled faces, from which representations are learnt and of which clusters are made.
    target : str, optional
        The labelled faces on which the study is scored.
    triplet_test : str, optional
        Rated triplets of other faces, such as FEC's own test list, from which nothing learns: Table 2 then tells of
        every row's embedding how often it finds the odd one of three faces. Where the list is not there, triplets are
        tested that were held out from training, and of the rows alone that learn from ratings.
    """

    source: str | None = None
    target: str | None = None
    triplet_test: str | None = None

    def named(self) -> dict[str, str]:
        """Return the roles that the recipe fills, each with the name of its data set."""
        values = {role.name: getattr(self, role.name) for role in fields(self)}
        return {role: name for role, name in values.items() if name is not None}


def read_datasets(document: Any, where: str) -> dict[str, DatasetRecipe]:
    """Return what a recipe says of its data sets, by name.

    Parameters
    ----------
    document : object
        What stands under ``datasets``: by name, ``{WAY: settings}``.
    where : str
        That key, for messages.

    Raises
    ------
    InputError
        If a name cannot be a folder's, there is no such way, or a setting is not sound.
    """
    ways = dataset_ways()
    asked = " or ".join(f"{way}: {{...}}" for way in ways)
    if not isinstance(document, dict) or not document:
        raise InputError(f"{where}: expected data sets by name, each with {asked}, got {document!r}")
    datasets = {}
    for name, entry in document.items():
        if not isinstance(entry, dict) or list(map(type, entry.values())) != [dict]:
            raise InputError(f"{where}.{name}: expected one of {asked}, got {entry!r}")
        (way_name, settings), = entry.items()
        if way_name not in ways:
            raise InputError(f"{where}.{name}: unknown key {way_name!r}, {nearest(str(way_name), ways)}")
        key, way = f"{where}.{name}.{way_name}", ways[way_name]
        built: Any = build(way.settings, settings, key)
        try:
            require_name(str(name), "datasets:")
            way.check(built)
        except (ValueError, InputError) as error:
            raise InputError(f"{key}: {error}") from error
        datasets[str(name)] = DatasetRecipe(way_name, built)
    return datasets


def refuse_roles(roles: Roles, datasets: Mapping[str, DatasetRecipe]) -> None:
    """Raise `ValueError` for roles of data sets that there are not, or that cannot have them."""
    named = roles.named()
    known = [role.name for role in fields(Roles)]
    for name in datasets:
        if "." in name or (name in known and named.get(name) != name):
            raise ValueError(f"datasets: {name!r} is the name of another role, or has a point in it; choose another")
    for role, name in named.items():
        if name not in datasets:
            raise ValueError(f"roles.{role}: there is no data set {name!r}: {nearest(name, datasets)}")
    if not {"source", "target"} & set(named):
        raise ValueError("roles: name a source, a target or both")
    if twice := next((name for name in named.values() if list(named.values()).count(name) > 1), None):
        raise ValueError(f"roles: {twice!r} has two of them; give each role a data set of its own")
    if roles.target is not None and not datasets[roles.target].has_labels:
        raise ValueError(f"roles.target: {roles.target} has no labels, so that nothing could be scored; leave the role "
                         "out where nothing is to be")
    if roles.triplet_test is not None:
        tested = datasets[roles.triplet_test]
        if not tested.way.has_ratings(tested.settings):
            raise ValueError(f"roles.triplet_test: {roles.triplet_test} has no rated triplets; expected a list in "
                             "FEC's format, or triplets of drawn faces")
