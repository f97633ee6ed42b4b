"""Spreading activation over a graph of words: how much of a concept reaches every other one.

Havasi, Speer, Alonso: ConceptNet 3 (RANLP 2007) and Divisi (SciPy 2010), which Cambria, Olsher and Kwok, Sentic
Activation (AAAI 2012), build upon. A symmetric matrix C holds the strength of all relations between two nodes, whatever
their direction; 1 + tC + (tC)²/2! + … = e^{tC} adds up all ways between them, longer ones for less.
"""

from typing import Any

import numpy as np


def normalized(weights: Any) -> Any:
    """Return N C N with N = diag(1 / √Σ_j c_ij): what a node passes on is shared among its neighbours.

    Parameters
    ----------
    weights : sparse matrix of shape (n, n)
        Symmetric, not negative. A node without a neighbour keeps to itself.
    """
    from scipy import sparse

    sums = np.asarray(weights.sum(axis=1), np.float64).ravel()
    scale = sparse.diags_array(1 / np.sqrt(np.where(sums > 0, sums, 1)))
    return (scale @ weights @ scale).tocsr()


def spread(weights: Any, seeds: np.ndarray, time: float) -> np.ndarray:
    """Return e^{tC} seeds: the activation of every node.

    Parameters
    ----------
    weights : sparse matrix of shape (n, n)
    seeds : ndarray of shape (n, c), float
        A column for each concept: its seeds' weights, which may be negative.
    time : float
        t; the longer, the further activation reaches.

    Returns
    -------
    ndarray of shape (n, c), float64
    """
    from scipy.sparse.linalg import expm_multiply

    return np.asarray(expm_multiply(time * weights, np.asarray(seeds, np.float64)))
