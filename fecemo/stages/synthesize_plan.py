"""Which synthetic faces are to be made: of whom, after which donor, how far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.clustering.prototypes import ACTION_UNITS, ONE_SIDED, PROTOTYPES, SIDES
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.face_lists import face_id
from fecemo.data.synthesize_settings import SynthesizeSettings
from fecemo.errors import InputError, nearest
from fecemo.imaging.landmarks.points import MODEL_NAMES
from fecemo.study.faces.examples import labelled_rows

CARRIED = ("valence", "arousal")
"""Columns of numbers that a synthetic face has from its donor."""
CELL = 0.5
"""Side of the squares into which the plane of valence and arousal, each in [-1, 1], is divided for donors by affect."""
CALM = 0.25
"""Distance from the plane's middle below which a face is no donor: neutral faces are there already."""
MAP_FACES = 1000
"""Faces of the train split, whatever they show, of which it is learnt how meshes move where there are no donors."""
STRENGTH, PARTED = 0.7, 0.3
"""Of a blendshape that substitutes an action unit of a prototype, at a gain of 1; and of one that parts the lips,
between which nothing but darkness can be shown."""
PARTS_LIPS = frozenset({"jaw open", *(shape for unit in (10, 16) for shape in ACTION_UNITS[unit])})


@dataclass(frozen=True)
class Parents:
    """Faces of which synthetic ones are made."""

    #: Of shape (n,), int64. Rows of the faces that are given expressions, in the order in which they are taken.
    neutral: np.ndarray
    #: Of shape (m,), int64. Rows of the faces that show each expression, by class or by cell of the plane of valence
    #: and arousal; empty where it comes from action units.
    donors: Mapping[str, np.ndarray]
    #: Of shape (u,), int64. Rows of further faces of which no label is read: how they differ says how meshes move.
    unlabelled: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Ndarray of shape (k,), int64: all of them, ascending."""
        return np.unique(np.concatenate([self.neutral, *self.donors.values(), self.unlabelled]))


@dataclass(frozen=True)
class PlannedFace:
    """A face to be made; ``donor`` is a row, or None where the expression comes from action units.

    ``label`` is a class, or a cell of the plane of valence and arousal: then the face has its donor's class.
    """

    label: str
    number: int
    neutral: int
    donor: int | None
    gain: float

    def entry(self, dataset: Dataset, gain: float) -> FaceEntry:
        """Return its entry, made with some gain, in the plan of a data set: train split, parents by their ids."""
        donor = "" if self.donor is None else str(dataset.ids[self.donor])
        neutral = str(dataset.ids[self.neutral])
        address = f"synthetic/{self.label}/{self.number:06d}/{neutral}+{donor or 'action_units'}"
        numbers = {} if self.donor is None else {
            name: f"{dataset[name][self.donor]:g}" for name in carried(dataset)
            if np.isfinite(dataset[name][self.donor])}
        return FaceEntry(face_id(address, 0, 1, 0, 1), address, annotations={
            "label": self.label if self.donor is None else str(dataset.labels[self.donor]), "split": "train",
            "neutral": neutral, "donor": donor, "gain": f"{gain:.4f}",
            **numbers})


def carried(dataset: Dataset) -> tuple[str, ...]:
    """Return the columns of a data set that synthetic faces have from their donors."""
    return tuple(name for name in CARRIED if dataset.columns.get(name) == "number")


def choose_parents(dataset: Dataset, settings: SynthesizeSettings) -> Parents:
    """Choose neutral faces and donors of the train split, at most as many of each class as faces are made of it.

    Raises `InputError` if there is no neutral face, no other class that can be made, or no votes where agreement is
    asked for.
    """
    if settings.neutral not in dataset.classes:
        raise InputError(f"neutral: {dataset.folder} has no class {settings.neutral!r}: "
                         f"{nearest(settings.neutral, dataset.classes)}")
    rows = labelled_rows(dataset, "train", settings.label_fraction, settings.seed, "label_fraction")
    labels = dataset.labels[rows]
    agreed = _agreement(dataset, rows, settings) >= settings.min_agreement
    rng = np.random.default_rng([settings.seed, 0])

    def some(chosen: np.ndarray) -> np.ndarray:
        return rng.permutation(rows[chosen])[:settings.per_class]

    neutral = some(labels == settings.neutral)
    others = [name for name in dataset.classes if name != settings.neutral]
    unlabelled = np.empty(0, np.int64)
    if settings.by == "affect":
        cells = _affect_cells(dataset, rows)
        donors = {name: some((cells == name) & agreed) for name in sorted(set(cells.tolist()) - {""})}
    elif settings.by == "donors":
        donors = {name: some((labels == name) & agreed) for name in others}
        donors = {name: of_class for name, of_class in donors.items() if len(of_class)}
    else:
        donors = {name: np.empty(0, np.int64) for name in others if name in PROTOTYPES}
        unlabelled = rng.permutation(dataset.learnable_rows("train"))[:MAP_FACES]
    if not len(neutral) or not donors:
        lacking = f"{settings.neutral} face" if not len(neutral) else "donor of another class"
        raise InputError(f"{dataset.folder}: there is no {lacking} among {len(rows)} faces of the train split")
    return Parents(neutral, donors, unlabelled)


def _affect_cells(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return the cell of each face, such as ``v+0.25_a-0.75`` by its middle, ``""`` of calm or unrated ones: (n,), str.

    Raises
    ------
    InputError
        If the data set has no numbers of valence and arousal.
    """
    if lacking := [name for name in CARRIED if name not in carried(dataset)]:
        raise InputError(f"by: affect: {dataset.folder} has no numbers {' and '.join(lacking)}; import them by "
                         f"annotations: [{', '.join(CARRIED)}]")
    rated = np.stack([dataset[name][rows] for name in CARRIED], axis=1).astype(np.float64)
    last = 1 / CELL - 1
    return np.array(["" if not np.isfinite(place).all() or np.hypot(*place) < CALM else "v{:+.2f}_a{:+.2f}".format(
        *(CELL * (np.clip(np.floor(place / CELL), -last - 1, last) + 0.5))) for place in rated])


