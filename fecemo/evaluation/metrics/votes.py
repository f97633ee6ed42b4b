"""What votes of several raters say: how far one rater or a second panel gets, and how well probabilities meet them."""

import numpy as np

PANELS = 50
"""Second panels that are drawn."""


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
