"""In which order labelled faces are asked for their emotion, where not all of them may be."""

import numpy as np


def order_of_asking(labels: np.ndarray, seed: int, *, balanced: bool) -> np.ndarray:
    """Order labelled faces by chance, evenly or so that emotions come alike often.

    Balanced, a face comes next with a chance proportional to 1 / (number of faces of its emotion): weighted sampling
    without replacement (Efraimidis and Spirakis, 2006, Information Processing Letters 97, algorithm A). Whatever comes
    first, of all faces or of those of one cluster, then holds emotions as a class-balanced set would, until the rarest
    are used up.

    Parameters
    ----------
    labels : ndarray of shape (m,), str
    seed : int
    balanced : bool

    Returns
    -------
    ndarray of shape (m,), int64
        Positions of the faces, the first to be asked first.
    """
    chance = np.random.default_rng(seed)
    if not balanced:
        return chance.permutation(len(labels))
    _, emotion, count = np.unique(labels, return_inverse=True, return_counts=True)
    # The largest u ** (1 / weight) comes first; in logarithms, since weights differ a hundredfold.
    return np.argsort(-np.log1p(-chance.random(len(labels))) * count[emotion], kind="stable")
