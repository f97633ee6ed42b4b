"""K-means on source embeddings, and the clusters of any other faces by the nearest centre."""

import warnings
from dataclasses import dataclass

import numpy as np

from fecemo.clustering.principal_axes import fit_principal_axes
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.vectors import WHOLE_BYTES, n_distinct, one_thread, require_finite, row_blocks
from fecemo.errors import InputError, StoredStateError
from fecemo.progress import progress

START_COMPONENTS = 128
"""Principal components in which the clustering of very large embeddings starts."""
SILHOUETTE_FACES = 2000
SILHOUETTE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Clustering:
    """K-means clusters, numbered by falling size.

    Parameters
    ----------
    centres : ndarray of shape (k, d), float32
    clusters : ndarray of shape (n,), int32
        Cluster of each face.
    distances : ndarray of shape (n, k), float32
        Euclidean distance of each face to each centre.
    inertia : float
        Sum of squared distances of the faces to their own centre.
    stability : float
        Mean adjusted Rand index between the start that was kept and each other start: 1 where all starts agree. NaN
        for a single start.
    silhouette : float
        Mean silhouette coefficient of a sample of faces, in [-1, 1].
    """

    centres: np.ndarray
    clusters: np.ndarray
    distances: np.ndarray
    inertia: float
    stability: float
    silhouette: float

    @property
    def sizes(self) -> list[int]:
        """Faces of each cluster, by its number."""
        return np.bincount(self.clusters, minlength=len(self.centres)).tolist()


def fit_kmeans(values: np.ndarray, settings: KMeansSettings, seed: int, *, what: str = "embeddings",
               whole_bytes: int = WHOLE_BYTES) -> Clustering:
    """Cluster embeddings by K-means with several k-means++ starts; the start of least inertia is kept.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Usually a memory map.
    settings : KMeansSettings
    seed : int
    what : str
        What is clustered, for progress and messages.
    whole_bytes : int
        Larger embeddings are not held in memory: the starts are made on their first 128 principal components, and
        Lloyd's iterations then go on from the best of them over the whole vectors, in blocks of rows. What is returned
        is in either case a fixed point of K-means on the whole vectors.

    Returns
    -------
    Clustering
        The same on any number of cores. Cluster 0 is the largest; equally large ones stand in the order of their
        first faces.

    Raises
    ------
    InputError
        If there are fewer faces than clusters.
    StoredStateError
        If a value is NaN or infinite, or there are fewer distinct vectors than clusters.
    """
    n_clusters = settings.n_clusters
    if len(values) < n_clusters:
        raise InputError(f"{what}: {len(values)} faces cannot make {n_clusters} clusters; fetch more faces or lower "
                         "clustering.n_clusters")
    require_finite(values, what)
    if (distinct := n_distinct(values, n_clusters)) < n_clusters:
        raise StoredStateError(f"{what}: {len(values)} faces have only {distinct} distinct vectors, fewer than "
                               f"{n_clusters} clusters; the encoder has collapsed: change its training, then run train "
                               "and embed again")
    with one_thread():
        if values.nbytes <= whole_bytes:
            centres, labellings, best = _starts(np.asarray(values), settings, seed, what)
        else:
            axes = fit_principal_axes(values, START_COMPONENTS, seed, whole_bytes=whole_bytes)
            centres, labellings, best = _starts(axes.project(values), settings, seed, what)
            centres = _lloyd(values, centres @ axes.axes + axes.mean, settings.max_iter, what)
        clusters, distances = assign(values, centres, what=what)
        sizes = np.bincount(clusters, minlength=n_clusters)
        if not sizes.all():
            raise StoredStateError(f"{what}: only {np.count_nonzero(sizes)} of {n_clusters} clusters hold a face, so "
                                   "alike are the vectors; lower clustering.n_clusters or train the encoder anew")
        first = [int(np.argmax(clusters == cluster)) for cluster in range(n_clusters)]
        order = np.lexsort((np.array(first), -sizes))
        silhouette = _silhouette(values, clusters, seed)
    return Clustering(
        centres=np.ascontiguousarray(centres[order], dtype=np.float32),
        clusters=np.argsort(order).astype(np.int32)[clusters],
        distances=np.ascontiguousarray(distances[:, order]),
        inertia=float((distances.min(axis=1).astype(np.float64) ** 2).sum()),
        stability=_agreement(labellings, best),
        silhouette=silhouette,
    )


