"""How far an answer can be relied on: shares of the classes, by one temperature that labelled faces choose.

A row gives every face a score s_c of every class c. Of clusters it is the relative margin (d' − d) / (d' + d) of the
distance d to the nearest centre named c and d' to the nearest of all others, in [-1, 1]; of a classifier the logarithm
of its probability. The share of a class is softmax(s / T)_c, and the confidence of an answer is its class's share. T is
that under which the labels of held-out faces are most likely (Guo, Pleiss, Sun, Weinberger: On Calibration of Modern
Neural Networks, ICML 2017, section 4.2). It changes no answer. Where several names count as one class, its share is the
sum of theirs.
"""

from dataclasses import dataclass

import numpy as np

MIN_LABELLED = 50
"""Fewer labelled faces choose no temperature."""
BINS = 10
TEMPERATURES = (1e-3, 1e3)


@dataclass(frozen=True)
class Calibration:
    """A temperature, and what it was chosen by."""

    temperature: float
    n_labelled: int = 0  #: Labels that chose it; 0 where it is an assumption, and shares are not calibrated.
    error: float | None = None  #: Expected calibration error on those faces, in [0, 1]: `calibration_error`.


def shares(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(scores / temperature) of each row: ndarray of shape (n, c), float32."""
    logits = np.asarray(scores, np.float64) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def calibrate(scores: np.ndarray, right: np.ndarray, assumed: float) -> Calibration:
    """Choose the temperature under which labels are most likely.

    Parameters
    ----------
    scores : ndarray of shape (n, c), float
    right : ndarray of shape (n, c), bool
        The columns that count as each face's class, at least one of each.
    assumed : float
        The temperature where fewer than `MIN_LABELLED` faces are given.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    if len(right) < MIN_LABELLED:
        return Calibration(assumed)
    scores = np.asarray(scores, np.float64)

    def loss(log_temperature: float) -> float:
        logits = scores / np.exp(log_temperature)
        return float((logsumexp(logits, axis=1) - logsumexp(logits, axis=1, b=right)).mean())

    best = float(np.exp(minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded").x))
    made = shares(scores, best)
    correct = right[np.arange(len(right)), made.argmax(axis=1)]
    return Calibration(best, len(right), calibration_error(made.max(axis=1), correct))


def calibration_error(confidence: np.ndarray, reached: np.ndarray) -> float:
    """Return Σ_b n_b / n |mean reached_b − mean confidence_b| over ten bins of equal width (Guo et al. 2017, eq. 3).

    Parameters
    ----------
    confidence : ndarray of shape (n,), float
        In [0, 1], of each answer; n ≥ 1.
    reached : ndarray of shape (n,), float
        Whether the answer is right, or the share of votes that it has.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=np.asarray(reached, np.float64) - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(bins))
