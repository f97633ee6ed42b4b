"""How good a clustering is by itself, without any label."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

SILHOUETTE_FACES = 2000
SILHOUETTE_BYTES = 256 * 2**20


def silhouette_of_sample(values: np.ndarray, clusters: np.ndarray, seed: int) -> tuple[float, int]:
    """Return the mean silhouette coefficient of faces drawn by seed, and how many were drawn.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Usually a memory map.
    clusters : ndarray of shape (n,), int
    seed : int

    Returns
    -------
    silhouette : float
        In [-1, 1]; NaN where the sample holds a single cluster, or one face of each.
    faces : int
        2000, or fewer where there are fewer or their vectors would take more than 256 MiB.
    """
    from sklearn.metrics import silhouette_score

    wanted = min(len(values), SILHOUETTE_FACES, max(100, SILHOUETTE_BYTES // (values.shape[1] * values.itemsize)))
    rows = np.sort(np.random.default_rng(seed).choice(len(values), wanted, replace=False))
    if not 2 <= len(np.unique(clusters[rows])) < len(rows):
        return float("nan"), len(rows)
    return float(silhouette_score(values[rows], clusters[rows])), len(rows)


def agreement(labellings: Sequence[np.ndarray]) -> float:
    """Return the mean adjusted Rand index of all pairs of clusterings of the same faces; NaN for a single one."""
    from sklearn.metrics import adjusted_rand_score

    pairs = [adjusted_rand_score(one, other) for one, other in combinations(labellings, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")
