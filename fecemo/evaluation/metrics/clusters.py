"""How clusters relate to emotions, whatever the clusters are called, and what naming them could reach at best."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from fecemo.data.cluster_names import key_order
from fecemo.errors import InputError
from fecemo.evaluation.records.score_parts import ClusterScore

SHUFFLES = 20
"""Shufflings of the emotions over the faces behind what chance gives a clustering."""


@dataclass(frozen=True)
class ClusterMetrics:
    """Figures that do not change when clusters are renumbered; see `ClusterScore` for what each means.

    Parameters
    ----------
    nmi, homogeneity, completeness, ami, ari : float
    """

    nmi: float
    homogeneity: float
    completeness: float
    ami: float
    ari: float


def score_clustering(truth: np.ndarray, clusters: np.ndarray, groups: np.ndarray, *, names: Mapping[str, str],
                     source_sizes: Sequence[int], target_sizes: Sequence[int], silhouette: float | None,
                     stability: float | None, emotions: Sequence[str], seed: int) -> ClusterScore:
    """Score a clustering on labelled faces, and what the best names for its groups could reach.

    Parameters
    ----------
    truth : ndarray of shape (n,), str
        Emotions; n ≥ 1.
    clusters : ndarray of shape (n,), int
        The same faces' stored clusters.
    groups : ndarray of shape (n,), str
        The same faces' named groups, keys of ``names``: clusters, or the parts into which a person divided them.
    names, source_sizes, target_sizes, silhouette, stability
        See `ClusterScore`.
    emotions : sequence of str
    seed : int
        Of the shufflings.

    Raises
    ------
    InputError
        If there is nothing to score.
    """
    metrics, keys = score_clusters(truth, clusters), sorted(names, key=key_order)
    oracle, rule = name_by_oracle(truth, groups, keys, emotions)
    rng, purities, oracles = np.random.default_rng(seed), [], []
    for _ in range(SHUFFLES):
        shuffled = rng.permutation(truth)
        purities.append(purity(shuffled, groups))
        oracles.append(_accuracy(shuffled, groups, name_by_oracle(shuffled, groups, keys, emotions)[0]))
    return ClusterScore(
        names=dict(names), source_sizes=tuple(source_sizes), target_sizes=tuple(target_sizes), **asdict(metrics),
        purity=purity(truth, groups), purity_of_chance=float(np.mean(purities)),
        oracle_accuracy=_accuracy(truth, groups, oracle), oracle_of_chance=float(np.mean(oracles)),
        oracle_names=oracle, oracle_rule=rule, silhouette=silhouette, stability=stability)


def score_clusters(truth: np.ndarray, clusters: np.ndarray) -> ClusterMetrics:
    """Compare clusters with the truth.

    Parameters
    ----------
    truth : ndarray of shape (n,), str
        Emotions; n ≥ 1.
    clusters : ndarray of shape (n,), int
        The same faces' clusters.

    Raises
    ------
    InputError
        If there is nothing to score.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, homogeneity_completeness_v_measure

    if not len(truth) or len(truth) != len(clusters):
        raise InputError(f"expected one cluster a scored face, got {len(clusters)} for {len(truth)}")
    homogeneity, completeness, v_measure = homogeneity_completeness_v_measure(truth, clusters)
    return ClusterMetrics(
        nmi=float(v_measure), homogeneity=float(homogeneity), completeness=float(completeness),
        ami=float(adjusted_mutual_info_score(truth, clusters)),
        ari=float(adjusted_rand_score(truth, clusters)),
    )


def purity(truth: np.ndarray, groups: np.ndarray) -> float:
    """Return the share of faces whose emotion is the most frequent one of their group."""
    from sklearn.metrics.cluster import contingency_matrix

    return float(contingency_matrix(truth, groups).max(axis=0).sum() / len(truth))


def name_by_oracle(truth: np.ndarray, groups: np.ndarray, keys: Sequence[str],
                   emotions: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return the names that the scored labels themselves favour: no way of naming, for it knows the answers.

    Parameters
    ----------
    truth : ndarray of shape (n,), str
    groups : ndarray of shape (n,), str
    keys : sequence of str
        All groups, also those without a scored face.
    emotions : sequence of str

    Returns
    -------
    names : dict of str to str
        With as many groups as emotions each emotion names one group, so that most faces are right (the Hungarian
        method). Otherwise each group takes its most frequent emotion, of equally frequent ones the first, and a
        group without a scored face is named ``"skip"``.
    rule : {"one to one", "majority"}
        Only the names by majority are never beaten: names that may repeat can beat the best one to one.
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.array([[int((truth[groups == key] == emotion).sum()) for emotion in emotions] for key in keys])
    if len(keys) == len(emotions):
        rows, columns = linear_sum_assignment(counts, maximize=True)
        return {keys[row]: emotions[column] for row, column in zip(rows, columns, strict=True)}, "one to one"
    best = counts.argmax(axis=1)
    names = {key: emotions[best[row]] if counts[row].any() else "skip" for row, key in enumerate(keys)}
    return names, "majority"


def _accuracy(truth: np.ndarray, groups: np.ndarray, names: Mapping[str, str]) -> float:
    return float((np.array([names[group] for group in groups.tolist()]) == truth).mean())
