"""How a recipe names what is learnt from: data sets, their parts and columns; and what of it an approach needs."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from fecemo.errors import InputError, nearest
from fecemo.models.approach import Approach
from fecemo.training.settings import FitSettings

LABEL, TRIPLET = "label", "triplet"
NO_COLUMNS = ("image", "views", TRIPLET)
"""Targets that are read from no column."""
LANDMARK_FEATURES = "landmark_features"
"""The column of which parts are named ``landmark_features.distances`` and so on."""

SOURCE, TARGET, TRIPLET_TEST = "source", "target", "triplet_test"
TRAIN, VALID, TEST, TRIPLETS = "train", "valid", "test", "triplets"


@dataclass(frozen=True)
class DataName:
    """A data set of a run, or a part of it."""

    dataset: str  #: A data set, or a role such as ``"source"``.
    #: One of "", "train", "valid", "triplets". All of its faces, those of a stored split, or its rated triplets.
    part: str = ""

    @property
    def is_split(self) -> bool:
        """bool: Whether it is a stored split."""
        return self.part in (TRAIN, VALID)

    @property
    def faces_each(self) -> int:
        """int: Faces of an example."""
        return 3 if self.part == TRIPLETS else 1

    def __str__(self) -> str:
        return f"{self.dataset}.{self.part}" if self.part else self.dataset


def read_data_name(name: str, datasets: Collection[str] | None = None) -> DataName:
    """Return what ``DATASET``, ``DATASET.SPLIT`` or ``DATASET.triplets`` names.

    Parameters
    ----------
    datasets : collection of str, optional
        Those that there are, where that is to be checked.

    Raises
    ------
    InputError
        If there is no such data set or part, or it is the test split, from which nothing may learn.
    """
    dataset, dot, part = name.partition(".")
    if datasets is not None and dataset not in datasets:
        if dataset in (SOURCE, TARGET):
            raise InputError(f"the recipe gives no data set the role {dataset!r}: add {dataset}: NAME to its roles")
        raise InputError(f"there is no data set {dataset!r}: {nearest(dataset, datasets)}")
    if part == TEST:
        raise InputError(f"nothing learns from the test split: name {dataset}.{TRAIN}")
    if dot and part not in (TRAIN, VALID, TRIPLETS):
        raise InputError(f"{name!r} is no part of a data set: {nearest(part, (TRAIN, VALID, TRIPLETS))}")
    return DataName(dataset, part)


def of_landmarks(columns: Iterable[str]) -> bool:
    """Tell whether some of the columns are what a landmark model measured."""
    return any(column.partition(".")[0] == LANDMARK_FEATURES for column in columns)


def of_dataset(column: str) -> tuple[str, str]:
    """Return the data set of which alone a column is meant, and its name there: of ``drawn.label`` both words.

    The data set is ``""`` where a column of any is meant, such as ``label`` or ``landmark_features.distances``.
    """
    if of_landmarks([column]):
        return "", column
    dataset, _, name = column.rpartition(".")
    return dataset, name


def target_columns(fit: FitSettings) -> dict[str, tuple[str, ...]]:
    """Return the columns that the terms of a phase learn, by target: none of pixels, views, triplets, augmentations."""
    emitted = {name for augmentation in (*fit.augment, *fit.corrupt) for name in augmentation.targets}
    return {term.target_name: term.columns for term in fit.losses if term.target_name not in (*NO_COLUMNS, *emitted)}


def learnt_from(approach: Approach, fits: Mapping[str, FitSettings] | None = None,
                source: str = SOURCE) -> dict[str, bool]:
    """Return the data sets that an approach learns from, and of each whether a landmark model is to measure it first.

    Parameters
    ----------
    fits : mapping of str to FitSettings, optional
        Of its phases, as a recipe gives them; by default what the approach says itself.
    source : str
        The data set that has this role.
    """
    taken = of_landmarks(approach.columns().values())
    columns: dict[str, set[str]] = {}
    for phase in approach.phases:
        fit = None if fits is None else fits[phase.name]
        targets = phase.targets.values() if fit is None else target_columns(fit).values()
        for name in (phase.data,) if fit is None else fit.data:
            named = columns.setdefault(read_data_name(name).dataset, set())
            for target in targets:
                named.update((target,) if isinstance(target, str) else target)
        if fit is not None and fit.moments_of is not None:
            columns.setdefault(read_data_name(fit.moments_of).dataset, set())
    if not columns and approach.build is not None and approach.predicts_by == "clusters":
        columns[source] = set()  # layers are adapted to the source faces
    return {dataset: taken or of_landmarks(named) for dataset, named in sorted(columns.items())}


def embedded(approach: Approach, roles: Collection[str] = (SOURCE, TARGET)) -> tuple[str, ...]:
    """Return the roles of the data sets whose outputs an approach stores, where a recipe fills these roles.

    Those of the source are stored where clusters are made of them, or where there is no target.
    """
    return tuple(role for role in (TARGET, SOURCE) if role in roles and (
        role == TARGET or TARGET not in roles or approach.predicts_by == "clusters"))


def measured(approach: Approach) -> tuple[str, ...]:
    """Return the data sets whose faces a landmark model is to measure for an approach."""
    taken = embedded(approach) if of_landmarks(approach.columns().values()) else ()
    return tuple(sorted({*taken, *(dataset for dataset, measured in learnt_from(approach).items() if measured)}))
