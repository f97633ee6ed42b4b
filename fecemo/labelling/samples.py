"""Which faces of a group a person is shown: chosen by a stated rule, a few at a time, never the same face twice."""

from collections.abc import Callable, Mapping

import numpy as np

from fecemo.data.cluster_parts import key_order
from fecemo.errors import InputError, nearest
from fecemo.labelling.groups import Groups


def sample_faces(rule: str, groups: Groups, key: str, *, count: int, start: int = 0, seed: int = 0) -> np.ndarray:
    """Return the next faces of a group.

    Parameters
    ----------
    rule : {"random", "nearest", "farthest", "borderline"}
        ``random`` as published, by seed; nearest to the centre, or farthest from it; ``borderline`` faces are nearly
        as near to another centre.
    groups : Groups
    key : str
        The group.
    count : int
        Faces wanted, at least 1; there may be fewer left.
    start : int
        Faces of this group and rule that were shown before.
    seed : int

    Returns
    -------
    ndarray of shape (m,), int64
        Positions among the source faces; of equally ranked ones the first comes first.

    Raises
    ------
    InputError
        For an unknown rule, naming the nearest, or a group that does not exist.
    """
    if rule not in RULES:
        raise InputError(f"there is no rule {rule!r} for samples: {nearest(rule, RULES)}")
    at, members = groups.at(key), groups.members(key)
    cluster, part = key_order(key)
    rank = RULES[rule](groups.distances[members], at, np.random.default_rng([seed, cluster, *part.encode()]))
    return members[np.argsort(rank, kind="stable")][start : start + count]


def _random(distances: np.ndarray, at: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(len(distances))


def _nearest(distances: np.ndarray, at: int, rng: np.random.Generator) -> np.ndarray:
    return distances[:, at]


def _farthest(distances: np.ndarray, at: int, rng: np.random.Generator) -> np.ndarray:
    return -distances[:, at]


def _margin(distances: np.ndarray, at: int, rng: np.random.Generator) -> np.ndarray:
    return np.delete(distances, at, axis=1).min(axis=1) - distances[:, at]


RULES: Mapping[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "random": _random, "nearest": _nearest, "farthest": _farthest, "borderline": _margin,
}
"""Each ranks the faces of a group; the lowest come first."""
