"""The labelled faces of the train split, or a sample of them."""

import numpy as np

from fecemo.data.classes import EMOTIONS
from fecemo.data.dataset import ANNOTATIONS_NAME, Dataset
from fecemo.data.splits import stratified_sample
from fecemo.errors import InputError, nearest
from fecemo.study.faces.example_set import ExampleSet
from fecemo.study.faces.run_faces import RunFaces
from fecemo.training.examples import Examples, held_out
from fecemo.training.order import drawn_rows
from fecemo.training.settings import FitSettings


def _draw(faces: RunFaces, fit: FitSettings, seed: int, key: str) -> tuple[Examples, Examples | None]:
    pack = faces.pack
    rows = labelled_rows(pack, fit.label_fraction, seed, f"{key}.label_fraction")
    examples = _labelled(pack, rows[drawn_rows(len(rows), fit.faces, seed)])
    if fit.validate_on is None:
        return examples, None
    if fit.validate_on != "valid":
        return held_out(examples, fit.validate_on, seed)
    stored = pack.rows_in("valid")
    if not len(stored):
        raise InputError(f"{key}.validate_on: {pack.folder} has no validation split; give a share, such as 0.1, or "
                         "import the faces with target.valid_fraction")
    return examples, _labelled(pack, stored)


def labelled_rows(pack: Dataset, fraction: float | None, seed: int, key: str) -> np.ndarray:
    """Return the rows of the train split whose labels may be learnt from.

    Parameters
    ----------
    pack : Dataset
        The labelled faces with their stored splits.
    fraction : float or None
        Share of *all* labelled faces, as the study counts it; None takes the whole train split.
    seed : int
    key : str
        The recipe's key, for the message.

    Returns
    -------
    ndarray of shape (n,), int64
        Ascending.

    Raises
    ------
    InputError
        If the train split holds fewer faces than asked for.
    """
    train = pack.rows_in("train")
    if fraction is None:
        return train
    labelled = int(np.count_nonzero(pack.labels != ""))
    count = int(np.floor(fraction * labelled + 0.5))
    if count > len(train):
        raise InputError(f"{key}: {fraction:g} of {labelled} labelled faces are {count}, and the train split of "
                         f"{pack.folder} holds {len(train)}")
    return train[stratified_sample(pack.ids[train], pack.labels[train], count=count, seed=seed)]


def _labelled(pack: Dataset, rows: np.ndarray) -> Examples:
    """Return faces with their emotions as positions in `EMOTIONS`. Raises `InputError` for a label that is none."""
    labels = pack.labels[rows]
    for row, label in zip(rows, labels, strict=True):
        if label not in EMOTIONS:
            raise InputError(f"{pack.folder / ANNOTATIONS_NAME}: row {row} has the label {str(label)!r}, "
                             f"{nearest(str(label), EMOTIONS)}")
    return Examples(rows, {"label": np.array([EMOTIONS.index(label) for label in labels], np.int32)})


EXAMPLE_SET = ExampleSet(name="target", pack="target", gives=("face", "views", "label"), draw=_draw)
