"""Several clusterings of one embedding, each named in several ways: what Table 2 compares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fecemo.clustering.kmeans import ClusterSpace, KMeansClustering, assign
from fecemo.clustering.naming import LabelledFaces, name_by_labels, naming_methods
from fecemo.clustering.settings import ClusterSweepSettings, KMeansSettings, NamingSettings

NAMINGS = ("labels_per_cluster", "majority_vote")
"""Ways of naming that use labels, by their names in `fecemo.clustering.naming_methods`."""


@dataclass(frozen=True)
class NamedAnswers:
    """What one way of naming made of a clustering."""

    answers: np.ndarray  #: Of shape (m,), str. Class of every target face: the name of its cluster.
    labelled_rows: np.ndarray  #: Of shape (s,), int64. Positions of the target faces whose labels were used, ascending.


@dataclass(frozen=True)
class NamedClusters:
    """One clustering with its names."""

    n_clusters: int
    seed: int
    source_clusters: np.ndarray  #: Of shape (n,), int32.
    target_clusters: np.ndarray  #: Of shape (m,), int32.
    named: dict[str, NamedAnswers]  #: By `NAMINGS`.


def cluster_and_name(source: np.ndarray, target: np.ndarray, labels: np.ndarray, classes: Sequence[str],
                   settings: ClusterSweepSettings, kmeans: KMeansSettings, naming: NamingSettings, *, seed: int,
                   title: str) -> Iterator[NamedClusters]:
    """Cluster source embeddings with every seed and number of clusters, and name the clusters by target labels.

    A clustering is that of the cluster stage with the same seed and numbers of clusters and of starts. They come seed
    by seed, in the order of ``settings.n_clusters``.

    Parameters
    ----------
    source : ndarray of shape (n, d), float32
    target : ndarray of shape (m, d), float32
    labels : ndarray of shape (m,), str
        The class of each target face whose label may be used; ``""`` for all others.
    kmeans : KMeansSettings
        Its ``algorithm``, ``max_iter`` and ``hierarchical_kmeans``.
    naming : NamingSettings
        Its ``sample``, ``rare_class_exponent`` and ``class_balanced``.
    seed : int
        The first of the seeds; the others follow it.
    title : str
        For progress and messages.

    Raises
    ------
    InputError
        If there are fewer faces than clusters, or no label may be used.
    StoredStateError
        If a value is NaN or infinite, or there are fewer distinct vectors than clusters.
    """
    space = ClusterSpace.of(source, kmeans, seed, title=title)
    usable = np.flatnonzero(labels != "")
    naming = replace(naming, per_cluster=settings.per_cluster)
    for run_seed in range(seed, seed + settings.seeds):
        for n_clusters in settings.n_clusters:
            of_run = replace(kmeans, n_clusters=n_clusters, n_init=settings.n_init)
            clustering = KMeansClustering(of_run, run_seed, f"{title}, k = {n_clusters}").fit(source, space)
            clusters, distances = assign(target, clustering.cluster_centers_, title=f"{title}, target")
            faces = LabelledFaces(labels[usable], clusters[usable], distances[usable])
            named = {}
            for naming_name in NAMINGS:
                by_labels = name_by_labels(naming_methods.find(naming_name), faces, clustering.cluster_centers_,
                                           classes, naming, run_seed)
                named[naming_name] = NamedAnswers(np.array(by_labels.names)[clusters], usable[by_labels.drawn])
            yield NamedClusters(n_clusters, run_seed, clustering.labels_, clusters, named)
