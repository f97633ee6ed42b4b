"""Logistic regression for a handful of labels, which may lean on scores that need none."""

from collections.abc import Sequence

import numpy as np

STEPS = 200
"""Of the solver, which needs about thirty."""


class OffsetSoftmax:
    """Multinomial logistic regression with an offset, in scikit-learn's manner.

    Probabilities are softmax(o + x W + b), the offset o being what is known of a face beforehand (McCullagh and Nelder,
    "Generalized Linear Models", 1989, section 2.3): with strong regularisation answers are those of the offset, and
    labels correct it where there are any. Loss: Σ w_i · cross-entropy_i + |W|² / 2 C, as scikit-learn weighs it; b is
    held like W where there is an offset, and free without one.

    Parameters
    ----------
    classes : sequence of str, of length c
        All that can be answered, in order.
    penalty : float
        C: the smaller, the stronger the regularisation.
    balanced : bool
        Whether each class that occurs weighs the same in all.
    """

    def __init__(self, classes: Sequence[str], penalty: float = 0.1, *, balanced: bool = True) -> None:
        self.classes, self.penalty, self.balanced = tuple(classes), penalty, balanced
        self.coef_ = np.zeros((0, len(self.classes)))
        self.intercept_ = np.zeros(len(self.classes))
        self.shown_ = np.ones(len(self.classes), bool)

    def fit(self, values: np.ndarray, labels: np.ndarray, offset: np.ndarray | None = None,
            weights: np.ndarray | None = None) -> "OffsetSoftmax":
        """Learn from (n, d) standardised vectors, n ≥ 1, and their (n,) classes.

        Without an offset, classes that no example shows are never answered. With one, of shape (n, c), they keep what
        the offset says of them. ``weights``, shape (n,), weigh the examples.
        """
        from scipy.optimize import minimize

        values = np.asarray(values, np.float64)
        shows = np.asarray(labels)[:, None] == np.array(self.classes)
        offset = np.zeros(shows.shape) if offset is None else np.asarray(offset, np.float64)
        self.shown_ = shows.any(axis=0) | bool(offset.any())
        weight = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
        ridge = 1 / (self.penalty * weight.sum())
        if self.balanced:
            mass = weight @ shows
            weight = weight * (shows / np.where(mass > 0, mass, 1.0)).sum(axis=1)
        weight = weight / weight.sum()
        size, width = shows.shape[1], values.shape[1]
        masked = np.where(self.shown_, 0.0, -np.inf)
        # With an offset, a class that few examples show is not to fall behind what the offset says of it.
        pull = ridge if offset.any() else 0.0

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            coef, intercept = flat[:-size].reshape(width, size), flat[-size:]
            logs = _log_softmax(values @ coef + intercept + offset + masked)
            apart = weight[:, None] * (np.exp(logs) - shows)
            cost = -float((weight * np.where(shows, logs, 0.0).sum(axis=1)).sum()) + ridge * float((coef**2).sum()) / 2
            slope = np.concatenate([(values.T @ apart + ridge * coef).ravel(), apart.sum(axis=0) + pull * intercept])
            return cost + pull * float((intercept**2).sum()) / 2, slope

        fitted = minimize(loss, np.zeros(size * (width + 1)), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
        self.coef_, self.intercept_ = fitted.x[:-size].reshape(width, size), fitted.x[-size:]
        return self

    def log_proba(self, values: np.ndarray, offset: np.ndarray | None = None) -> np.ndarray:
        """Return the logarithm of each class's probability for (m, d) vectors: shape (m, c), float64."""
        raw = np.asarray(values, np.float64) @ self.coef_ + self.intercept_ + np.where(self.shown_, 0.0, -np.inf)
        return _log_softmax(raw if offset is None else raw + offset)

    def predict(self, values: np.ndarray, offset: np.ndarray | None = None) -> np.ndarray:
        """Return the likeliest class of each vector: shape (m,), str."""
        return np.array(self.classes)[self.log_proba(values, offset).argmax(axis=1)]


def _log_softmax(raw: np.ndarray) -> np.ndarray:
    raw = raw - raw.max(axis=1, keepdims=True)
    logs: np.ndarray = raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
    return logs
