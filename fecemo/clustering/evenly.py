"""Even out a pile of faces without a label: K-means of the centres of many small clusters.

K-means spends its centres where faces are many: a pile that is mostly one thing, such as neutral faces looking ahead,
gets most of them there. The centres of many small clusters lie more evenly than the faces do, and the centres of
clusters of those more evenly still (Vo et al. 2024, "Automatic Data Curation for Self-Supervised Learning: A
Clustering-Based Approach", section 3.3: hierarchical K-means; in d dimensions each level turns a density p into about
p^(d / (d + 2)), so that it helps most where faces differ in few ways).
"""

from dataclasses import replace

import numpy as np

from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.starts import best_starts

FEWEST = 4
"""Faces of a small cluster, on average, at the least: fewer faces make fewer small clusters."""
PASSES = 5
"""Over all faces, in minibatches: small clusters need not be settled to lie evenly."""


def even_pile(values: np.ndarray, settings: KMeansSettings, seed: int, what: str = "embeddings") -> np.ndarray:
    """Return the centres of the last level of small clusters: what is clustered in place of the faces.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Finite; usually a memory map.
    settings : KMeansSettings
        With ``even``, how many small clusters each level has. Each small cluster has four faces, or four smaller
        clusters, on average at the least, and no level has fewer of them than ``n_clusters``.
    seed : int
    what : str
        For progress.

    Returns
    -------
    ndarray of shape (m, d), float32
    """
    pile = values
    for level, wanted in enumerate(settings.even):
        small = max(settings.n_clusters, min(wanted, len(pile) // FEWEST))
        if small >= len(pile):
            break
        level_settings = replace(settings, n_clusters=small, n_init=1, max_iter=PASSES, algorithm="minibatch", even=())
        pile = best_starts(pile, level_settings, [[seed, level]], f"{what}, {small} small")[0].centres
    return np.asarray(pile, np.float32)
