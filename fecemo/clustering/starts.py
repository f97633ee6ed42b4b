"""Starts of K-means: several by k-means++, side by side on the cores there are, the same on any number of them."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.vectors import n_threads, one_thread
from fecemo.progress import progress

MINIBATCH_FACES, MINIBATCH_BYTES = 4096, 256 * 2**20
COPIES_BYTES = 2**31
"""So much memory may the starts that run side by side take for their copies of the embeddings."""


@dataclass(frozen=True)
class Start:
    """What one start of K-means came to.

    Parameters
    ----------
    centres : ndarray of shape (k, d), float32
    clusters : ndarray of shape (n,), int32
    inertia : float
    """

    centres: np.ndarray
    clusters: np.ndarray
    inertia: float


def best_starts(values: np.ndarray, settings: KMeansSettings, seeds: list[list[int]], what: str) -> list[Start]:
    """Return for each seed the start of least inertia.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Finite. ``"exact"`` copies it for each start at work; ``"minibatch"`` reads a memory map, and copies a batch.
    settings : KMeansSettings
    seeds : list of list of int
        What `numpy.random.default_rng` takes; each seed gives ``settings.n_init`` starts.
    what : str
        For progress.

    Returns
    -------
    list of Start
        One a seed.
    """
    from sklearn.exceptions import ConvergenceWarning

    at_once = max(1, min(n_threads(), COPIES_BYTES // max(1, values.nbytes)))
    states = [int(state) for seed in seeds
              for state in np.random.default_rng(seed).integers(2**31, size=settings.n_init)]
    best: list[Start | None] = [None] * len(seeds)
    # Warnings are silenced out here, because their filters are shared by all threads. Fewer distinct clusters than
    # asked for is found and explained by the caller. BLAS, too, has one number of threads for the whole process.
    with (progress(len(states), f"cluster {what}", "start") as bar, warnings.catch_warnings(), one_thread(),
          ThreadPoolExecutor(at_once) as threads):
        warnings.simplefilter("ignore", ConvergenceWarning)
        for at, start in enumerate(threads.map(lambda state: _start(values, settings, state), states)):
            of_seed = at // settings.n_init
            kept = best[of_seed]
            if kept is None or start.inertia < kept.inertia:
                best[of_seed] = start
            bar.update(1)
    return [start for start in best if start is not None]


def _start(values: np.ndarray, settings: KMeansSettings, state: int) -> Start:
    from sklearn.cluster import KMeans, MiniBatchKMeans

    batch = min(MINIBATCH_FACES, max(256, MINIBATCH_BYTES // (values.shape[1] * values.itemsize)))
    with one_thread():  # OpenMP has a number of threads for each thread that calls it
        kmeans = {
            "exact": lambda: KMeans(settings.n_clusters, n_init=1, max_iter=settings.max_iter, random_state=state),
            "minibatch": lambda: MiniBatchKMeans(settings.n_clusters, n_init=1, max_iter=settings.max_iter,
                                                 batch_size=batch, random_state=state),
        }[settings.algorithm]().fit(values)
    return Start(kmeans.cluster_centers_, kmeans.labels_, float(kmeans.inertia_))
