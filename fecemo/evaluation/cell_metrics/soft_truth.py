"""Soft truth: what people reach on the scored faces, and how a classifier's probabilities meet labels and votes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.metrics.calibration import calibration_error
from fecemo.evaluation.printed import Part
from fecemo.evaluation.records.score import Score

PANELS = 50
"""Second panels that are drawn."""
PREFIX = "votes_"
"""What the name of a column begins with that holds the votes for an emotion, or its share, such as ``votes_happy``."""
ONE = 1e-3
"""By so much probabilities may miss a sum of 1."""


def rater_answers(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how one rater of each face, left out, meets the emotion that most of the others chose.

    All raters of a face are as likely to be left out. Where others are tied, each of their emotions counts in part.

    Parameters
    ----------
    votes : ndarray of shape (n, c), int
        Votes a face and emotion; two or more a face.

    Returns
    -------
    ndarray of shape (n, c), float64
        Expected share of raters whose others chose each emotion; rows add up to 1.
    ndarray of shape (n, c), float64
        Of these, those who chose it too.
    """
    n, c = votes.shape
    shown, met = np.zeros((n, c)), np.zeros((n, c))
    for emotion in range(c):
        rest = votes.astype(np.float64)
        rest[:, emotion] -= 1
        top = rest == rest.max(axis=1, keepdims=True)
        part = top / top.sum(axis=1, keepdims=True) * (votes[:, emotion] / votes.sum(axis=1))[:, None]
        shown += part
        met[:, emotion] += part[:, emotion]
    return shown, met


def panel_answers(votes: np.ndarray, truth: np.ndarray, seed: int) -> np.ndarray:
    """Return how often the majority of a second panel, drawn from the votes of a face, is its label.

    Parameters
    ----------
    votes : ndarray of shape (n, c), int
        A panel has as many raters as the face had, each of whom draws one of its votes. Ties count in part.
    truth : ndarray of shape (n,), int
        Columns.

    Returns
    -------
    ndarray of shape (n,), float64
        Means over `PANELS` panels.
    """
    rng, raters = np.random.default_rng(seed), votes.sum(axis=1)
    right = np.zeros(len(votes))
    for _ in range(PANELS):
        drawn = rng.multinomial(raters, votes / raters[:, None])
        top = drawn == drawn.max(axis=1, keepdims=True)
        right += top[np.arange(len(votes)), truth] / top.sum(axis=1)
    return right / PANELS


