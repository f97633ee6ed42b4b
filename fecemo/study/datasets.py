"""The data sets of a recipe: how each is made, and what each is for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fecemo.data.documents import build, require_name
from fecemo.data.receipts import digest_place, plain, read_receipt
from fecemo.errors import InputError, nearest
from fecemo.registry import Registry
from fecemo.study.layout import RunLayout


@dataclass(frozen=True)
class Step:
    """One run of a script on the way to a data set."""

    script: str  #: Of ``pipelines/``, without its suffix.
    settings: Any  #: A dataclass that becomes the script's arguments.
    out: Path  #: Folder that the script writes.
    inputs: tuple[Path, ...]  #: Files and folders that it reads.
    #: Those of the settings that shape what it writes, as JSON values: the receipt has them under the same names.
    shaped_by: dict[str, Any]
    #: ``files() -> str``: a digest of what lies in a folder that people bring; where it changes, the script runs again.
    #: ``""`` where an engine that watches ``inputs`` sees it by itself.
    files: Callable[[], str] = lambda: ""
    #: Port on the loopback address at which it serves photographs: two steps at one port follow each other.
    port: int | None = None
    all_cores: bool = False  #: Whether it uses every core of the machine.

    @property
    def stage(self) -> str:
        """str: The stage of the script, as its receipt has it."""
        return self.script.partition("_")[2]

    @property
    def watched(self) -> dict[str, Any]:
        """Dict of str to object: All that makes the script run again where it changes, as JSON values."""
        return {**self.shaped_by, "files": self.files()}


@dataclass(frozen=True)
class DatasetWay:
    """A way of making a data set."""

    name: str  #: Key in recipes, such as ``"fetch"`` in ``NAME: {fetch: {...}}``.
    settings: type  #: A dataclass: what a recipe gives under that key.
    #: ``steps(settings, name, layout) -> tuple of Step``; the last of them writes the data set's folder.
    steps: Callable[[Any, str, RunLayout], tuple[Step, ...]]
    place: str = ""  #: The setting that names the list or folder that a person brings; ``""`` where nothing is brought.
    #: What faces that are nobody's are called, such as ``"drawn"``: their labels are never counted as labels of people.
    #: ``""`` for faces of people.
    made: str = ""
    #: `has_labels`, `has_ratings`: ``has_labels(settings) -> bool``: whether its faces may have labels, or rated
    #: triplets.
    has_labels: Callable[[Any], bool] = lambda settings: False
    has_ratings: Callable[[Any], bool] = lambda settings: False
    #: Whether each face comes with its eyes, so that it can be aligned without a landmark model.
    has_eyes: bool = False
    #: ``check(settings)`` raises `InputError` for settings that name what does not exist.
    check: Callable[[Any], None] = lambda settings: None
    #: ``parent(settings) -> str``: name of the data set of whose faces, by their labels, its faces are made; whoever
    #: learns from their labels has spent those. ``""`` where there is none.
    parent: Callable[[Any], str] = lambda settings: ""


@dataclass(frozen=True)
class OtherSettings:
    """A step that ran with other settings than a recipe's."""

    stage: str  #: That is to run again.
    #: `stored`, `current`: What its receipt has of the settings that differ, and what the recipe has.
    stored: dict[str, Any]
    current: dict[str, Any]


dataset_ways = Registry[DatasetWay]("fecemo.study.dataset_ways", "WAY", "way of making a data set")


@dataclass(frozen=True)
class DatasetRecipe:
    """What a recipe says of one data set."""

    way_name: str
    settings: Any  #: An instance of the way's settings.

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
    def parent(self) -> str:
        """str: Name of the data set of whose labelled faces its faces are made; otherwise ``""``."""
        return self.way.parent(self.settings)

    @property
    def place(self) -> Path | None:
        """Path or None: The list or folder that a person brings."""
        return getattr(self.settings, self.way.place) if self.way.place else None


    def other_settings(self, name: str, layout: RunLayout, folder: Path | None = None) -> OtherSettings | None:
        """Return the first step towards the data set that ran with other settings than these; None where none did.

        A list or folder that the recipe does not name is a person's own, and was read with settings of their own.

        Parameters
        ----------
        name : str
            Of the data set.
        folder : Path, optional
            Of the steps only the one that writes it.
        """
        for step in self.way.steps(self.settings, name, layout):
            receipt = read_receipt(step.out) if folder in (None, step.out) else None
            if receipt is None or receipt.stage not in (step.stage, *({"join"} if step.stage == "fetch" else ())):
                continue
            if not self.made and (self.place is None or receipt.summary.get("place") != digest_place(self.place)):
                continue
            # A setting that a receipt does not have was left as it is by itself; what is no setting is not known then.
            usual = {setting.name: setting.default for setting in fields(step.settings)}
            stored = {key: receipt.config.get(key, usual.get(key)) for key in step.shaped_by}
            differing = [key for key, value in step.shaped_by.items() if plain(stored[key]) != value]
            if differing:
                return OtherSettings(step.stage, {key: plain(stored[key]) for key in differing},
                                     {key: step.shaped_by[key] for key in differing})
        return None


@dataclass(frozen=True)
class Roles:
    """Which data set of a recipe is for what; without a target, faces are grouped and named and nothing is scored."""

    #: The unlabelled faces, from which representations are learnt and of which clusters are made.
    source: str | None = None
    target: str | None = None  #: The labelled faces on which the study is scored.
    #: Rated triplets of other faces, such as FEC's own test list, from which nothing learns: Table 2 then reports of
    #: every row's embedding how often it finds the odd one of three faces. Where the list is not there, triplets are
    #: tested that were held out from training, and of the rows alone that learn from ratings.
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
        What is under ``datasets``: by name, ``{WAY: settings}``.
    where : str
        That key, for messages.

    Raises
    ------
    InputError
        If a name cannot be a folder's, there is no such way, or a setting is not sound.
    """
    ways = dataset_ways()
    forms = " or ".join(f"{way}: {{...}}" for way in ways)
    if not isinstance(document, dict) or not document:
        raise InputError(f"{where}: expected data sets by name, each with {forms}, got {document!r}")
    datasets = {}
    for name, entry in document.items():
        if not isinstance(entry, dict) or list(map(type, entry.values())) != [dict]:
            raise InputError(f"{where}.{name}: expected one of {forms}, got {entry!r}")
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
    _refuse_parents(datasets, where)
    return datasets


def _refuse_parents(datasets: Mapping[str, DatasetRecipe], where: str) -> None:
    """Raise `InputError` for a data set that is made of one that there is not, or that cannot be a parent."""
    for name, dataset in datasets.items():
        key = f"{where}.{name}.{dataset.way_name}.dataset"
        if not dataset.parent:
            continue
        if dataset.parent not in datasets:
            raise InputError(f"{key}: there is no data set {dataset.parent!r}: {nearest(dataset.parent, datasets)}")
        parent = datasets[dataset.parent]
        if parent.parent or not parent.has_labels:
            lacks = "is itself made of another" if parent.parent else "has no labels"
            raise InputError(f"{key}: {dataset.parent} {lacks}; expected a data set of labelled faces")


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
