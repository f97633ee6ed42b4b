"""How clusters relate to emotions, whatever the clusters are called, and what naming them could reach at best."""

from collections.abc import Mapping, Sequence

import numpy as np

from fecemo.data.group_keys import key_order
from fecemo.errors import InputError
from fecemo.evaluation.records.score import ClusterScore

SHUFFLES = 20
"""Shufflings of the emotions over the faces behind what chance gives a clustering."""


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
    seed : int
        Of the shufflings.

    Raises
    ------
    InputError
        If there is nothing to score.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, homogeneity_completeness_v_measure

    if not len(truth) or len(truth) != len(clusters):
        raise InputError(f"expected one cluster a scored face, got {len(clusters)} for {len(truth)}")
    homogeneity, completeness, nmi = homogeneity_completeness_v_measure(truth, clusters)
    keys, rng = sorted(names, key=key_order), np.random.default_rng(seed)
    purity, oracle_accuracy, oracle, rule = _bounds(truth, groups, keys, emotions)
    by_chance = [_bounds(rng.permutation(truth), groups, keys, emotions)[:2] for _ in range(SHUFFLES)]
    purity_of_chance, oracle_of_chance = (float(np.mean(shares)) for shares in zip(*by_chance, strict=True))
    return ClusterScore(
        names=dict(names), source_sizes=tuple(source_sizes), target_sizes=tuple(target_sizes), nmi=float(nmi),
        homogeneity=float(homogeneity), completeness=float(completeness),
        ami=float(adjusted_mutual_info_score(truth, clusters)), ari=float(adjusted_rand_score(truth, clusters)),
        purity=purity, purity_of_chance=purity_of_chance, oracle_accuracy=oracle_accuracy,
        oracle_of_chance=oracle_of_chance, oracle_names=oracle, oracle_rule=rule, silhouette=silhouette,
        stability=stability)


def name_by_oracle(counts: np.ndarray, keys: Sequence[str], emotions: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return the names that the scored labels themselves favour: no way of naming, for it knows the answers.

    Parameters
    ----------
    counts : ndarray of shape (k, c), int
        Scored faces of each group that show each emotion.
    keys, emotions : sequence of str, of length k and c
        All groups, also those without a scored face.

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

    if len(keys) == len(emotions):
        rows, columns = linear_sum_assignment(counts, maximize=True)
        return {keys[row]: emotions[column] for row, column in zip(rows, columns, strict=True)}, "one to one"
    best = counts.argmax(axis=1)
    return {key: emotions[best[row]] if counts[row].any() else "skip" for row, key in enumerate(keys)}, "majority"


def _bounds(truth: np.ndarray, groups: np.ndarray, keys: Sequence[str],
            emotions: Sequence[str]) -> tuple[float, float, dict[str, str], str]:
    """Return the purity of named groups, the accuracy of the oracle's names, these names and their rule."""
    counts = np.array([[np.count_nonzero((groups == key) & (truth == emotion)) for emotion in emotions]
                       for key in keys])
    names, rule = name_by_oracle(counts, keys, emotions)
    right = sum(count for row, key in zip(counts, keys, strict=True)
                for count, emotion in zip(row.tolist(), emotions, strict=True) if names[key] == emotion)
    return float(counts.max(axis=1).sum() / len(truth)), right / len(truth), names, rule
