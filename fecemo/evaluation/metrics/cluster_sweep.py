"""How well clusters, made and named with several seeds, tell emotions: the figures of one number of clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np

from fecemo.evaluation.metrics.over_seeds import seed_figures, seed_mean
from fecemo.evaluation.records.cluster_sweep import NamedGroups, RightAnswers, SweepEntry


@dataclass(frozen=True)
class SeedGroups:
    """What one seed made of the faces.

    Parameters
    ----------
    source_clusters : ndarray of shape (m,), int
        Of all source faces.
    clusters : ndarray of shape (n,), int
        Of the scored faces.
    answers : mapping of str to ndarray of shape (n,), str
        The scored faces' emotions, by the way of naming.
    labels : mapping of str to int
        Labels that this way of naming saw.
    """

    source_clusters: np.ndarray
    clusters: np.ndarray
    answers: Mapping[str, np.ndarray]
    labels: Mapping[str, int]


def score_clusterings(n_clusters: int, seeds: Sequence[SeedGroups], truth: np.ndarray, emotions: Sequence[str], *,
                   resamples: int, confidence: float, seed: int) -> tuple[SweepEntry, dict[str, np.ndarray]]:
    """Score clusterings of one number of clusters.

    Parameters
    ----------
    n_clusters : int
    seeds : sequence of SeedGroups
        At least one.
    truth : ndarray of shape (n,), str
        Emotions of the scored faces; n ≥ 1.
    emotions : sequence of str
    resamples, confidence, seed
        As for `seed_figures`.

    Returns
    -------
    grouping : SweepEntry
    right : dict of str to ndarray of shape (s, n), bool
        Whether each scored face was answered rightly with each seed, by the way of naming.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

    at = np.array([list(emotions).index(emotion) for emotion in truth.tolist()])
    right = {naming: np.stack([one.answers[naming] == truth for one in seeds]) for naming in seeds[0].answers}
    named = {}
    for naming, its in right.items():
        figures = seed_figures(RightAnswers(np.arange(len(truth)), at, its), resamples=resamples,
                               confidence=confidence, seed=seed)
        named[naming] = NamedGroups(labels=tuple(one.labels[naming] for one in seeds), **figures)
    agree = [float(adjusted_rand_score(one.source_clusters, other.source_clusters))
             for one, other in combinations(seeds, 2)]
    return SweepEntry(
        n_clusters,
        nmi=seed_mean([float(normalized_mutual_info_score(truth, one.clusters)) for one in seeds]),
        ami=seed_mean([float(adjusted_mutual_info_score(truth, one.clusters)) for one in seeds]),
        ari=seed_mean([float(adjusted_rand_score(truth, one.clusters)) for one in seeds]),
        stability=fmean(agree) if agree else None, named=named), right
