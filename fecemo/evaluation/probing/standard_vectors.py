"""Embeddings of any width made comparable for linear models: standardised, and reduced where they are wide."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

WHOLE_BYTES = 256 * 2**20
"""Faces from which principal axes are found fit into this much memory; they are drawn where there are more."""
BLOCK_BYTES = 64 * 2**20
"""Vectors are read from disk in blocks of this size."""


@dataclass(frozen=True)
class StandardVectors:
    """How vectors are standardised, learned from some of them.

    Each number of a vector is shifted to mean 0 and scaled to variance 1. Vectors of more than ``components`` numbers
    are then projected onto that many principal axes and divided by one number, so that the mean variance is 1 again
    and the axes keep their proportions.

    Parameters
    ----------
    mean, deviation : ndarray of shape (d,), float32
    axes : ndarray of shape (c, d), float32, or None
        Orthonormal; None where nothing is reduced.
    spread : float
        Root of the mean variance along the axes.
    """

    mean: np.ndarray
    deviation: np.ndarray
    axes: np.ndarray | None
    spread: float

    def of(self, vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return standardised vectors of shape (len(rows), d or c), float32, reading ``vectors`` block by block."""
        width = len(self.mean) if self.axes is None else len(self.axes)
        found = np.empty((len(rows), width), np.float32)
        for at in _blocks(vectors, rows):
            standard = (vectors[rows[at]] - self.mean) / self.deviation
            found[at] = standard if self.axes is None else standard @ self.axes.T / self.spread
        return found


def fit_standard_vectors(vectors: np.ndarray, rows: np.ndarray, *, components: int, seed: int,
                         whole_bytes: int = WHOLE_BYTES) -> StandardVectors:
    """Learn how to standardise vectors.

    Parameters
    ----------
    vectors : ndarray of shape (n, d), float32
        Usually a memory map.
    rows : ndarray of shape (m,), int64
        Those to learn from; m ≥ 1.
    components : int
        Wider vectors are reduced to this many numbers.
    seed : int
        Of the faces drawn for the axes, and of the randomised method that finds them (Halko, Martinsson and Tropp,
        "Finding structure with randomness", 2011).
    whole_bytes : int
        Memory for the faces from which axes are found.

    Returns
    -------
    StandardVectors
        A number that is the same for all faces stays 0.
    """
    from sklearn.decomposition import PCA

    width = vectors.shape[1]
    mean, squares = np.zeros(width), np.zeros(width)
    for at in _blocks(vectors, rows):
        mean += vectors[rows[at]].sum(axis=0, dtype=np.float64) / len(rows)
    for at in _blocks(vectors, rows):
        squares += ((vectors[rows[at]] - mean) ** 2).sum(axis=0) / len(rows)
    deviation = np.sqrt(squares)
    # What moves by rounding alone says nothing, and must not be blown up to variance 1.
    deviation[deviation <= 1e-6 * np.maximum(np.abs(mean), np.finfo(np.float32).tiny)] = np.inf
    whole = StandardVectors(mean.astype(np.float32), deviation.astype(np.float32), None, 1.0)
    if width <= components:
        return whole
    most = max(components, whole_bytes // (width * 4))
    drawn = rows if len(rows) <= most else np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    found = PCA(min(components, len(drawn)), svd_solver="randomized", random_state=seed).fit(whole.of(vectors, drawn))
    spread = float(np.sqrt(found.explained_variance_.mean())) or 1.0
    return StandardVectors(whole.mean, whole.deviation, found.components_.astype(np.float32), spread)


def _blocks(vectors: np.ndarray, rows: np.ndarray) -> Iterator[slice]:
    size = max(1, BLOCK_BYTES // (8 * vectors.shape[1]))
    for start in range(0, len(rows), size):
        yield slice(start, start + size)
