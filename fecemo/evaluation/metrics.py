"""How well predictions meet the truth: figures of one set of scored faces."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.errors import InputError, nearest
from fecemo.evaluation.score import Chance

NO_EMOTION = ""
"""Prediction of a face that got no emotion. It is wrong whatever the truth is."""


@dataclass(frozen=True)
class PredictionMetrics:
    """Figures of one set of predictions; see `Score` for what each means.

    Parameters
    ----------
    accuracy, balanced_accuracy, macro_f1 : float
    cohen_kappa : float or None
    recall : dict of str to (float or None)
    support : dict of str to int
    confusion : ndarray of shape (c, c + 1), int64
        Rows the truth, columns the predictions; the last column counts abstentions.
    chance : Chance
    """

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    cohen_kappa: float | None
    recall: dict[str, float | None]
    support: dict[str, int]
    confusion: np.ndarray
    chance: Chance

    @property
    def abstained(self) -> int:
        """Faces that got no emotion."""
        return int(self.confusion[:, -1].sum())


def score_predictions(truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str]) -> PredictionMetrics:
    """Compare predictions with the truth.

    Parameters
    ----------
    truth : ndarray of shape (n,), str
        One of ``emotions`` each; n ≥ 1.
    prediction : ndarray of shape (n,), str
        One of ``emotions`` each, or ``""`` for no emotion.
    emotions : sequence of str
        In the order of the confusion matrix. Those that do not occur in ``truth`` take no part in the means.

    Returns
    -------
    PredictionMetrics

    Raises
    ------
    InputError
        If there is nothing to score, or an emotion is unknown.
    """
    from sklearn.metrics import cohen_kappa_score, confusion_matrix, f1_score

    truth, prediction = np.asarray(truth, dtype=str), np.asarray(prediction, dtype=str)
    _require_known(truth, prediction, emotions)
    confusion = confusion_matrix(truth, prediction, labels=[*emotions, NO_EMOTION])[:-1].astype(np.int64)
    support = confusion.sum(axis=1)
    present = [emotion for emotion, count in zip(emotions, support, strict=True) if count]
    recall = [int(hits) / int(count) if count else None
              for hits, count in zip(np.diag(confusion), support, strict=True)]
    one_answer = len(present) == 1 and bool((prediction == truth).all())
    return PredictionMetrics(
        accuracy=float(np.trace(confusion[:, :-1]) / len(truth)),
        balanced_accuracy=float(np.mean([value for value in recall if value is not None])),
        macro_f1=float(f1_score(truth, prediction, labels=present, average="macro", zero_division=0.0)),
        cohen_kappa=None if one_answer else float(cohen_kappa_score(truth, prediction)),
        recall=dict(zip(emotions, recall, strict=True)),
        support={emotion: int(count) for emotion, count in zip(emotions, support, strict=True)},
        confusion=confusion,
        chance=Chance(uniform=1 / len(emotions), majority=float(support.max() / len(truth))),
    )


def _require_known(truth: np.ndarray, prediction: np.ndarray, emotions: Sequence[str]) -> None:
    if truth.shape != prediction.shape or truth.ndim != 1:
        raise InputError(f"expected one prediction a face, got {prediction.shape} predictions for {truth.shape} faces")
    if not len(truth):
        raise InputError("there is no labelled face to score")
    for what, values, known in (("truth", truth, set(emotions)), ("prediction", prediction, {*emotions, NO_EMOTION})):
        if unknown := sorted(set(values.tolist()) - known):
            raise InputError(f"{unknown[0]!r} is no emotion that a {what} may have: {nearest(unknown[0], emotions)}")
