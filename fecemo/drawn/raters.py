"""Simulated raters: which of three faces shows the odd expression out."""

from collections.abc import Sequence

import numpy as np

from fecemo.data.face_lists import TRIPLET_TYPES
from fecemo.drawn.expression import ACTIONS, Expression

_PAIRS = ((1, 2), (0, 2), (0, 1))
"""The pair that is left when each face is the odd one."""
RATING_ERROR = 0.25
"""Standard deviation of a rater's error on each distance."""


def expression_distance(first: Expression, second: Expression) -> float:
    """Return how far apart two expressions are: Euclidean over the actions, a dimple of either side being the same.

    0 for equal actions; about 1.5 to 2.5 between prototypes.
    """
    return float(np.linalg.norm(_as_seen(first) - _as_seen(second)))


def rate_triplet(rng: np.random.Generator, faces: Sequence[Expression], raters: int = 6) -> list[int]:
    """Ask raters which of three faces is the odd one out; return each rater's answer, 1 to 3."""
    distances = np.array([expression_distance(faces[i], faces[j]) for i, j in _PAIRS])
    perceived = distances + rng.normal(0.0, RATING_ERROR, (raters, 3))
    return [int(odd) + 1 for odd in perceived.argmin(axis=1)]


def sample_triplets(rng: np.random.Generator, emotions: Sequence[str],
                    count: int) -> list[tuple[tuple[int, int, int], str]]:
    """Choose triplets of faces, a third of each type as far as the faces allow; fewer than three faces give none.

    Returns
    -------
    list of (tuple of three int, str)
        Positions of three different faces in random order, and one of `TRIPLET_TYPES`: how many emotions they show.
    """
    if len(emotions) < 3:
        return []
    labels = np.array(emotions)
    triplets = []
    for _ in range(count):
        n_emotions = int(rng.integers(1, 4))
        anchor = int(rng.integers(len(labels)))
        same, different = labels == labels[anchor], labels != labels[anchor]
        same[anchor] = False
        first = _any_of(rng, same if n_emotions < 3 else different, {anchor})
        pool = same.copy() if n_emotions == 1 else different & (labels != labels[first])
        pool[first] = False
        second = _any_of(rng, pool, {anchor, first})
        chosen = [(anchor, first, second)[place] for place in rng.permutation(3)]
        kinds = len({str(labels[place]) for place in chosen})
        triplets.append(((chosen[0], chosen[1], chosen[2]), TRIPLET_TYPES[kinds - 1]))
    return triplets


def _any_of(rng: np.random.Generator, pool: np.ndarray, taken: set[int]) -> int:
    """Return a place of the pool; where that is empty, any place that is not taken."""
    return int(rng.choice(np.flatnonzero(pool) if pool.any() else [n for n in range(len(pool)) if n not in taken]))


def _as_seen(expression: Expression) -> np.ndarray:
    actions = {name: getattr(expression, name) for name in ACTIONS}
    actions["dimple_left"] = max(expression.dimple_left, expression.dimple_right)
    actions["dimple_right"] = 0.0
    return np.array(list(actions.values()))
