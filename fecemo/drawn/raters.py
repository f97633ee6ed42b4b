"""Simulated raters: which of three faces shows the odd expression out."""

from collections.abc import Sequence

import numpy as np

from fecemo.drawn.expression import ACTIONS, Expression

TRIPLET_TYPES = ("ONE_CLASS_TRIPLET", "TWO_CLASS_TRIPLET", "THREE_CLASS_TRIPLET")
_PAIRS = ((1, 2), (0, 2), (0, 1))
"""The pair that is left when each face is the odd one."""


def expression_distance(first: Expression, second: Expression) -> float:
    """Return how far apart two expressions are: Euclidean over the actions, a dimple of either side being the same.

    Returns
    -------
    float
        0 for equal actions; about 1.5 to 2.5 between prototypes.
    """
    return float(np.linalg.norm(_as_seen(first) - _as_seen(second)))


def rate_triplet(
    rng: np.random.Generator, faces: Sequence[Expression], raters: int = 6, noise: float = 0.25
) -> list[int]:
    """Ask raters which of three faces is the odd one out.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    faces : sequence of three Expression
        What the faces do.
    raters : int
        How many are asked.
    noise : float
        Standard deviation of a rater's error on each distance.

    Returns
    -------
    list of int
        Each rater's answer, 1 to 3.
    """
    distances = np.array([expression_distance(faces[i], faces[j]) for i, j in _PAIRS])
    seen = distances + rng.normal(0.0, noise, (raters, 3))
    return [int(odd) + 1 for odd in seen.argmin(axis=1)]


def sample_triplets(
    rng: np.random.Generator, emotions: Sequence[str], count: int
) -> list[tuple[tuple[int, int, int], str]]:
    """Choose triplets of faces, a third of each type as far as the faces allow.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    emotions : sequence of str
        Each face's emotion.
    count : int
        How many triplets; fewer than three faces give none.

    Returns
    -------
    list of (tuple of three int, str)
        Positions of three different faces in random order, and one of `TRIPLET_TYPES`: how many emotions they show.
    """
    if len(emotions) < 3:
        return []
    labels = np.array(emotions)
    found = []
    for _ in range(count):
        wanted = int(rng.integers(1, 4))
        anchor = int(rng.integers(len(labels)))
        same, other = labels == labels[anchor], labels != labels[anchor]
        same[anchor] = False
        first_pool = same if wanted < 3 else other
        first = (
            int(rng.choice(np.flatnonzero(first_pool))) if first_pool.any() else _any_but(rng, len(labels), {anchor})
        )
        second_pool = same.copy() if wanted == 1 else other & (labels != labels[first])
        second_pool[first] = False
        second = (
            int(rng.choice(np.flatnonzero(second_pool)))
            if second_pool.any()
            else _any_but(rng, len(labels), {anchor, first})
        )
        chosen = [(anchor, first, second)[place] for place in rng.permutation(3)]
        kinds = len({str(labels[place]) for place in chosen})
        found.append(((chosen[0], chosen[1], chosen[2]), TRIPLET_TYPES[kinds - 1]))
    return found


def _any_but(rng: np.random.Generator, count: int, taken: set[int]) -> int:
    return int(rng.choice([place for place in range(count) if place not in taken]))


def _as_seen(expression: Expression) -> np.ndarray:
    actions = {name: getattr(expression, name) for name in ACTIONS}
    actions["dimple_left"] = max(expression.dimple_left, expression.dimple_right)
    actions["dimple_right"] = 0.0
    return np.array(list(actions.values()))
