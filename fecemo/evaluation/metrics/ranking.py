"""Areas under the ROC and precision-recall curves, one emotion against the rest, and their bootstrap."""

from collections.abc import Iterator

import numpy as np

BLOCK_CELLS = 2**20
"""Resamples times faces that are held at once."""


def resampled_areas(truth: np.ndarray, scores: np.ndarray, *, resamples: int,
                    rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the macro areas of bootstrap resamples of the faces.

    Parameters
    ----------
    truth : ndarray of shape (n,), int
        Column of ``scores`` that is right for each face.
    scores : ndarray of shape (n, c), float
    resamples : int
    rng : Generator

    Returns
    -------
    dict of str to ndarray of shape (resamples,), float64
        ``roc_auc`` and ``pr_auc``: means over the emotions that occur in the resample and are not all of it; NaN where
        there is none.
    """
    ranked = [_Ranked(truth == column, scores[:, column]) for column in range(scores.shape[1])]
    ranked = [emotion for emotion in ranked if emotion.occurs]
    drawn: dict[str, list[np.ndarray]] = {"roc_auc": [], "pr_auc": []}
    for weights in _resamples(len(truth), resamples, rng):
        areas = np.array([emotion.areas(weights) for emotion in ranked]).reshape(-1, 2, len(weights))
        defined = np.isfinite(areas)
        with np.errstate(invalid="ignore"):
            means = np.where(defined, areas, 0).sum(axis=0) / defined.sum(axis=0)
        for name, mean in zip(drawn, means, strict=True):
            drawn[name].append(mean)
    return {name: np.concatenate(blocks) for name, blocks in drawn.items()}


class _Ranked:
    """Faces ranked by their score for one emotion; a resample is how often each of them was drawn."""

    def __init__(self, shows: np.ndarray, scores: np.ndarray) -> None:
        self.order = np.argsort(-scores, kind="stable")
        self.shows = shows[self.order].astype(np.float64)
        ranked = scores[self.order]
        self.last_of_ties = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self.occurs = bool(shows.any() and not shows.all())

    def areas(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        drawn = weights[:, self.order]
        faces = np.cumsum(drawn, axis=1)[:, self.last_of_ties]
        right = np.cumsum(drawn * self.shows, axis=1)[:, self.last_of_ties]
        n_right, n_wrong = right[:, -1], faces[:, -1] - right[:, -1]
        wrong = faces - right
        step_right, step_wrong = np.diff(right, prepend=0), np.diff(wrong, prepend=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            roc = (step_wrong * (right - step_right / 2)).sum(axis=1) / (n_right * n_wrong)
            precision = np.where(faces > 0, right / faces, 0)
            average = (step_right * precision).sum(axis=1) / n_right
        undefined = (n_right == 0) | (n_wrong == 0)
        return np.where(undefined, np.nan, roc), np.where(undefined, np.nan, average)


def _resamples(n: int, resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield blocks of resamples: how often each of ``n`` faces was drawn, of shape (block, n)."""
    block = max(1, min(resamples, BLOCK_CELLS // n))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
