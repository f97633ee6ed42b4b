"""Pass over embeddings of any size in blocks of bounded memory, with the same result on any number of cores."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module

import numpy as np

from fecemo.errors import StoredStateError

BLOCK_BYTES = 64 * 2**20
WHOLE_BYTES = 512 * 2**20
"""Embeddings up to this size are given to a library whole; larger ones are passed over in blocks."""


def row_blocks(values: np.ndarray) -> Iterator[slice]:
    """Yield slices of rows of (n, d) vectors, usually a memory map, that hold about `BLOCK_BYTES` each."""
    rows = max(1, BLOCK_BYTES // max(1, values.shape[1] * values.itemsize))
    for start in range(0, len(values), rows):
        yield slice(start, min(start + rows, len(values)))


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS and OpenMP use one thread.

    Sums taken by several threads depend on how many there are, and K-means can turn a difference in the last bit into
    another clustering.
    """
    from threadpoolctl import threadpool_limits

    load_threads()
    return threadpool_limits(limits=1)


def n_threads() -> int:
    """Return the threads that OpenMP would use: the cores of this process, or what OMP_NUM_THREADS says."""
    from threadpoolctl import threadpool_info

    load_threads()
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"), default=1)


def load_threads() -> None:
    """Load the libraries that have threads: those loaded later are not limited.

    OpenMP's threads are to sleep while they wait for one another, unless the environment says otherwise. By default
    they spin, hundreds of times a second: on a machine with other work they then burn the very time that those they
    wait for need, and two threads take far longer than one. OpenMP reads the policy once, when it is loaded.
    """
    policy = "OMP_WAIT_POLICY"
    is_set = policy in os.environ
    os.environ.setdefault(policy, "passive")
    try:
        import_module("sklearn.cluster")  # with it SciPy's BLAS, and OpenMP
    finally:
        if not is_set:
            del os.environ[policy]


def distances_to(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return Euclidean distances of shape (n, k), float32, of (n, d) vectors to (k, d) centres, block by block."""
    from sklearn.metrics.pairwise import euclidean_distances

    distances = np.empty((len(values), len(centres)), np.float32)
    for rows in row_blocks(values):
        distances[rows] = euclidean_distances(values[rows], centres)
    return distances


def require_finite(values: np.ndarray, title: str) -> None:
    """Check that embeddings are a vector a face, of numbers whose summed squared distances fit into float32 too.

    Raises `StoredStateError` if they are not, or a value is NaN or infinite, or too large; the first such row is named.
    """
    if values.ndim != 2 or not values.shape[1] or values.dtype.kind not in "fiu":
        raise StoredStateError(f"{title}: expected one vector of numbers a face, got an array of shape {values.shape} "
                               f"and type {values.dtype}; run embed again")
    largest = float(np.finfo(np.float32).max) / (4 * len(values)) if len(values) else 0.0
    for rows in row_blocks(values):
        squared_lengths = np.einsum("ij,ij->i", values[rows], values[rows], dtype=np.float64)
        sound = squared_lengths <= largest  # false of NaN
        if not sound.all():
            first = int(np.argmin(sound))
            fault = ("values too large for distances to be numbers" if np.isfinite(squared_lengths[first]) else
                     "a value that is NaN or infinite")
            raise StoredStateError(f"{title}: row {rows.start + first} holds {fault}; the training has probably "
                                   "diverged: lower its learning rate, then run train and embed again")


def n_distinct(values: np.ndarray, enough: int) -> int:
    """Return how many distinct rows there are, counting no further than ``enough``."""
    distinct: set[bytes] = set()
    for rows in row_blocks(values):
        for vector in values[rows] + np.float32(0):  # which makes -0 and 0 the same bytes
            distinct.add(vector.tobytes())
            if len(distinct) >= enough:
                return len(distinct)
    return len(distinct)