def _agreement(dataset: Dataset, rows: np.ndarray, settings: SynthesizeSettings) -> np.ndarray:
    """Return the share of each face's votes that are for its label; 1 where nothing is asked: (n,), float64."""
    if not settings.min_agreement:
        return np.ones(len(rows))
    votes = {name: dataset[f"votes_{name}"][rows] for name in dataset.classes if f"votes_{name}" in dataset.columns}
    if not votes:
        raise InputError(f"min_agreement: {dataset.folder} has no columns of votes, such as votes_{settings.neutral}")
    total = np.nansum(list(votes.values()), axis=0, dtype=np.float64)
    labels = dataset.labels[rows]
    of_label = np.array([votes[label][place] if label in votes else 0.0 for place, label in enumerate(labels.tolist())])
    shares: np.ndarray = np.divide(np.nan_to_num(of_label), total, out=np.zeros(len(rows)), where=total > 0)
    return shares


def plan_faces(parents: Parents, usable: np.ndarray, settings: SynthesizeSettings) -> list[PlannedFace]:
    """Return all faces to be made, by class: neutral faces in turn, donors and gains by chance.

    Parameters
    ----------
    usable : ndarray of shape (n,), bool
        By row of the data set: whether its landmarks are known well enough.

    Raises
    ------
    InputError
        If no neutral face, or no donor, can be used.
    """
    rng = np.random.default_rng([settings.seed, 1])
    neutral = parents.neutral[usable[parents.neutral]]
    planned = []
    for label, rows in parents.donors.items():
        donors = rows[usable[rows]]
        if len(rows) and not len(donors):
            continue
        chosen = rng.integers(len(donors), size=settings.per_class) if len(rows) else None
        gains = rng.uniform(*settings.gain, size=settings.per_class)
        for number in range(settings.per_class if len(neutral) else 0):
            planned.append(PlannedFace(label, number, int(neutral[number % len(neutral)]),
                                       None if chosen is None else int(donors[chosen[number]]), float(gains[number])))
    if not planned:
        raise InputError("the landmark model is sure of no frontal neutral face and donor of the train split; "
                         "expected cut-out faces that look at the camera")
    return planned


def blendshapes_of(label: str, names: Sequence[str] = MODEL_NAMES) -> np.ndarray:
    """Return by how much each blendshape rises in the prototype of a class: ndarray of shape (52,), float64.

    What one side of a face does alone, the person's left does here.
    """
    shapes = {**ACTION_UNITS, ONE_SIDED: tuple(left for left, _ in SIDES)}
    moved = {shape for unit in PROTOTYPES[label] for shape in shapes[unit]}
    return np.array([(PARTED if name in PARTS_LIPS else STRENGTH) * (name in moved) for name in names])
