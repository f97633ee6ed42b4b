"""Figures that follow from a confusion matrix, for any number of matrices at once: what a bootstrap draws.

The values of a score itself come from scikit-learn and krippendorff; a test holds these formulas against them.
"""

import numpy as np


def confusion_figures(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics of confusion matrices.

    Parameters
    ----------
    confusion : ndarray of shape (..., c, c + 1), int
        Counts; rows the truth, columns the predictions, the last column abstentions.

    Returns
    -------
    dict of str to ndarray of shape (...), float64
        ``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``cohen_kappa``, ``krippendorff_alpha``, ``class_kappa`` and
        ``class_alpha`` as in `Score`; NaN where one is not defined. Means over emotions are over those that occur in
        the truth of the matrix.

    Notes
    -----
    With p the share of agreement, cohen_kappa = (p − e) / (1 − e), e = Σ_c row_c · column_c / n². Nominal alpha =
    1 − D_o / D_e with D_o = 1 − p and D_e = (N² − Σ_c N_c²) / (N (N − 1)), where N = 2n and N_c = row_c + column_c
    (Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011, for two raters without missing answers).
    """
    counts = np.asarray(confusion, np.float64)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    support, answered = counts.sum(axis=-1), counts.sum(axis=-2)
    abstained, answered = answered[..., -1], answered[..., :-1]
    n = support.sum(axis=-1)
    present = support > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = hits.sum(axis=-1) / n
        expected = (support * answered).sum(axis=-1) / n**2
        pooled = ((support + answered) ** 2).sum(axis=-1) + abstained**2
        class_agreed = 1 - (support + answered - 2 * hits) / n[..., None]
        others, not_answered = n[..., None] - support, n[..., None] - answered
        class_expected = (support * answered + others * not_answered) / n[..., None] ** 2
        class_pooled = (support + answered) ** 2 + (others + not_answered) ** 2
        return {
            "accuracy": agreed,
            "balanced_accuracy": _mean(hits / support, present),
            "macro_f1": _mean(2 * hits / (support + answered), present),
            "cohen_kappa": _kappa(agreed, expected),
            "krippendorff_alpha": _alpha(agreed, pooled, n),
            "class_kappa": _mean(_kappa(class_agreed, class_expected), present),
            "class_alpha": _mean(_alpha(class_agreed, class_pooled, n[..., None]), present),
        }


def _kappa(agreed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.where(expected < 1, (agreed - expected) / (1 - expected), np.nan)


def _alpha(agreed: np.ndarray, pooled: np.ndarray, n: np.ndarray) -> np.ndarray:
    total = 2 * n
    disagreed = (total**2 - pooled) / (total * (total - 1))
    return np.where(disagreed > 0, 1 - (1 - agreed) / disagreed, np.nan)


def _mean(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the mean over the emotions that occur and for which the figure is defined; NaN where there is none."""
    counted = present & np.isfinite(values)
    return np.where(counted, values, 0).sum(axis=-1) / counted.sum(axis=-1)
