"""Which faces are used, and in which order: functions of a seed and of what they are for, with no state to keep."""

import zlib
from collections.abc import Iterator

import numpy as np


def drawn_rows(n_rows: int, faces: int | None, seed: int) -> np.ndarray:
    """Return the rows that a limited training set keeps.

    Parameters
    ----------
    n_rows : int
        Rows of the data set.
    faces : int or None
        How many to keep; all where this is None or there are not more.

    Returns
    -------
    ndarray of shape (min(n_rows, faces),), int64
        Ascending.
    """
    if faces is None or faces >= n_rows:
        return np.arange(n_rows)
    return np.sort(_generator(seed, "faces").permutation(n_rows)[:faces])


def epoch_order(n_faces: int, seed: int, phase: str, epoch: int) -> np.ndarray:
    """Return the order in which an epoch goes through its faces: a permutation of ``arange(n_faces)``, int64.

    A resumed run asks for the epoch it stopped in and gets what an unbroken run had.
    """
    return _generator(seed, f"{phase}/{epoch}").permutation(n_faces)


def balanced_order(classes: np.ndarray, seed: int, phase: str, epoch: int) -> np.ndarray:
    """Return an epoch's faces drawn with replacement, all classes equally likely: ndarray of shape (n,), int64.

    Parameters
    ----------
    classes : ndarray of shape (n,), int
        Of each face; -1, where it is not known, counts as a class.
    seed, phase, epoch
        See `epoch_order`.
    """
    _, members, counts = np.unique(classes, return_inverse=True, return_counts=True)
    likely = 1 / counts[members]
    return _generator(seed, f"{phase}/{epoch}").choice(len(classes), len(classes), p=likely / likely.sum())


def padded_batches(order: np.ndarray, batch_size: int, devices: int = 1) -> Iterator[tuple[np.ndarray, int]]:
    """Yield ``(positions, n)``: batches all of one size, of which the first ``n`` count.

    One size means one compiled step. What a batch lacks is filled up with the first faces of the order, at no weight:
    the last batch to ``batch_size``, and every batch to a multiple of ``devices``, which share it out. They are not one
    face over and over, because layers that normalize batches look at them too.
    """
    size = batch_size + -batch_size % devices
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        filling = np.resize(order, size - len(batch))
        yield np.concatenate([batch, filling]), len(batch)


def _generator(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])
