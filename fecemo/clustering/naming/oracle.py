"""The best names that could be: chosen with the scored labels in hand.

An upper bound and never a result, therefore no `NAMING` that a recipe could ask for; the evaluate stage alone calls it.
"""

from collections.abc import Sequence

import numpy as np


def name_by_oracle(truth: np.ndarray, clusters: np.ndarray, n_clusters: int,
                   emotions: Sequence[str]) -> tuple[dict[int, str], str]:
    """Return the names that the scored labels themselves favour.

    Parameters
    ----------
    truth : ndarray of shape (n,), str
    clusters : ndarray of shape (n,), int
        In 0 … ``n_clusters`` - 1.
    n_clusters : int
    emotions : sequence of str

    Returns
    -------
    names : dict of int to str
        With as many clusters as emotions each emotion names one cluster, so that most faces are right (the Hungarian
        method). Otherwise each cluster takes its most frequent emotion, of equally frequent ones the first, and a
        cluster without a scored face is named ``"skip"``.
    rule : {"one to one", "majority"}
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.array([[int(((clusters == cluster) & (truth == emotion)).sum()) for emotion in emotions]
                       for cluster in range(n_clusters)])
    if n_clusters == len(emotions):
        rows, columns = linear_sum_assignment(counts, maximize=True)
        return {int(row): emotions[column] for row, column in zip(rows, columns, strict=True)}, "one to one"
    best = counts.argmax(axis=1)
    names = {cluster: emotions[best[cluster]] if counts[cluster].any() else "skip" for cluster in range(n_clusters)}
    return names, "majority"
