"""How well predicted emotions meet the true ones: figures of one set of scored faces, and of resampled matrices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.errors import InputError, nearest
from fecemo.evaluation.records.score import Chance, ClassScore

NO_EMOTION = ""
"""Prediction of a face that got no emotion. It is wrong whatever the truth is."""


@dataclass(frozen=True)
class PredictionMetrics:
    """Figures of one set of predictions."""

    values: Mapping[str, Any]  #: The headline metrics by name, None where one is not defined; see `Score`.
    classes: dict[str, ClassScore]
    confusion: np.ndarray  #: Rows the truth, columns the answers, the last one none: of shape (c, c + 1), int64.
    chance: Chance

    @property
    def abstained(self) -> int:
        """Faces that got no emotion."""
        return int(self.confusion[:, -1].sum())


def score_predictions(truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str],
                      scores: np.ndarray) -> PredictionMetrics:
    """Compare predictions with the truth.

    Parameters
    ----------
    truth : ndarray of shape (n,), str
        One of ``emotions`` each; n ≥ 1.
    prediction : ndarray of shape (n,), str
        One of ``emotions`` each, or ``""`` for no emotion.
    emotions : sequence of str, of length c
        In the order of the confusion matrix. Those that do not occur in ``truth`` take no part in the means.
    scores : ndarray of shape (n, c), float
        How strongly each face speaks for each emotion; ranks the faces for the areas under the curves.

    Raises
    ------
    InputError
        If there is nothing to score, an emotion is unknown, or a score is missing or no number.
    """
    truth, prediction = np.asarray(truth, dtype=str), np.asarray(prediction, dtype=str)
    _require_sound(truth, prediction, emotions, scores)
    rows, columns = _places(truth, emotions, "truth"), _places(prediction, (*emotions, NO_EMOTION), "prediction")
    c = len(emotions)
    confusion = np.bincount(rows * (c + 1) + columns, minlength=c * (c + 1)).reshape(c, c + 1).astype(np.int64)
    of_classes = class_figures(confusion)
    classes = {}
    for column, emotion in enumerate(emotions):
        figures = {name: _number(values[column]) for name, values in of_classes.items()}
        support, answered = int(confusion[column].sum()), int(confusion[:, column].sum())
        roc_auc, pr_auc = class_areas(rows == column, scores[:, column])
        classes[emotion] = (ClassScore(support, answered, roc_auc=roc_auc, pr_auc=pr_auc, **figures) if support
                            else ClassScore(support, answered))
    values = {name: _number(value) for name, value in confusion_figures(confusion).items()}
    areas = {name: _mean([getattr(score, name) for score in classes.values() if score.support])
             for name in ("roc_auc", "pr_auc")}
    return PredictionMetrics(
        values=values | areas, classes=classes, confusion=confusion,
        chance=Chance(uniform=1 / c, majority=float(confusion.sum(axis=1).max() / len(truth))))


def _places(values: np.ndarray, names: Sequence[str], kind: str) -> np.ndarray:
    """Return the place of each value among names, int64. Raises `InputError` for one that is not among them."""
    places = np.full(len(values), -1)
    for place, name in enumerate(names):
        places[values == name] = place
    if (unknown := places < 0).any():
        strange = min(values[unknown].tolist())
        known = [name for name in names if name != NO_EMOTION]
        raise InputError(f"{strange!r} is no emotion that a {kind} may have: {nearest(strange, known)}")
    return places


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def class_areas(shows: np.ndarray, scores: np.ndarray) -> tuple[float | None, float | None]:
    """Return the area under the ROC curve and the average precision of one emotion.

    Both are None where all faces show it or none does. Ties count half in the ROC; in the precision-recall curve tied
    faces come in together.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    if shows.all() or not shows.any():
        return None, None
    return float(roc_auc_score(shows, scores)), float(average_precision_score(shows, scores))


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _require_sound(truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str], scores: np.ndarray) -> None:
    if truth.shape != prediction.shape or truth.ndim != 1:
        raise InputError(f"expected one prediction a face, got {prediction.shape} predictions for {truth.shape} faces")
    if not len(truth):
        raise InputError("there is no labelled face to score")
    if scores.shape != (len(truth), len(emotions)) or not np.isfinite(scores).all():
        raise InputError(f"expected {len(emotions)} finite scores for each of {len(truth)} faces, got an array of "
                         f"shape {scores.shape}" + (" with NaN or infinite values" if scores.size else ""))


def class_figures(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of each emotion against the rest, of any number of confusion matrices at once.

    Parameters
    ----------
    confusion : ndarray of shape (..., c, c + 1), int
        Counts; rows the truth, columns the predictions, the last column abstentions.

    Returns
    -------
    dict of str to ndarray of shape (..., c), float64
        ``recall``, ``precision``, ``f1``, ``kappa`` and ``alpha`` as in `ClassScore`; NaN where one is not defined.
    """
    counts = np.asarray(confusion, np.float64)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    support, answered = counts.sum(axis=-1), counts.sum(axis=-2)[..., :-1]
    n = support.sum(axis=-1, keepdims=True)
    negatives, not_answered = n - support, n - answered
    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = 1 - (support + answered - 2 * hits) / n
        return {"recall": hits / support, "precision": hits / answered, "f1": 2 * hits / (support + answered),
                "kappa": _kappa(agreed, (support * answered + negatives * not_answered) / n**2),
                "alpha": _alpha(agreed, (support + answered) ** 2 + (negatives + not_answered) ** 2, n)}


def confusion_figures(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics of any number of confusion matrices at once: what a bootstrap draws.

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
    n = support.sum(axis=-1)
    of_classes = class_figures(confusion)

    def mean(name: str) -> np.ndarray:
        values = of_classes[name]
        counted = (support > 0) & np.isfinite(values)
        return np.where(counted, values, 0).sum(axis=-1) / counted.sum(axis=-1)

    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = hits.sum(axis=-1) / n
        pooled = ((support + answered[..., :-1]) ** 2).sum(axis=-1) + answered[..., -1] ** 2
        return {"accuracy": agreed, "balanced_accuracy": mean("recall"), "macro_f1": mean("f1"),
                "cohen_kappa": _kappa(agreed, (support * answered[..., :-1]).sum(axis=-1) / n**2),
                "krippendorff_alpha": _alpha(agreed, pooled, n),
                "class_kappa": mean("kappa"), "class_alpha": mean("alpha")}


def _kappa(agreed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.where(expected < 1, (agreed - expected) / (1 - expected), np.nan)


def _alpha(agreed: np.ndarray, pooled: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return alpha of two answers to each of ``n`` faces, by the sum of the squares of how often each occurs."""
    total = 2 * n
    disagreed = (total**2 - pooled) / (total * (total - 1))
    return np.where(disagreed > 0, 1 - (1 - agreed) / disagreed, np.nan)
