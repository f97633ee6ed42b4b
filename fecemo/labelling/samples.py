"""Which faces of a cluster a person is shown: chosen by a stated rule, a few at a time, never the same face twice."""

from collections.abc import Callable, Mapping

import numpy as np

from fecemo.errors import InputError, nearest


def sample_faces(rule: str, cluster: int, clusters: np.ndarray, distances: np.ndarray, *, count: int, start: int = 0,
                 seed: int = 0) -> np.ndarray:
    """Return the next faces of a cluster.

    Parameters
    ----------
    rule : {"random", "nearest", "farthest", "borderline"}
        ``random`` as published, by seed; nearest to the centre, or farthest from it; ``borderline`` faces are nearly
        as near to another centre.
    cluster : int
    clusters : ndarray of shape (n,), int
        Every face's cluster.
    distances : ndarray of shape (n, k), float
        Every face's distance to each centre.
    count : int
        Faces wanted, at least 1; there may be fewer left.
    start : int
        Faces of this cluster and rule that were shown before.
    seed : int

    Returns
    -------
    ndarray of shape (m,), int64
        Positions among the n faces; of equally ranked ones the first comes first.

    Raises
    ------
    InputError
        For an unknown rule, naming the nearest, or a cluster that does not exist.
    """
    if rule not in RULES:
        raise InputError(f"there is no rule {rule!r} for samples: {nearest(rule, RULES)}")
    if not 0 <= cluster < distances.shape[1]:
        raise InputError(f"there is no cluster {cluster}; there are 0 to {distances.shape[1] - 1}")
    members = np.flatnonzero(clusters == cluster)
    rank = RULES[rule](distances[members], cluster, np.random.default_rng([seed, cluster]))
    return members[np.argsort(rank, kind="stable")][start : start + count]


def _random(distances: np.ndarray, cluster: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(len(distances))


def _nearest(distances: np.ndarray, cluster: int, rng: np.random.Generator) -> np.ndarray:
    return distances[:, cluster]


def _farthest(distances: np.ndarray, cluster: int, rng: np.random.Generator) -> np.ndarray:
    return -distances[:, cluster]


def _margin(distances: np.ndarray, cluster: int, rng: np.random.Generator) -> np.ndarray:
    return np.delete(distances, cluster, axis=1).min(axis=1) - distances[:, cluster]


RULES: Mapping[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "random": _random, "nearest": _nearest, "farthest": _farthest, "borderline": _margin,
}
"""Each ranks the faces of a cluster; the lowest come first."""
