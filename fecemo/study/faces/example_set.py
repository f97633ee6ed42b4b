"""What a set of examples is: which faces of a run a phase learns from, and the targets that are read of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError
from fecemo.models.approach import Approach
from fecemo.registry import find
from fecemo.study.faces.run_faces import RunFaces
from fecemo.training.examples import Examples
from fecemo.training.settings import FitSettings

LABEL, TRIPLET = "label", "triplet"
NO_COLUMNS = ("image", "views", TRIPLET)
"""Targets that are read from no column."""
LANDMARK_FEATURES = "landmark_features"
"""The column of which parts are named ``landmark_features.distances`` and so on."""


@dataclass(frozen=True)
class ExampleSet:
    """A set of examples.

    Parameters
    ----------
    name : str
        `Phase.data` names it: a role, with a split or a relation after a dot.
    pack : {"source", "target"}
        The run's faces that it is of.
    draw : callable
        ``draw(faces, fit, seed, key) -> (Examples, Examples or None)``: to learn from, and to validate on. ``fit`` is
        the phase's `FitSettings` and ``key`` what the recipe calls it, such as
        ``"approaches.supervised.fit.classify"``; it raises `InputError` where the faces cannot give what is asked for.
    faces_each : int
        Faces of an example.
    """

    name: str
    pack: str
    draw: Callable[[RunFaces, FitSettings, int, str], tuple[Examples, Examples | None]]
    faces_each: int = 1


def find_example_set(name: str) -> ExampleSet:
    """Return a set of examples by name. Raises `InputError` for an unknown one, naming the nearest."""
    return find("fecemo.study.faces.example_sets", "EXAMPLE_SET", name, "set of examples")


def of_landmarks(columns: Iterable[str]) -> bool:
    """Tell whether some of the columns are what a landmark model measured."""
    return any(column.partition(".")[0] == LANDMARK_FEATURES for column in columns)


def target_columns(approach: Approach) -> dict[str, set[str]]:
    """Return the columns that the phases of an approach learn by default, by the faces' role."""
    columns: dict[str, set[str]] = {}
    for phase in approach.phases:
        named = columns.setdefault(phase.role, set())
        for target in phase.targets.values():
            named.update((target,) if isinstance(target, str) else target)
    return columns


def learnt_from(approach: Approach) -> dict[str, bool]:
    """Return the faces that an approach learns from, and of each whether a landmark model is to measure them first."""
    taken = of_landmarks(approach.columns().values())
    # Without a phase, layers are adapted to the source faces.
    columns = target_columns(approach) or {"source": set()}
    return {role: taken or of_landmarks(named) for role, named in sorted(columns.items())}


def embedded(approach: Approach) -> dict[str, bool]:
    """Return the faces whose outputs an approach stores, and of each whether they are to be measured first."""
    roles = ("target", "source") if approach.predicts_by == "clusters" else ("target",)
    return dict.fromkeys(roles, of_landmarks(approach.columns().values()))


def measured(approach: Approach) -> tuple[str, ...]:
    """Return the faces that a landmark model is to measure for an approach."""
    needs = [*learnt_from(approach).items(), *embedded(approach).items()]
    return tuple(sorted({role for role, asked in needs if asked}))


def with_targets(examples: Examples, faces: RunFaces, fit: FitSettings, key: str) -> Examples:
    """Return examples of one face each with the targets that are read from columns.

    Faces on which the landmark model was not sure of a face are left out where what it measured is learnt.

    Raises
    ------
    InputError
        If there is no such column.
    """
    emitted = {name for augmentation in (*fit.augment, *fit.corrupt) for name in augmentation.targets}
    terms = [term for term in fit.losses if term.target_name not in (*NO_COLUMNS, *emitted)]
    if any(of_landmarks(term.columns) for term in terms):
        examples = examples.take(np.flatnonzero(faces.measured.sure[examples.rows]))
    targets = {}
    for term in terms:
        columns = [read_column(faces, name, examples.rows, f"{key}.losses") for name in term.columns]
        targets[term.target_name] = columns[0] if isinstance(term.target, str) else np.concatenate(
            [values.reshape(len(values), -1) for values in columns], axis=1).astype(np.float32)
    return Examples(examples.rows, {**examples.targets, **targets})


def read_column(faces: RunFaces, name: str, rows: np.ndarray, key: str) -> np.ndarray:
    """Return a column of some faces.

    Parameters
    ----------
    faces : RunFaces
    name : str
        An annotation of the data set, or a part of ``"landmark_features"``.
    rows : ndarray of shape (n,), int64
    key : str
        The recipe's key, for the message.

    Returns
    -------
    ndarray of shape (n,) or (n, d)
        Labels and words as int32, −1 where there is none; numbers as float32, NaN where there is none.

    Raises
    ------
    InputError
        If the faces have no such column.
    """
    if name == LABEL:
        return faces.pack.label_codes()[rows]
    column, _, part = name.partition(".")
    if column == LANDMARK_FEATURES:
        return np.asarray(faces.measured.of([part])[rows], np.float32)
    try:
        values = faces.pack[name]
    except InputError as error:
        raise InputError(f"{key}: {error}") from error
    if values.dtype.kind == "f":
        return values[rows]
    # Words are classes too, in the order of the alphabet.
    words = np.unique(values[values != ""])
    codes = np.searchsorted(words, values[rows])
    return np.where(values[rows] == "", -1, codes).astype(np.int32)