def assign(values: np.ndarray, centres: np.ndarray, *, what: str = "embeddings") -> tuple[np.ndarray, np.ndarray]:
    """Give each face the cluster of its nearest centre.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
    centres : ndarray of shape (k, d), float32
    what : str
        For messages.

    Returns
    -------
    clusters : ndarray of shape (n,), int32
        Of equally near centres the first.
    distances : ndarray of shape (n, k), float32
        Euclidean.

    Raises
    ------
    StoredStateError
        If faces and centres have vectors of different lengths, or a value is NaN or infinite.
    """
    require_finite(values, what)
    if values.shape[1] != centres.shape[1]:
        raise StoredStateError(f"{what}: vectors of length {values.shape[1]} cannot be compared with centres of length "
                               f"{centres.shape[1]}; they come from different networks: run embed and cluster again")
    with one_thread():
        distances = _distances(values, centres)
    return distances.argmin(axis=1).astype(np.int32), distances


def _distances(values: np.ndarray, centres: np.ndarray) -> np.ndarray:
    from sklearn.metrics.pairwise import euclidean_distances

    distances = np.empty((len(values), len(centres)), np.float32)
    for rows in row_blocks(values):
        distances[rows] = euclidean_distances(values[rows], centres)
    return distances


def _starts(values: np.ndarray, settings: KMeansSettings, seed: int,
            what: str) -> tuple[np.ndarray, list[np.ndarray], int]:
    """Return the centres of the best start, the clusters that every start found, and which start was best."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    fits = []
    states = np.random.default_rng(seed).integers(2**31, size=settings.n_init)
    with progress(settings.n_init, f"cluster {what}", "start") as bar, warnings.catch_warnings():
        # Fewer distinct clusters than asked for is found and explained by the caller.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for state in states:
            kmeans = KMeans(settings.n_clusters, n_init=1, max_iter=settings.max_iter, random_state=int(state))
            fits.append(kmeans.fit(values))
            bar.update(1)
    best = int(np.argmin([fit.inertia_ for fit in fits]))
    return fits[best].cluster_centers_, [fit.labels_ for fit in fits], best


def _lloyd(values: np.ndarray, centres: np.ndarray, max_iter: int, what: str) -> np.ndarray:
    """Return the centres after Lloyd's iterations, ended when no face changes its cluster."""
    clusters = np.full(len(values), -1, np.int32)
    with progress(None, f"cluster {what}, whole vectors", "pass") as bar:
        for _ in range(max_iter):
            sums = np.zeros(centres.shape)
            found = np.empty_like(clusters)
            for rows in row_blocks(values):
                block = np.asarray(values[rows])
                found[rows] = _distances(block, centres).argmin(axis=1)
                member = found[rows][:, None] == np.arange(len(centres))
                sums += member.T.astype(np.float32) @ block
            bar.update(1)
            if (found == clusters).all():
                break
            clusters = found
            sizes = np.bincount(clusters, minlength=len(centres))[:, None]
            # A centre that lost all of its faces stays where it was.
            centres = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres).astype(np.float32)
    return centres


def _silhouette(values: np.ndarray, clusters: np.ndarray, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    wanted = min(len(values), SILHOUETTE_FACES, max(100, SILHOUETTE_BYTES // (values.shape[1] * values.itemsize)))
    rows = np.sort(np.random.default_rng(seed).choice(len(values), wanted, replace=False))
    kinds = len(np.unique(clusters[rows]))
    if not 2 <= kinds < len(rows):
        return float("nan")
    return float(silhouette_score(values[rows], clusters[rows]))


def _agreement(labellings: list[np.ndarray], best: int) -> float:
    from sklearn.metrics import adjusted_rand_score

    others = [adjusted_rand_score(labellings[best], other) for at, other in enumerate(labellings) if at != best]
    return float(np.mean(others)) if others else float("nan")
