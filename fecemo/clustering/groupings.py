"""Several clusterings of one embedding, each named in several ways: what Table 2 compares."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fecemo.clustering.evenly import even_pile
from fecemo.clustering.kmeans import LONG, START_COMPONENTS, assign, fit_kmeans
from fecemo.clustering.naming_method import NamingEvidence, find_naming_method
from fecemo.clustering.principal_axes import fit_principal_axes
from fecemo.clustering.settings import GroupingSettings, KMeansSettings, NamingSettings

NAMINGS = ("few", "vote")
"""Ways of naming that ask labels, by their names in `fecemo.clustering.naming`."""


@dataclass(frozen=True)
class NamedBy:
    """What one way of naming made of a clustering.

    Parameters
    ----------
    answers : ndarray of shape (m,), str
        Emotion of every target face: the name of its cluster.
    seen : ndarray of shape (s,), int64
        Positions of the target faces whose labels were seen, ascending.
    """

    answers: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Grouped:
    """One clustering with its names.

    Parameters
    ----------
    n_clusters, seed : int
    source_clusters : ndarray of shape (n,), int32
    target_clusters : ndarray of shape (m,), int32
    named : dict of str to NamedBy
        By `NAMINGS`.
    """

    n_clusters: int
    seed: int
    source_clusters: np.ndarray
    target_clusters: np.ndarray
    named: dict[str, NamedBy]


def group_and_name(source: np.ndarray, target: np.ndarray, labels: np.ndarray, settings: GroupingSettings,
                   kmeans: KMeansSettings, naming: NamingSettings, *, seed: int, what: str) -> Iterator[Grouped]:
    """Cluster source embeddings with every seed and every number of clusters, and name the clusters by target labels.

    Vectors of more than 512 numbers are clustered along the first 128 principal components of the source.

    Parameters
    ----------
    source : ndarray of shape (n, d), float32
    target : ndarray of shape (m, d), float32
    labels : ndarray of shape (m,), str
        The emotion of each target face whose label may be seen; ``""`` for all others.
    settings : GroupingSettings
    kmeans : KMeansSettings
        Its ``algorithm``, ``max_iter`` and ``even``.
    naming : NamingSettings
        Its ``sample``, ``rare`` and ``balanced``.
    seed : int
        The first of the seeds; the others follow it.
    what : str
        For progress and messages.

    Yields
    ------
    Grouped
        Seed by seed, in the order of ``settings.n_clusters``.

    Raises
    ------
    InputError
        If there are fewer faces than clusters, or no label may be seen.
    StoredStateError
        If a value is NaN or infinite, or there are fewer distinct vectors than clusters.
    """
    if source.shape[1] > LONG:
        axes = fit_principal_axes(source, START_COMPONENTS, seed)
        source, target = axes.project(source), axes.project(target)
    for its_seed in range(seed, seed + settings.seeds):
        pile = source
        if kmeans.even:
            pile = even_pile(source, replace(kmeans, n_clusters=max(settings.n_clusters)), its_seed, what)
        for n_clusters in settings.n_clusters:
            found = fit_kmeans(pile, replace(kmeans, n_clusters=n_clusters, n_init=settings.n_init, even=(),
                                             stability_seeds=1), its_seed, what=f"{what}, k = {n_clusters}")
            clusters, distances = assign(target, found.centres, what=f"{what}, target")
            may_see = np.flatnonzero(labels != "")
            evidence = NamingEvidence(
                approach="", variant="", clustering="", hand_names=Path(), centres=found.centres,
                labels=labels[may_see], clusters=clusters[may_see], distances=distances[may_see],
                sample=naming.sample, seed=its_seed, per_cluster=settings.per_cluster, rare=naming.rare,
                balanced=naming.balanced)
            yield Grouped(
                n_clusters, its_seed, target_clusters=clusters,
                source_clusters=assign(source, found.centres, what=what)[0] if kmeans.even else found.clusters,
                named={way: _name(way, evidence, clusters, may_see) for way in NAMINGS})


def _name(naming: str, evidence: NamingEvidence, clusters: np.ndarray, may_see: np.ndarray) -> NamedBy:
    named = find_naming_method(naming).run(evidence)
    of_cluster = np.array([named.names.emotion(cluster) for cluster in range(len(evidence.centres))])
    return NamedBy(of_cluster[clusters], may_see[named.seen])
