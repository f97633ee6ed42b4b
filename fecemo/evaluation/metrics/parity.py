"""Parity between groups of people: how alike the answers are that groups get, and how alike groups fare."""

import numpy as np

from fecemo.evaluation.metrics.classification import confusion_figures

FAIREST = {"macro_f1": 1.0, "group_macro_f1": 1.0, "parity_ratio": 1.0, "least_parity_ratio": 1.0,
           "parity_difference": 0.0, "total_variation": 0.0, "largest_total_variation": 0.0, "equalised_odds": 0.0}
"""Figures of `parity_figures`, and the best value of each."""


def parity_figures(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return figures of how groups fare.

    Parameters
    ----------
    counts : ndarray of shape (..., g, c, c + 1), int
        A confusion matrix for each of g ≥ 2 groups with faces: rows the truth, columns the answers, the last one none.

    Returns
    -------
    dict of str to ndarray of shape (...), float64
        With s(g, e) the share of a group's faces that are given emotion e, over emotions that some group is given:

        - ``macro_f1`` of all faces, and ``group_macro_f1``, the mean of the groups' own;
        - ``parity_difference``: largest over e of max s − min s (demographic parity difference; 0 is best);
        - ``parity_ratio`` and ``least_parity_ratio``: mean and smallest over e of min s / max s (1 is best);
        - ``total_variation`` and ``largest_total_variation``: mean and largest over pairs of groups of
          ½ Σ |s(g, e) − s(h, e)| (multiclass statistical parity; 0 is best);
        - ``equalised_odds``: largest over e of the gap in hit rate or in rate of false calls, whichever is larger,
          among groups in which it is defined (0 is best).
    """
    counts = np.asarray(counts, np.float64)
    answered = counts.sum(axis=-2)[..., :-1]
    shown, n = counts.sum(axis=-1), counts.sum(axis=(-1, -2))[..., None]
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, hit_rate, false_rate = answered / n, hits / shown, (answered - hits) / (n - shown)
        ratio = rate.min(axis=-2) / rate.max(axis=-2)
    first, second = np.triu_indices(counts.shape[-3], 1)
    variation = np.abs(rate[..., first, :] - rate[..., second, :]).sum(axis=-1) / 2
    gaps = np.maximum(_gap(hit_rate), _gap(false_rate))
    return {
        "macro_f1": confusion_figures(counts.sum(axis=-3))["macro_f1"],
        "group_macro_f1": confusion_figures(counts)["macro_f1"].mean(axis=-1),
        "parity_difference": (rate.max(axis=-2) - rate.min(axis=-2)).max(axis=-1),
        "parity_ratio": np.nanmean(ratio, axis=-1), "least_parity_ratio": np.nanmin(ratio, axis=-1),
        "total_variation": variation.mean(axis=-1), "largest_total_variation": variation.max(axis=-1),
        "equalised_odds": gaps.max(axis=-1),
    }


def _gap(rates: np.ndarray) -> np.ndarray:
    defined = np.isfinite(rates)
    highest, lowest = np.where(defined, rates, 0.0).max(axis=-2), np.where(defined, rates, 1.0).min(axis=-2)
    return np.where(defined.any(axis=-2), np.maximum(highest - lowest, 0.0), 0.0)
