"""K-means on source embeddings, and the clusters of any other faces by the nearest centre."""

from dataclasses import dataclass

import numpy as np

from fecemo.clustering.cluster_quality import agreement, silhouette_of_sample
from fecemo.clustering.evenly import even_pile
from fecemo.clustering.lloyd import lloyd
from fecemo.clustering.principal_axes import fit_principal_axes
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.starts import best_starts
from fecemo.clustering.vectors import WHOLE_BYTES, distances_to, n_distinct, one_thread, require_finite, row_blocks
from fecemo.errors import InputError, StoredStateError

START_COMPONENTS = 128
"""Principal components in which the clustering of long vectors starts."""
LONG = 512
"""Numbers a face beyond which vectors are long: there the starts are nearly the whole work."""


@dataclass(frozen=True)
class Reduction:
    """The start in principal components of a clustering of long vectors, and what it was worth.

    Parameters
    ----------
    components : int
    explained : float
        Share of all variance that lies along them, in [0, 1].
    passes : int
        Passes over the whole vectors that followed.
    settled : bool
        Whether they ended at a fixed point of K-means on the whole vectors, and not at ``max_iter``.
    agreement : float
        Adjusted Rand index between the clusters found in the components and those returned: 1 where the whole vectors
        changed nothing.
    """

    components: int
    explained: float
    passes: int
    settled: bool
    agreement: float


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
        Mean adjusted Rand index of all pairs among ``stability_seeds`` clusterings by as many seeds, this one among
        them: 1 where all agree, 0 where they agree as chance does. NaN for a single seed.
    stability_seeds : int
    silhouette : float
        Mean silhouette coefficient of ``silhouette_faces`` faces drawn by seed, in [-1, 1].
    silhouette_faces : int
    reduction : Reduction or None
        None where the whole vectors were clustered from the start.
    """

    centres: np.ndarray
    clusters: np.ndarray
    distances: np.ndarray
    inertia: float
    stability: float
    stability_seeds: int
    silhouette: float
    silhouette_faces: int
    reduction: Reduction | None = None

    @property
    def sizes(self) -> list[int]:
        """Faces of each cluster, by its number."""
        return np.bincount(self.clusters, minlength=len(self.centres)).tolist()


def fit_kmeans(values: np.ndarray, settings: KMeansSettings, seed: int, *, what: str = "embeddings",
               whole_bytes: int = WHOLE_BYTES) -> Clustering:
    """Cluster embeddings by K-means with several k-means++ starts; the start of least inertia is kept.

    With ``algorithm: exact``, vectors of more than 512 numbers, and embeddings larger than ``whole_bytes``, are
    clustered from starts on their first 128 principal components; Lloyd's iterations then go on from the best of them
    over the whole vectors, in blocks of rows, to a fixed point of K-means on them unless ``max_iter`` ends it. Smaller
    vectors are left where scikit-learn's tolerance stops, within 1e-4 of their mean variance. Minibatches read whole
    vectors of any size. With ``even``, the centres of small clusters are clustered in place of the faces; every face
    then has the cluster of its nearest centre.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Usually a memory map.
    settings : KMeansSettings
    seed : int
    what : str
        What is clustered, for progress and messages.
    whole_bytes : int
        Larger embeddings are never held in memory.

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
    # The first seed alone decides the clustering; the others are asked whether they agree.
    others = [[seed, other] for other in range(1, settings.stability_seeds)]
    # Of evened piles each seed has its own: clusterings of one pile would agree on more than the faces decide.
    seeds = [[seed], *([] if settings.even else others)]
    pile = even_pile(values, settings, seed, what) if settings.even else values
    reduce = settings.algorithm == "exact" and (pile.shape[1] > LONG or pile.nbytes > whole_bytes)
    if reduce:
        axes = fit_principal_axes(pile, START_COMPONENTS, seed, whole_bytes=whole_bytes)
        starts = best_starts(axes.project(pile), settings, seeds, what)
        with one_thread():
            end = lloyd(pile, starts[0].centres @ axes.axes + axes.mean, settings.max_iter, what)
        centres = end.centres
    else:
        starts = best_starts(pile, settings, seeds, what)
        centres = starts[0].centres
    clusters, distances = assign(values, centres, what=what)
    sizes = np.bincount(clusters, minlength=n_clusters)
    if not sizes.all():
        raise StoredStateError(f"{what}: only {np.count_nonzero(sizes)} of {n_clusters} clusters hold a face, so "
                               "alike are the vectors; lower clustering.n_clusters or train the encoder anew")
    first = [int(np.argmax(clusters == cluster)) for cluster in range(n_clusters)]
    order = np.lexsort((np.array(first), -sizes))
    for rows in row_blocks(distances):  # in place: of many faces and clusters a copy would be the largest thing here
        distances[rows] = distances[rows][:, order]
    with one_thread():
        silhouette, silhouette_faces = silhouette_of_sample(values, clusters, seed)
    return Clustering(
        centres=np.ascontiguousarray(centres[order], dtype=np.float32),
        clusters=np.argsort(order).astype(np.int32)[clusters],
        distances=distances,
        inertia=float((distances.min(axis=1).astype(np.float64) ** 2).sum()),
        stability=agreement([start.clusters for start in starts] if not settings.even else
                            [clusters, *(_of_own_pile(values, settings, other, what) for other in others)]),
        stability_seeds=settings.stability_seeds,
        silhouette=silhouette, silhouette_faces=silhouette_faces,
        reduction=Reduction(len(axes.axes), axes.explained, end.passes, end.settled,
                            agreement([starts[0].clusters, assign(pile, centres)[0]])) if reduce else None,
    )


def _of_own_pile(values: np.ndarray, settings: KMeansSettings, seed: list[int], what: str) -> np.ndarray:
    """Return each face's cluster in a clustering of the pile that the seed evened out."""
    pile = even_pile(values, settings, int(np.random.default_rng(seed).integers(2**31)), what)
    return assign(values, best_starts(pile, settings, [seed], what)[0].centres, what=what)[0]


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
        distances = distances_to(values, centres)
    return distances.argmin(axis=1).astype(np.int32), distances
