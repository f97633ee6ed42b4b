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
    from sklearn.metrics import confusion_matrix, f1_score

    truth, prediction = np.asarray(truth, dtype=str), np.asarray(prediction, dtype=str)
    _require_sound(truth, prediction, emotions, scores)
    confusion = confusion_matrix(truth, prediction, labels=[*emotions, NO_EMOTION])[:-1].astype(np.int64)
    support = confusion.sum(axis=1)
    classes = {emotion: _class_score(truth == emotion, prediction == emotion, scores[:, column])
               for column, emotion in enumerate(emotions)}
    present = [emotion for emotion in emotions if classes[emotion].support]
    means = {name: _mean([getattr(classes[emotion], name) for emotion in present])
             for name in ("recall", "roc_auc", "pr_auc", "kappa", "alpha")}
    return PredictionMetrics(
        values={
            "accuracy": float(np.trace(confusion[:, :-1]) / len(truth)), "balanced_accuracy": means["recall"],
            "macro_f1": float(f1_score(truth, prediction, labels=present, average="macro", zero_division=0.0)),
            "cohen_kappa": _kappa(truth, prediction), "krippendorff_alpha": _alpha(truth, prediction),
            "roc_auc": means["roc_auc"], "pr_auc": means["pr_auc"], "class_kappa": means["kappa"],
            "class_alpha": means["alpha"]},
        classes=classes, confusion=confusion,
        chance=Chance(uniform=1 / len(emotions), majority=float(support.max() / len(truth))))


def _class_score(shows: np.ndarray, answers: np.ndarray, scores: np.ndarray) -> ClassScore:
    support, answered, hits = int(shows.sum()), int(answers.sum()), int((shows & answers).sum())
    if not support:
        return ClassScore(support, answered)
    roc_auc, pr_auc = class_areas(shows, scores)
    return ClassScore(
        support, answered, recall=hits / support, precision=hits / answered if answered else None,
        f1=2 * hits / (support + answered), kappa=_kappa(shows, answers), alpha=_alpha(shows, answers),
        roc_auc=roc_auc, pr_auc=pr_auc)


def class_areas(shows: np.ndarray, scores: np.ndarray) -> tuple[float | None, float | None]:
    """Return the area under the ROC curve and the average precision of one emotion.

    Both are None where all faces show it or none does. Ties count half in the ROC; in the precision-recall curve tied
    faces come in together.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    if shows.all() or not shows.any():
        return None, None
    return float(roc_auc_score(shows, scores)), float(average_precision_score(shows, scores))


def _kappa(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(truth, prediction)) if _has_two_answers(truth, prediction) else None


def _alpha(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    import krippendorff

    if not _has_two_answers(truth, prediction):
        return None
    _, codes = np.unique(np.stack([truth, prediction]), return_inverse=True)
    return float(krippendorff.alpha(reliability_data=codes.reshape(2, -1), level_of_measurement="nominal"))


def _has_two_answers(truth: np.ndarray, prediction: np.ndarray) -> bool:
    return bool((truth != truth[0]).any() or (prediction != truth[0]).any())


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _require_sound(truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str], scores: np.ndarray) -> None:
    if truth.shape != prediction.shape or truth.ndim != 1:
        raise InputError(f"expected one prediction a face, got {prediction.shape} predictions for {truth.shape} faces")
    if not len(truth):
        raise InputError("there is no labelled face to score")
    for kind, values, known in (("truth", truth, set(emotions)), ("prediction", prediction, {*emotions, NO_EMOTION})):
        if unknown := sorted(set(values.tolist()) - known):
            raise InputError(f"{unknown[0]!r} is no emotion that a {kind} may have: {nearest(unknown[0], emotions)}")
    if scores.shape != (len(truth), len(emotions)) or not np.isfinite(scores).all():
        raise InputError(f"expected {len(emotions)} finite scores for each of {len(truth)} faces, got an array of "
                         f"shape {scores.shape}" + (" with NaN or infinite values" if scores.size else ""))


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
    abstained, answered = answered[..., -1], answered[..., :-1]
    n = support.sum(axis=-1)

    def mean(values: np.ndarray) -> np.ndarray:
        counted = (support > 0) & np.isfinite(values)
        return np.where(counted, values, 0).sum(axis=-1) / counted.sum(axis=-1)

    def kappa(agreed: np.ndarray, expected: np.ndarray) -> np.ndarray:
        return np.where(expected < 1, (agreed - expected) / (1 - expected), np.nan)

    def alpha(agreed: np.ndarray, pooled: np.ndarray, n: np.ndarray) -> np.ndarray:
        total = 2 * n
        disagreed = (total**2 - pooled) / (total * (total - 1))
        return np.where(disagreed > 0, 1 - (1 - agreed) / disagreed, np.nan)

    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = hits.sum(axis=-1) / n
        expected = (support * answered).sum(axis=-1) / n**2
        pooled = ((support + answered) ** 2).sum(axis=-1) + abstained**2
        class_agreed = 1 - (support + answered - 2 * hits) / n[..., None]
        negatives, not_answered = n[..., None] - support, n[..., None] - answered
        class_expected = (support * answered + negatives * not_answered) / n[..., None] ** 2
        class_pooled = (support + answered) ** 2 + (negatives + not_answered) ** 2
        return {"accuracy": agreed, "balanced_accuracy": mean(hits / support),
                "macro_f1": mean(2 * hits / (support + answered)), "cohen_kappa": kappa(agreed, expected),
                "krippendorff_alpha": alpha(agreed, pooled, n),
                "class_kappa": mean(kappa(class_agreed, class_expected)),
                "class_alpha": mean(alpha(class_agreed, class_pooled, n[..., None]))}
