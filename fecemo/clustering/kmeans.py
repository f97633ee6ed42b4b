"""K-means on source embeddings, in scikit-learn's manner: the same clusters on any number of cores, at any size."""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from fecemo.clustering.principal_axes import PrincipalAxes, fit_principal_axes
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.vectors import (
    WHOLE_BYTES,
    distances_to,
    n_distinct,
    n_threads,
    one_thread,
    require_finite,
    row_blocks,
)
from fecemo.errors import InputError, StoredStateError
from fecemo.progress import progress

COMPONENTS = 128
"""Principal axes along which long vectors are clustered."""
LONG = 512
"""Numbers a face beyond which vectors are long."""
MIN_FACES_PER_CENTRE = 4
"""Faces of a small cluster of hierarchical K-means, on average, at the least."""
HIERARCHY_PASSES = 5
"""Over all faces, in minibatches: small clusters need not be settled to lie evenly."""
MINIBATCH_FACES, MINIBATCH_BYTES = 4096, 256 * 2**20
PATIENCE = 10
"""Minibatches without a gain after which a start by minibatches ends."""
COPIES_BYTES = 2**31
"""Memory that the starts which run side by side may take for their copies of the embeddings."""
SILHOUETTE_FACES, SILHOUETTE_BYTES = 2000, 256 * 2**20


@dataclass(frozen=True)
class ClusterSpace:
    """Where embeddings are clustered: as they are, or along their principal axes where they are long.

    The centres lie in the plane of the axes, so that the centre nearest to a face along the axes is also the nearest
    to its whole vector: clusters found here hold for whole vectors.
    """

    points: np.ndarray  #: Of shape (n, c), float32.
    axes: PrincipalAxes | None  #: None where the embeddings are clustered as they are.

    @classmethod
    def of(cls, values: np.ndarray, settings: KMeansSettings, seed: int, *, title: str = "embeddings",
           whole_bytes: int = WHOLE_BYTES) -> "ClusterSpace":
        """Return the space of (n, d) embeddings: 128 principal axes for vectors of more than 512 numbers.

        Embeddings larger than ``whole_bytes`` are reduced too, unless minibatches read them or that would make them no
        shorter. ``seed`` is that of the randomised search for the axes. Raises `StoredStateError`, which begins with
        ``title``, for what is not one vector of finite numbers a face.
        """
        require_finite(values, title)
        length, is_whole = values.shape[1], values.nbytes <= whole_bytes or settings.algorithm == "minibatch"
        if length <= COMPONENTS or (length <= LONG and is_whole):
            return cls(values, None)
        axes = fit_principal_axes(values, COMPONENTS, seed, whole_bytes=whole_bytes)
        return cls(axes.project(values), axes)

    def restore(self, centres: np.ndarray) -> np.ndarray:
        """Return centres of shape (k, c) as whole vectors of shape (k, d)."""
        return centres if self.axes is None else centres @ self.axes.axes + self.axes.mean


class KMeansClustering:
    """K-means with several k-means++ starts, of which the one of least inertia is kept.

    Parameters
    ----------
    title : str
        What is clustered, for progress and messages.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (k, d), float32
        By falling size of their clusters; of equally large ones the one of the first face comes first.
    labels_ : ndarray of shape (n,), int32
        Cluster of each face.
    distances_ : ndarray of shape (n, k), float32
        Euclidean distance of each face to each centre.
    inertia_ : float
        Sum of squared distances of the faces to the centre of their cluster.
    """

    def __init__(self, settings: KMeansSettings, seed: int, title: str = "embeddings") -> None:
        self.settings, self.seed, self.title = settings, seed, title
        self.cluster_centers_ = np.empty((0, 0), np.float32)
        self.labels_ = np.empty(0, np.int32)
        self.distances_ = np.empty((0, 0), np.float32)
        self.inertia_ = float("nan")

    def fit(self, values: np.ndarray, space: ClusterSpace | None = None) -> "KMeansClustering":
        """Cluster (n, d) embeddings, usually a memory map; several clusterings of them may share their ``space``.

        With ``hierarchical_kmeans``, the centres of many small clusters are clustered in place of the faces.

        Raises
        ------
        InputError
            If there are fewer faces than clusters.
        StoredStateError
            If a value is NaN or infinite, or there are fewer distinct vectors than clusters.
        """
        k = self.settings.n_clusters
        if len(values) < k:
            raise InputError(f"{self.title}: {len(values)} faces cannot make {k} clusters; fetch more faces or lower "
                             "clustering.n_clusters")
        space = space or ClusterSpace.of(values, self.settings, self.seed, title=self.title)
        if (distinct := n_distinct(values, k)) < k:
            raise StoredStateError(f"{self.title}: {len(values)} faces have only {distinct} distinct vectors, fewer "
                                   f"than {k} clusters; the encoder has collapsed: change its training, then run "
                                   "train and embed again")
        centres = space.restore(_fit_centres(space.points, self.settings, [self.seed], self.title))
        labels, distances = _assign(values, centres)
        sizes = np.bincount(labels, minlength=k)
        if not sizes.all():
            raise StoredStateError(f"{self.title}: only {np.count_nonzero(sizes)} of {k} clusters hold a face, so "
                                   "alike are the vectors; lower clustering.n_clusters or train the encoder anew")
        first = np.array([np.argmax(labels == cluster) for cluster in range(k)])
        order = np.lexsort((first, -sizes))
        nearest = np.empty(len(values), np.float32)
        for rows in row_blocks(distances):  # in place: of many faces and clusters a copy would be the largest array
            nearest[rows] = np.take_along_axis(distances[rows], labels[rows, None], axis=1)[:, 0]
            distances[rows] = distances[rows][:, order]
        self.cluster_centers_ = np.ascontiguousarray(centres[order], dtype=np.float32)
        self.labels_, self.distances_ = np.argsort(order).astype(np.int32)[labels], distances
        self.inertia_ = float((nearest.astype(np.float64) ** 2).sum())
        return self

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return the cluster of the nearest centre of each of (n, d) vectors, shape (n,), int32."""
        return assign(values, self.cluster_centers_, title=self.title)[0]

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Return Euclidean distances of (n, d) vectors to the centres, shape (n, k), float32."""
        return assign(values, self.cluster_centers_, title=self.title)[1]


