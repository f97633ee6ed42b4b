"""The labelled faces of the train split, or a sample of them."""

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.splits import stratified_sample
from fecemo.errors import InputError
from fecemo.study.faces.example_set import LABEL, ExampleSet, with_targets
from fecemo.study.faces.run_faces import RunFaces
from fecemo.training.examples import Examples, held_out
from fecemo.training.order import drawn_rows
from fecemo.training.settings import FitSettings


def _draw(faces: RunFaces, fit: FitSettings, seed: int, key: str) -> tuple[Examples, Examples | None]:
    pack = faces.pack
    rows = labelled_rows(pack, fit.label_fraction, seed, f"{key}.label_fraction")
    examples = _labelled(faces, rows[drawn_rows(len(rows), fit.faces, seed)], fit, key)
    if fit.validate_on is None:
        return examples, None
    if fit.validate_on != "valid":
        return held_out(examples, fit.validate_on, seed)
    stored = pack.rows_in("valid")
    if not len(stored):
        raise InputError(f"{key}.validate_on: {pack.folder} has no validation split; give a share, such as 0.1, or "
                         "import the faces with target.valid_fraction")
    return examples, _labelled(faces, stored, fit, key)


def _labelled(faces: RunFaces, rows: np.ndarray, fit: FitSettings, key: str) -> Examples:
    """Return examples with their labels, by which others are held out, and all other targets."""
    return with_targets(Examples(rows, {LABEL: faces.pack.label_codes()[rows]}), faces, fit, key)


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


EXAMPLE_SET = ExampleSet(name="target.train", pack="target", draw=_draw)
