"""How well predictions meet the truth: figures of one set of scored faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.errors import InputError, nearest
from fecemo.evaluation.metrics.ranking import class_areas
from fecemo.evaluation.records.score_parts import Chance, ClassScore

NO_EMOTION = ""
"""Prediction of a face that got no emotion. It is wrong whatever the truth is."""


@dataclass(frozen=True)
class PredictionMetrics:
    """Figures of one set of predictions.

    Parameters
    ----------
    values : mapping of str to (float or None)
        The headline metrics by name; see `Score` for what each means.
    classes : dict of str to ClassScore
    confusion : ndarray of shape (c, c + 1), int64
        Rows the truth, columns the predictions; the last column counts abstentions.
    chance : Chance
    """

    values: Mapping[str, Any]
    classes: dict[str, ClassScore]
    confusion: np.ndarray
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

    Returns
    -------
    PredictionMetrics

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
    present = [emotion for emotion, count in zip(emotions, support, strict=True) if count]
    classes = {emotion: _class_score(truth == emotion, prediction == emotion, scores[:, column])
               for column, emotion in enumerate(emotions)}
    shown = [classes[emotion] for emotion in present]
    return PredictionMetrics(
        values={
            "accuracy": float(np.trace(confusion[:, :-1]) / len(truth)),
            "balanced_accuracy": _mean([one.recall for one in shown]),
            "macro_f1": float(f1_score(truth, prediction, labels=present, average="macro", zero_division=0.0)),
            "cohen_kappa": _kappa(truth, prediction), "krippendorff_alpha": _alpha(truth, prediction),
            "roc_auc": _mean([one.roc_auc for one in shown]), "pr_auc": _mean([one.pr_auc for one in shown]),
            "class_kappa": _mean([one.kappa for one in shown]), "class_alpha": _mean([one.alpha for one in shown]),
        },
        classes=classes, confusion=confusion,
        chance=Chance(uniform=1 / len(emotions), majority=float(support.max() / len(truth))),
    )


def _class_score(shows: np.ndarray, answers: np.ndarray, scores: np.ndarray) -> ClassScore:
    support, answered, hits = int(shows.sum()), int(answers.sum()), int((shows & answers).sum())
    if not support:
        return ClassScore(support, answered)
    roc_auc, pr_auc = class_areas(shows, scores)
    return ClassScore(
        support, answered, recall=hits / support, precision=hits / answered if answered else None,
        f1=2 * hits / (support + answered), kappa=_kappa(shows, answers), alpha=_alpha(shows, answers),
        roc_auc=roc_auc, pr_auc=pr_auc)


def _kappa(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(truth, prediction)) if _two_answers(truth, prediction) else None


def _alpha(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    import krippendorff

    if not _two_answers(truth, prediction):
        return None
    _, codes = np.unique(np.stack([truth, prediction]), return_inverse=True)
    return float(krippendorff.alpha(reliability_data=codes.reshape(2, -1), level_of_measurement="nominal"))


def _two_answers(truth: np.ndarray, prediction: np.ndarray) -> bool:
    return bool((truth != truth[0]).any() or (prediction != truth[0]).any())


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _require_sound(truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str], scores: np.ndarray) -> None:
    if truth.shape != prediction.shape or truth.ndim != 1:
        raise InputError(f"expected one prediction a face, got {prediction.shape} predictions for {truth.shape} faces")
    if not len(truth):
        raise InputError("there is no labelled face to score")
    for what, values, known in (("truth", truth, set(emotions)), ("prediction", prediction, {*emotions, NO_EMOTION})):
        if unknown := sorted(set(values.tolist()) - known):
            raise InputError(f"{unknown[0]!r} is no emotion that a {what} may have: {nearest(unknown[0], emotions)}")
    if scores.shape != (len(truth), len(emotions)) or not np.isfinite(scores).all():
        raise InputError(f"expected {len(emotions)} finite scores for each of {len(truth)} faces, got an array of "
                         f"shape {scores.shape}" + (" with NaN or infinite values" if scores.size else ""))
