"""Where each emotion lies in an embedding that a softmax reads directly: its regions, exactly.

With p̂ = softmax(W e + b) the emotion j is answered where (w_j − w_i) · e + b_j − b_i ≥ 0 for all i: a convex polygon,
which may be empty. An embedding of few numbers has no room for every emotion; which ones have none is reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

MIN_PROBABILITY = 1e-30
"""Logarithms of smaller ones, in single precision, are no numbers to fit."""
MAX_RESIDUAL = 0.02
"""Of the logarithms: where it is larger, the embedding is not what the softmax reads."""
MIN_MARGIN = 1e-6


@dataclass(frozen=True)
class Softmax:
    """The softmax that was learned over an embedding."""

    weights: np.ndarray  #: Of shape (n_classes, k), float. W, up to what is common to all classes.
    biases: np.ndarray  #: Of shape (n_classes,), float. b, likewise.

    def probabilities(self, places: np.ndarray) -> np.ndarray:
        """Return p̂ at places of shape (n, k): ndarray of shape (n, n_classes)."""
        scores = places @ self.weights.T + self.biases
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def has_region(self) -> np.ndarray:
        """Return which classes are answered anywhere at all: ndarray of shape (n_classes,), bool."""
        from scipy.optimize import linprog

        nonempty = []
        for weights, bias in zip(self.weights, self.biases, strict=True):
            rivals = np.any(self.weights != weights, axis=1) | (self.biases != bias)
            # The largest margin t ≤ 1 with (w_i − w_j) · e + t ≤ b_j − b_i for every other class i.
            rows = np.column_stack([self.weights[rivals] - weights, np.ones(rivals.sum())])
            goal = np.append(np.zeros(self.weights.shape[1]), -1.0)
            best = linprog(goal, A_ub=rows, b_ub=bias - self.biases[rivals],
                           bounds=[*[(None, None)] * self.weights.shape[1], (None, 1.0)])
            nonempty.append(best.status == 0 and -best.fun > MIN_MARGIN)
        return np.array(nonempty)


def read_softmax(embedding: np.ndarray, probabilities: np.ndarray) -> Softmax | None:
    """Return the softmax that turned embeddings into probabilities; no network is needed, its logarithm is linear.

    Parameters
    ----------
    embedding : ndarray of shape (n, k), float32
    probabilities : ndarray of shape (n, n_classes), float32

    Returns
    -------
    Softmax or None
        None where the probabilities do not follow from the embedding in this way, or too few faces tell.
    """
    usable = (probabilities > MIN_PROBABILITY).all(axis=1)
    if usable.sum() < embedding.shape[1] + 1:
        return None
    logs = np.log(np.asarray(probabilities[usable], np.float64))
    logs -= logs.mean(axis=1, keepdims=True)
    known = np.column_stack([np.asarray(embedding[usable], np.float64), np.ones(usable.sum())])
    solved, _, rank, _ = np.linalg.lstsq(known, logs, rcond=None)
    if rank < known.shape[1] or np.abs(known @ solved - logs).max() > MAX_RESIDUAL:
        return None
    return Softmax(solved[:-1].T, solved[-1])


@dataclass(frozen=True)
class Arrow:
    """The direction in which numbers that people gave rise fastest."""

    slope: tuple[float, ...]  #: Of the least-squares fit, one number a number of the embedding.
    r2: float  #: Share of the variance that the fit explains.
    n: int  #: Faces whose number is known.


def fit_arrows(embedding: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, Arrow]:
    """Return the arrow of every column that varies and that enough faces have.

    Parameters
    ----------
    embedding : ndarray of shape (n, k)
    columns : mapping of str to ndarray of shape (n,), float
        NaN where nobody gave a number.
    """
    arrows = {}
    for name, values in columns.items():
        known = np.isfinite(values)
        if known.sum() < embedding.shape[1] + 2 or np.ptp(values[known]) == 0:
            continue
        faces = np.column_stack([np.asarray(embedding[known], np.float64), np.ones(known.sum())])
        solved, *_ = np.linalg.lstsq(faces, values[known], rcond=None)
        left = values[known] - faces @ solved
        arrows[name] = Arrow(tuple(solved[:-1].tolist()), float(1 - left.var() / values[known].var()),
                             int(known.sum()))
    return arrows
