"""Local, Global and Paired similarity of labelled data sets (Gaya-Morey et al., "Evaluating FER Datasets", 2025).

All three are read off one matrix A: A(a, b) is how well learning from set a prepares for set b, there the macro F1 in
the mean over folds. The text of the study was not at hand; the formulas are those of its authors' published notebooks.
"""

from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError


@dataclass(frozen=True)
class Similarities:
    """The three similarities of D data sets."""

    #: A(d, d), how easy a set is by itself: of shape (D,), float64.
    local: np.ndarray
    #: Mean of A(d, b) over b ≠ d, how well a set prepares for the others: of shape (D,), float64.
    global_: np.ndarray
    #: A(a, b) / A(b, b), row learned from, column met: how much of what b gives by itself a gives for it. 1 on the
    #: diagonal, above 1 where a prepares better for b than b does, 0 where A(b, b) is 0: of shape (D, D), float64.
    paired: np.ndarray


def similarities(scores: np.ndarray) -> Similarities:
    """Return Local, Global and Paired similarity.

    Parameters
    ----------
    scores : ndarray of shape (D, D), float
        A, row learned from, column met; D ≥ 2, at least 0. Paired is a ratio of means, so that A is averaged first.

    Raises
    ------
    InputError
        If it is no square matrix of two sets or more, or holds anything but numbers of at least 0.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise InputError(f"similarities need a square matrix of two sets or more, got shape {scores.shape}")
    if not (np.isfinite(scores) & (scores >= 0)).all():
        raise InputError("similarities need scores of at least 0, got a negative one or one that is no number")
    local = np.diagonal(scores).copy()
    abroad = (scores.sum(axis=1) - local) / (len(scores) - 1)
    paired = np.divide(scores, local, out=np.zeros_like(scores), where=local > 0)
    return Similarities(local, abroad, paired)
