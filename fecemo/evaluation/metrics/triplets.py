"""How often an embedding agrees with raters on which of three faces is the odd one out: measured, and stored of a cell.

The triplet prediction accuracy of the papers on facial expression similarity, from Vemulapalli and Agarwala 2019 on: an
answer is right where the other two faces lie nearer to each other than either lies to the odd one.
"""

import math
from dataclasses import dataclass

import numpy as np

from fecemo.evaluation.metrics.intervals import wilson_interval
from fecemo.evaluation.records.score import Interval
from fecemo.evaluation.records.stored import RecordFile

BLOCK = 1 << 14
"""Triplets whose vectors are held at a time."""


@dataclass(frozen=True)
class TypeShare:
    """Answers to triplets of one type."""

    n_triplets: int
    accuracy: float  #: Share of them that is right.


@dataclass(frozen=True)
class TripletTest:
    """Answers of one cell to triplets of faces from which nothing learns."""

    approach: str
    variant: str
    recipe: str
    n_triplets: int  #: Those on which raters agree.
    n_left_out: int  #: Further triplets that were not asked, because rows learn from one of their faces.
    n_faces: int  #: In the triplets.
    accuracy: float  #: Share of the triplets whose odd face is recognised; 1/3 by guessing.
    interval: Interval
    confidence: float
    by_type: dict[str, TypeShare]  #: By those of `fecemo.data.face_lists.TRIPLET_TYPES` that there are.


TRIPLET_TEST_RECORD = RecordFile("triplets.json", "fecemo.triplet_test/1", TripletTest, "triplet_test")


def odd_one_correct(vectors: np.ndarray, triplets: np.ndarray) -> np.ndarray:
    """Tell of each triplet whether its odd face lies farther from both others than those from each other.

    Parameters
    ----------
    vectors : ndarray of shape (n, d), float
    triplets : ndarray of shape (m, 3), int
        Rows of ``vectors``, the odd face last.

    Returns
    -------
    ndarray of shape (m,), bool
        Faces that lie equally far tell nothing: False.
    """
    correct = np.zeros(len(triplets), bool)
    for start in range(0, len(triplets), BLOCK):
        first, second, odd = (np.asarray(vectors[rows], np.float64) for rows in triplets[start:start + BLOCK].T)
        pair, *apart = (np.linalg.norm(a - b, axis=1) for a, b in ((first, second), (first, odd), (second, odd)))
        correct[start:start + BLOCK] = pair < np.minimum(*apart)
    return correct


def share_interval(correct: np.ndarray, triplets: np.ndarray, confidence: float) -> Interval:
    """Return the interval of the share of right answers, to triplets that share faces.

    Answers about one face are alike, so that so many triplets tell less than as many of other faces each. The variance
    is summed over all pairs of triplets that share a face (dyadic-robust variance, Aronow, Samii and Assenova 2015,
    with three faces in the place of two); pairs that share two faces count twice. The interval is never shorter than
    Wilson's, which it is where no two share any.

    Parameters
    ----------
    correct : ndarray of shape (m,), bool
        At least one.
    triplets : ndarray of shape (m, 3), int
    confidence : float
        In (0, 1).
    """
    from scipy.stats import norm

    n, share = len(correct), float(correct.mean())
    plain = wilson_interval(share, n, confidence)
    rest = correct - share
    of_faces = np.zeros(int(triplets.max()) + 1)
    np.add.at(of_faces, triplets.ravel(), np.repeat(rest, 3))
    # Each triplet has met itself by each of its faces; once is right.
    variance = (np.square(of_faces).sum() - 2 * np.square(rest).sum()) / n**2
    if variance <= share * (1 - share) / n * (1 + 1e-9):  # equal where no two share a face, but for rounding
        return plain
    reach = float(norm.ppf((1 + confidence) / 2)) * math.sqrt(variance)
    return Interval(max(0.0, min(plain.low, share - reach)), min(1.0, max(plain.high, share + reach)))