def stability(clustering: KMeansClustering, space: ClusterSpace) -> float:
    """Return the mean adjusted Rand index of a fitted clustering and those of further seeds, over all pairs.

    1 where all agree, 0 where they agree as chance does; NaN for a single seed. The clustering's settings say how many
    seeds are compared; ``space`` is that in which it was fitted.
    """
    labellings = [clustering.labels_]
    for further in range(1, clustering.settings.stability_seeds):
        centres = _fit_centres(space.points, clustering.settings, [clustering.seed, further], clustering.title)
        labellings.append(_assign(space.points, centres)[0])
    return agreement(labellings)


def agreement(labellings: Sequence[np.ndarray]) -> float:
    """Return the mean adjusted Rand index of all pairs of clusterings of the same faces; NaN for a single one."""
    from sklearn.metrics import adjusted_rand_score

    pairs = [adjusted_rand_score(a, b) for a, b in combinations(labellings, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def silhouette_of_sample(values: np.ndarray, labels: np.ndarray, seed: int) -> tuple[float, int]:
    """Return the mean silhouette coefficient of faces drawn by seed, and how many were drawn.

    In [-1, 1]; NaN where the sample holds a single cluster, or one face of each. 2000 of the (n, d) vectors are drawn,
    or fewer where there are fewer or they would take more than 256 MiB.
    """
    from sklearn.metrics import silhouette_score

    wanted = min(len(values), SILHOUETTE_FACES, max(100, SILHOUETTE_BYTES // (values.shape[1] * values.itemsize)))
    rows = np.sort(np.random.default_rng(seed).choice(len(values), wanted, replace=False))
    if not 2 <= len(np.unique(labels[rows])) < len(rows):
        return float("nan"), len(rows)
    with one_thread():
        return float(silhouette_score(values[rows], labels[rows])), len(rows)


def assign(values: np.ndarray, centres: np.ndarray, *, title: str = "embeddings") -> tuple[np.ndarray, np.ndarray]:
    """Return the cluster of the nearest centre of each face, and the Euclidean distances to all centres.

    Of equally near centres the first is taken. Raises `StoredStateError` if faces, (n, d), and centres, (k, d), have
    vectors of different lengths, or a value is NaN or infinite.

    Returns
    -------
    labels : ndarray of shape (n,), int32
    distances : ndarray of shape (n, k), float32
    """
    require_finite(values, title)
    if values.shape[1] != centres.shape[1]:
        raise StoredStateError(f"{title}: the faces have vectors of length {values.shape[1]}, the centres of length "
                               f"{centres.shape[1]}; run the stages before again")
    return _assign(values, centres)


def _assign(values: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Do so with vectors that are known to be finite: to look at millions costs a fourth of what their distances do."""
    with one_thread():
        distances = distances_to(values, np.asarray(centres, np.float32))
    return distances.argmin(axis=1).astype(np.int32), distances


def hierarchical_centres(points: np.ndarray, settings: KMeansSettings, seed: Sequence[int],
                         title: str = "embeddings") -> np.ndarray:
    """Return the centres of the last level of small clusters, which are then clustered in place of the faces.

    K-means spends its centres where faces are many. The centres of many small clusters lie more evenly than the faces,
    and the centres of clusters of those more evenly still (Vo et al. 2024, "Automatic Data Curation for
    Self-Supervised Learning: A Clustering-Based Approach", section 3.3: hierarchical K-means; in d dimensions each
    level turns a density p into about p^(d / (d + 2)), so that it helps most where faces differ in few ways).

    Parameters
    ----------
    points : ndarray of shape (n, c), float32
        Finite.
    settings : KMeansSettings
        With ``hierarchical_kmeans``, how many small clusters each level has. No level has fewer than ``n_clusters``,
        or more than a fourth of the points of the level before.
    title : str
        For progress.

    Returns
    -------
    ndarray of shape (m, c), float32
    """
    for level, wanted in enumerate(settings.hierarchical_kmeans):
        small = max(settings.n_clusters, min(wanted, len(points) // MIN_FACES_PER_CENTRE))
        if small >= len(points):
            break
        of_level = replace(settings, n_clusters=small, n_init=1, max_iter=HIERARCHY_PASSES, algorithm="minibatch",
                           hierarchical_kmeans=())
        points = _best_start(points, of_level, [*seed, level], f"{title}, {small} small")
    return np.asarray(points, np.float32)


def _fit_centres(points: np.ndarray, settings: KMeansSettings, seed: Sequence[int], title: str) -> np.ndarray:
    if settings.hierarchical_kmeans:
        points = hierarchical_centres(points, settings, seed, title)
    return _best_start(points, settings, seed, title)


def _best_start(points: np.ndarray, settings: KMeansSettings, seed: Sequence[int], title: str) -> np.ndarray:
    """Return the centres of the start of least inertia; the starts run side by side, one thread each."""
    from sklearn.exceptions import ConvergenceWarning

    fit = _fit_exact if settings.algorithm == "exact" else _fit_minibatches

    def start(state: int) -> tuple[float, np.ndarray]:
        with one_thread():  # OpenMP has a number of threads for each thread that calls it
            return fit(points, settings, state)

    copied = points.nbytes if settings.algorithm == "exact" else 1
    at_once = max(1, min(n_threads(), COPIES_BYTES // max(1, copied)))
    states = np.random.default_rng(list(seed)).integers(2**31, size=settings.n_init).tolist()
    least, best = float("inf"), np.empty((0, points.shape[1]), np.float32)
    # Warnings are silenced out here, because their filters are shared by all threads. Fewer distinct clusters than
    # asked for is explained by the caller. BLAS, too, has one number of threads for the whole process.
    with (progress(len(states), f"cluster {title}", "start") as bar, warnings.catch_warnings(), one_thread(),
          ThreadPoolExecutor(at_once) as threads):
        warnings.simplefilter("ignore", ConvergenceWarning)
        for inertia, centres in threads.map(start, states):
            if inertia < least:
                least, best = inertia, centres
            bar.update(1)
    return best


def _fit_exact(points: np.ndarray, settings: KMeansSettings, state: int) -> tuple[float, np.ndarray]:
    """Return inertia and centres of one start of Lloyd's iterations."""
    from sklearn.cluster import KMeans

    model = KMeans(settings.n_clusters, n_init=1, max_iter=settings.max_iter, random_state=state).fit(points)
    return model.inertia_, model.cluster_centers_


def _fit_minibatches(points: np.ndarray, settings: KMeansSettings, state: int) -> tuple[float, np.ndarray]:
    """Return inertia and centres of one start by minibatches, until `PATIENCE` of them in a row lower no moving mean.

    The steps are scikit-learn's, and so is the rule by which they end. Its ``fit`` passes over the weights of all
    faces to draw each minibatch, which costs far more than the step where faces are millions.
    """
    from sklearn.cluster import MiniBatchKMeans, kmeans_plusplus

    n, k = len(points), settings.n_clusters
    batch = min(n, max(k, min(MINIBATCH_FACES, max(256, MINIBATCH_BYTES // (points.shape[1] * points.itemsize)))))
    rng = np.random.default_rng(state)
    first = points[rng.choice(n, min(n, max(3 * batch, 3 * k)), replace=False)]
    model = MiniBatchKMeans(k, n_init=1, init=kmeans_plusplus(first, k, random_state=state)[0], random_state=state)
    weight = min(1.0, 2 * batch / (n + 1))
    mean, least, waited = float("nan"), float("inf"), 0
    for step in range(settings.max_iter * n // batch):
        inertia = model.partial_fit(points[rng.integers(n, size=batch)]).inertia_
        mean = inertia if step < 2 else mean + weight * (inertia - mean)  # that of the first depends on its start alone
        least, waited = (mean, 0) if mean < least else (least, waited + 1)
        if waited >= PATIENCE:
            break
    return -float(model.score(points)), model.cluster_centers_
