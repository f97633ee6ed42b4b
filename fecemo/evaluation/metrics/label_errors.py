"""Labels that are doubtful, by confident learning (Northcutt, Jiang and Chuang, JAIR 2021)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelErrors:
    """Which labels are doubtful, and what the faces probably show."""

    #: Of shape (n,), int64. Class that a face confidently belongs to in the place of its label; -1 where the label may
    #: be right.
    suggested: np.ndarray
    #: Of shape (n,), float64. Probability of the label minus that of the suggested class, or of the best other; the
    #: lower, the surer.
    margin: np.ndarray
    #: Of shape (c,), float64. Mean probability of each class over the faces that bear it; NaN for a class without
    #: faces.
    thresholds: np.ndarray


def find_label_errors(probabilities: np.ndarray, labels: np.ndarray) -> LabelErrors:
    """Return the off-diagonal of the confident joint (equations 1 and 2).

    A face is counted as class j where p_j is at least the mean p_j of the faces labelled j; of several such classes, as
    the most probable. Where that is not its label, the label is doubtful.

    Parameters
    ----------
    probabilities : ndarray of shape (n, c), float
        Of each face, by what learnt from other faces.
    labels : ndarray of shape (n,), int
        From 0 to c - 1.
    """
    n, c = probabilities.shape
    probabilities = np.asarray(probabilities, np.float64)
    thresholds = np.array([probabilities[labels == each, each].mean() if (labels == each).any() else np.nan
                           for each in range(c)])
    confident = np.where(probabilities >= np.where(np.isnan(thresholds), np.inf, thresholds), probabilities, -1.0)
    likeliest = confident.argmax(axis=1)
    suggested = np.where((confident.max(axis=1) >= 0) & (likeliest != labels), likeliest, -1)
    of_label = probabilities[np.arange(n), labels]
    others = probabilities.copy()
    others[np.arange(n), labels] = -1
    against = np.where(suggested >= 0, probabilities[np.arange(n), suggested], others.max(axis=1))
    return LabelErrors(suggested, of_label - against, thresholds)
