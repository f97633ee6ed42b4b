"""What a phase learns from: examples of a run's data sets, by the names and columns that a recipe gives.

A recipe says ``data: [affectnet.train, drawn]``: a data set or a role, with a split or a relation after a dot. Each
target of the phase is read from columns: people's annotations, or what was derived from the faces. What one data set
does not know is unknown there and takes its examples out of that term alone. ``target: drawn.label`` is that column of
that data set alone, with classes of its own.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import ANNOTATIONS_NAME
from fecemo.data.splits import stratified_sample
from fecemo.errors import InputError, nearest
from fecemo.study.faces.columns import RunFaces
from fecemo.study.faces.data_names import (
    LABEL,
    LANDMARK_FEATURES,
    TRAIN,
    TRIPLETS,
    VALID,
    DataName,
    of_dataset,
    of_landmarks,
    read_data_name,
    target_columns,
)
from fecemo.study.faces.triplets import rated_triplets
from fecemo.training.examples import Examples, held_out, held_out_apart, join, with_wrong_labels
from fecemo.training.order import drawn_rows
from fecemo.training.settings import FitSettings

MIRRORING = {"flip"}
"""Augmentations after which a face no longer has the landmark features that were measured."""

Columns = Mapping[str, tuple[str, ...]]
"""Columns by the name of the target that is read from them, several side by side."""


def classes_of(parts: Sequence[DataName], faces: Mapping[str, RunFaces], key: str) -> tuple[str, ...]:
    """Return the classes that labels of a phase are codes of: those of the first data set that has any.

    Raises `InputError` if another one has a class more, whose faces would be lost in silence.
    """
    labelled = {part: dataset for part in parts if (dataset := faces[part.dataset].dataset).classes}
    if not labelled:
        return ()
    (first, reference), *rest = labelled.items()
    for part, dataset in rest:
        if more := [label for label in dataset.classes if label not in reference.classes]:
            raise InputError(f"{key}: {part} has faces of {', '.join(more)}, and {first} has not "
                             f"({', '.join(reference.classes)}); learn the labels of one of them")
    return reference.classes


def draw_examples(faces: Mapping[str, RunFaces], fit: FitSettings, seed: int,
                  key: str) -> tuple[Examples, Examples | None]:
    """Draw what a phase learns from, and what it is validated on.

    Of triplets, ``validate_on`` is the share that is given up for learning: those held out, and those that share a face
    with them. The former are few where each face is in many triplets.

    Parameters
    ----------
    faces : mapping of str to RunFaces
        By data set or role: all that ``fit.data`` names.
    key : str
        What the recipe calls the phase, such as ``"approaches.supervised.fit.classify"``.

    Raises
    ------
    InputError
        If the data sets cannot give what is asked for.
    StoredStateError
        If a file of a data set is damaged.
    """
    parts, columns = [read_data_name(name) for name in fit.data], target_columns(fit)
    if any(map(of_landmarks, columns.values())) and (
            MIRRORING & {augmentation.name for augmentation in (*fit.augment, *fit.corrupt)}):
        raise InputError(f"{key}: no flip here: what was measured on the left of a face would be asked of its right")
    if len({part.faces_each for part in parts}) > 1:
        raise InputError(f"{key}.data: triplets are examples of three faces and do not join faces one by one: "
                         f"{', '.join(fit.data)}")
    if fit.label_fraction is not None and not any(part.is_split for part in parts):
        content = "triplets, which have no label" if parts[0].part == TRIPLETS else "unlabelled faces"
        raise InputError(f"{key}.label_fraction: this phase learns from {content}")
    classes = classes_of(parts, faces, f"{key}.data") if _reads_labels(columns) else ()
    _require_columns(parts, faces, columns, key)
    drawn = join([_draw(part, faces[part.dataset], columns, classes, fit, seed, key) for part in parts])
    examples = _detected(drawn.take(drawn_rows(len(drawn), fit.faces, seed)), faces, columns)
    if fit.validate_on is None:
        return with_wrong_labels(examples, fit.label_noise, seed), None
    if isinstance(fit.validate_on, str):
        return (with_wrong_labels(examples, fit.label_noise, seed),
                _stored_validation(parts, faces, columns, classes, examples, key))
    if parts[0].part != TRIPLETS:
        learnt, held = held_out(examples, fit.validate_on, seed)
        return with_wrong_labels(learnt, fit.label_noise, seed), held
    learnt, held = held_out_apart(examples, fit.validate_on, seed)
    if not len(held):
        raise InputError(f"{key}.validate_on: no triplet can be held out by giving up {fit.validate_on:g} of "
                         f"{len(examples)}, because those that share a face with it are given up too; give a larger "
                         "share")
    return learnt, held


def labelled_rows(dataset: Dataset, split: str, fraction: float | None, seed: int, key: str) -> np.ndarray:
    """Return the rows of a split whose labels may be learnt from: those of which the test split holds no copy.

    Parameters
    ----------
    split : {"train", "valid"}
    fraction : float or None
        Share of *all* labelled faces of the data set, as the study counts it; None takes the whole split.
    key : str
        The recipe's key, for the message.

    Returns
    -------
    ndarray of shape (n,), int64
        Ascending.

    Raises
    ------
    InputError
        If the split holds fewer faces than asked for.
    """
    rows = dataset.learnable_rows(split)
    if fraction is None:
        return rows
    labelled = int(np.count_nonzero(dataset.labels != ""))
    count = int(np.floor(fraction * labelled + 0.5))
    if count > len(rows):
        raise InputError(f"{key}: {fraction:g} of {labelled} labelled faces are {count}, and the {split} split of "
                         f"{dataset.folder} holds {len(rows)}")
    return rows[stratified_sample(dataset.ids[rows], dataset.labels[rows], count=count, seed=seed)]


def annotated_rows(examples: Examples, fit: FitSettings) -> dict[str, np.ndarray]:
    """Return, by data set, the rows of which a phase reads what people said: labels and numbers, not what was measured.

    Each data set's are booked by themselves: those of another set, or of drawn faces, are no labels of the target.
    """
    read = np.zeros(len(examples), bool)
    for target, names in target_columns(fit).items():
        if not of_landmarks(names):
            read |= examples.known(target)
    annotated = examples.take(np.flatnonzero(read))
    return {name: annotated.rows_in(name) for name in examples.datasets}


def _draw(part: DataName, faces: RunFaces, columns: Columns, classes: tuple[str, ...], fit: FitSettings, seed: int,
          key: str) -> Examples:
    datasets = {part.dataset: len(faces.dataset)}
    if part.part == TRIPLETS:
        triplets = rated_triplets(faces.dataset, key)
        return Examples(triplets.rows, triplets.targets, datasets)
    rows = np.arange(len(faces.dataset)) if not part.part else labelled_rows(
        faces.dataset, part.part, fit.label_fraction, seed, f"{key}.label_fraction")
    return _with_targets(rows, datasets, faces, columns, classes)


def _stored_validation(parts: Sequence[DataName], faces: Mapping[str, RunFaces], columns: Columns,
                       classes: tuple[str, ...], examples: Examples, key: str) -> Examples:
    """Return the faces of the stored validation splits of all data sets that are learnt by a split."""
    named = [part.dataset for part in parts if part.part == TRAIN]
    if not named:
        content = "triplets have" if parts[0].part == TRIPLETS else "unlabelled faces have"
        raise InputError(f"{key}.validate_on: {content} no stored validation split; give a share, such as 0.1")
    parts_drawn = []
    for name, length in examples.datasets.items():  # all of them, so that rows count through the same data sets
        rows = faces[name].dataset.learnable_rows(VALID) if name in named else np.empty(0, np.int64)
        if name in named and not len(rows):
            raise InputError(f"{key}.validate_on: {faces[name].dataset.folder} has no validation split; give a share, "
                             "such as 0.1, or import the faces with valid_fraction")
        parts_drawn.append(_with_targets(rows, {name: length}, faces[name], columns, classes))
    return _detected(join(parts_drawn), faces, columns)


def _detected(examples: Examples, faces: Mapping[str, RunFaces], columns: Columns) -> Examples:
    """Return the examples without faces of which the landmark model was not sure, where what it measured is learnt."""
    if not any(map(of_landmarks, columns.values())):
        return examples
    sure = np.concatenate([np.ones(length, bool) if (features := faces[name].landmark_features) is None
                           else features.detected for name, length in examples.datasets.items()])
    return examples.take(np.flatnonzero(sure[examples.rows].reshape(len(examples), -1).all(axis=1)))


def _with_targets(rows: np.ndarray, datasets: Mapping[str, int], faces: RunFaces, columns: Columns,
                  classes: tuple[str, ...]) -> Examples:
    """Return examples of one face each with all that the data set knows of them."""
    targets = {}
    (dataset, _), = datasets.items()
    for target, names in columns.items():
        if all(_has(faces, dataset, name) for name in names):
            values = [_read(faces, name, rows, classes) for name in names]
            targets[target] = values[0] if len(values) == 1 else np.concatenate(
                [numbers.reshape(len(rows), -1) for numbers in values], axis=1).astype(np.float32)
    return Examples(rows, targets, datasets)


def _require_columns(parts: Sequence[DataName], faces: Mapping[str, RunFaces], columns: Columns, key: str) -> None:
    for names in columns.values():
        for name in names:
            if not any(_has(faces[part.dataset], part.dataset, name) for part in parts):
                known = dict.fromkeys(column for part in parts for column in faces[part.dataset].dataset.columns)
                raise InputError(f"{key}.losses: {' and '.join(map(str, parts))} have no column {name!r}: "
                                 f"{nearest(name, (*known, LANDMARK_FEATURES))}")


def _reads_labels(columns: Columns) -> bool:
    return any(LABEL in names for names in columns.values())


def _has(faces: RunFaces, dataset: str, name: str) -> bool:
    only, column = of_dataset(name)
    if only not in ("", dataset):
        return False
    return faces.landmark_features is not None if of_landmarks([name]) else column in faces.dataset.columns


def _read(faces: RunFaces, name: str, rows: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Return a column of some faces: codes of shape (n,) int32, or numbers of shape (n,) or (n, d) float32."""
    if of_landmarks([name]):
        group = name.partition(".")[2]
        return np.asarray((faces.features.groups([group]) if group else faces.features.values)[rows], np.float32)
    dataset = faces.dataset
    only, name = of_dataset(name)
    if name == LABEL:
        classes = dataset.classes if only else classes
        code_of = {"": -1, **{label: code for code, label in enumerate(classes)}}
        labels = dataset.labels[rows].tolist()
        for row, label in zip(rows.tolist(), labels, strict=True):
            if label not in code_of:
                raise InputError(f"{dataset.folder / ANNOTATIONS_NAME}: row {row} has the label {label!r}, "
                                 f"{nearest(label, classes)}")
        return np.array([code_of[label] for label in labels], np.int32)
    if dataset.columns[name] != "number":
        raise InputError(f"{dataset.folder}: the column {name!r} holds words ({dataset.columns[name]}); a loss learns "
                         f"from {LABEL!r} and from numbers")
    return dataset[name][rows]