def cross_entropy(shares: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over faces of −Σ share · ln probability, in nats, for arrays of shape (n, c).

    Of votes against themselves it is their entropy, below which no probabilities come.
    """
    shares = shares.astype(np.float64)
    return float(-(shares * np.log(np.maximum(probabilities.astype(np.float64), 1e-7))).sum(axis=1).mean())


@dataclass(frozen=True)
class HumanLine:
    """What people reach where several of them judged a face."""

    n_faces: int  #: Scored faces with two votes or more.
    raters: float  #: Votes a face, in the mean.
    rater_accuracy: float  #: One rater against the majority of the others, each rater as likely.
    rater_balanced_accuracy: float  #: Mean over the emotions of those majorities.
    panel_accuracy: float  #: The majority of a second panel, drawn from the votes, against the label.
    panel_balanced_accuracy: float  #: Mean over the emotions of the labels.


@dataclass(frozen=True)
class SoftTruth:
    """Figures beside a score that need probabilities, or votes, or both; None where one is missing."""

    human: HumanLine | None = None
    calibration_error: float | None = None  #: Of a classifier's probabilities against labels, in [0, 1]; 0 is best.
    vote_calibration_error: float | None = None  #: Likewise, against the share of votes that the answer has.
    cross_entropy: float | None = None  #: Of probabilities against the votes, in nats.
    vote_entropy: float | None = None  #: Of the votes: the least cross-entropy there can be.


def measure_soft_truth(evidence: CellEvidence) -> SoftTruth | None:
    """Compare probabilities with labels and votes, and people with each other; None where there is neither."""
    predictions = evidence.predictions
    truth, probabilities = predictions.truth_columns, None
    if evidence.predicts_by == "classifier" and len(truth):
        scores = predictions.scores.astype(np.float64)
        if (scores >= 0).all() and np.abs(scores.sum(axis=1) - 1).max() < ONE:
            probabilities = scores
    votes = _votes(evidence)
    if votes is None and probabilities is None:
        return None
    figures: dict[str, Any] = {}
    if probabilities is not None:
        answer, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        figures["calibration_error"] = calibration_error(confidence, answer == truth)
    if votes is not None:
        counted = bool((votes == np.round(votes)).all() and (votes.sum(axis=1) >= 2).any())
        # Shares, such as AffectNet+'s soft labels, say nothing of single raters.
        known = np.flatnonzero(votes.sum(axis=1) >= 2 if counted else votes.sum(axis=1) > 0)
        votes = votes[known]
        shares = votes / votes.sum(axis=1, keepdims=True)
        if counted:
            figures["human"] = human_line(votes.astype(np.int64), truth[known], evidence.seed)
        figures["vote_entropy"] = cross_entropy(shares, shares)
        if probabilities is not None:
            figures["vote_calibration_error"] = calibration_error(
                confidence[known], shares[np.arange(len(known)), answer[known]])
            figures["cross_entropy"] = cross_entropy(shares, probabilities[known])
    return SoftTruth(**figures)


def human_line(votes: np.ndarray, truth: np.ndarray, seed: int) -> HumanLine:
    """Return what people reach.

    Parameters
    ----------
    votes : ndarray of shape (n, c), int
        Two or more a face; n ≥ 1.
    truth : ndarray of shape (n,), int
        Label of each face, a column of ``votes``.
    seed : int
        Of the second panels.
    """
    shown, met = rater_answers(votes)
    by_emotion = shown.sum(axis=0)
    panel = panel_answers(votes, truth, seed)
    return HumanLine(
        n_faces=len(votes), raters=float(votes.sum(axis=1).mean()), rater_accuracy=float(met.sum(axis=1).mean()),
        rater_balanced_accuracy=float((met.sum(axis=0) / np.maximum(by_emotion, 1e-12))[by_emotion > 0].mean()),
        panel_accuracy=float(panel.mean()),
        panel_balanced_accuracy=float(np.mean([panel[truth == code].mean() for code in np.unique(truth)])))


def _votes(evidence: CellEvidence) -> np.ndarray | None:
    """Return the votes for each emotion on the scored faces, or shares, of shape (n, c); None where none are stored."""
    predictions = evidence.predictions
    if not all(PREFIX + emotion in evidence.annotated for emotion in predictions.emotions):
        return None
    places = np.searchsorted(evidence.vector_rows, predictions.rows).clip(0, len(evidence.vector_rows) - 1)
    is_there = evidence.vector_rows[places] == predictions.rows
    votes = np.stack([np.nan_to_num(evidence.annotated[PREFIX + emotion][places]) for emotion in predictions.emotions],
                     axis=1)
    votes = np.where(is_there[:, None], votes, 0)
    return None if (votes < 0).any() or not (votes.sum(axis=1) > 0).any() else votes


def show_soft_truth(record: SoftTruth, score: Score, cite: Callable[[str], Part]) -> dict[str, Any]:
    """Return what ``soft_truth.html.jinja`` shows."""
    return {"soft_truth": record, "cite": cite}


METRIC = CellMetric(
    name="soft_truth", title="People and probabilities", kind=SoftTruth, measure=measure_soft_truth,
    show=show_soft_truth,
    caption="One rater against the majority of the others; a second panel, drawn from the votes, against the label. "
            "ECE: expected calibration error of a classifier's probabilities, 0 is best. Cross-entropy against the "
            "votes, in nats: at least their own entropy.",
    columns={"One rater": "human.rater_accuracy", "One rater, balanced": "human.rater_balanced_accuracy",
             "Second panel": "human.panel_accuracy", "Second panel, balanced": "human.panel_balanced_accuracy",
             "ECE, labels": "calibration_error", "ECE, votes": "vote_calibration_error",
             "Cross-entropy": "cross_entropy", "Votes' entropy": "vote_entropy"})
