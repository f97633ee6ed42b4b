"""Clusters that a person divided while naming: the halves found again, and the target faces put into them."""

import numpy as np

from fecemo.clustering.halves import Halves, halve
from fecemo.data.cluster_names import ClusterNames
from fecemo.data.cluster_parts import halves_of, key_order
from fecemo.errors import StoredStateError


def halve_group(values: np.ndarray, members: np.ndarray, seed: int, what: str) -> Halves:
    """Divide a group of source faces.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Embeddings of all source faces, usually a memory map.
    members : ndarray of shape (m,), int
        The group's faces, ascending.
    seed : int
    what : str
        For progress and messages.
    """
    return halve(values[members], seed, what)


def target_groups(names: ClusterNames, source: np.ndarray, source_clusters: np.ndarray, target: np.ndarray,
                  target_clusters: np.ndarray) -> np.ndarray:
    """Return every target face's group: its cluster's key, or that of the half into which it falls.

    Parameters
    ----------
    names : ClusterNames
        Says which groups were divided.
    source : ndarray of shape (n, d), float32
    source_clusters : ndarray of shape (n,), int
    target : ndarray of shape (t, d), float32
    target_clusters : ndarray of shape (t,), int

    Returns
    -------
    ndarray of shape (t,), str

    Raises
    ------
    StoredStateError
        If a group no longer falls into the halves that were named.
    """
    keys = [np.asarray(clusters).astype(str).astype(object) for clusters in (source_clusters, target_clusters)]
    for key in sorted(names.divided, key=key_order):
        members, others = (np.flatnonzero(found == key) for found in keys)
        what = f"{names.approach} {names.variant}, cluster {key}"
        halves = halve_group(source, members, names.seed, what)
        if halves.digest != names.divided[key]:
            raise StoredStateError(f"{what} divides into other halves than those that were named; name its halves anew")
        for found, where, second in ((keys[0], members, halves.second),
                                     (keys[1], others, halves.second_of(target[others], what))):
            found[where] = np.where(second, *reversed(halves_of(key)))
    return keys[1].astype(str)
