"""How clusters relate to emotions, whatever the clusters are called."""

from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError


@dataclass(frozen=True)
class ClusterMetrics:
    """Figures that do not change when clusters are renumbered; see `ClusterScore` for what each means.

    Parameters
    ----------
    nmi, homogeneity, completeness, ami, ari, purity : float
    """

    nmi: float
    homogeneity: float
    completeness: float
    ami: float
    ari: float
    purity: float


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
        purity=purity(truth, clusters),
    )


def purity(truth: np.ndarray, clusters: np.ndarray) -> float:
    """Return the share of faces whose emotion is the most frequent one of their cluster."""
    from sklearn.metrics.cluster import contingency_matrix

    return float(contingency_matrix(truth, clusters).max(axis=0).sum() / len(truth))
