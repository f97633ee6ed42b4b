"""The Fréchet distance of two sets as normal distributions (Dowson and Landau 1982; Heusel et al. 2017, equation 6)."""

import numpy as np

from fecemo.evaluation.set_metric import SetMetric


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return ‖μₐ − μᵦ‖² + tr(Σₐ + Σᵦ − 2 (Σₐ Σᵦ)^½).

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d), float
        n, m ≥ 2.

    Returns
    -------
    float
        At least 0. Samples of one distribution give more than 0, the more the fewer faces there are for the numbers of
        a vector.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    centred = [(sample - sample.mean(axis=0)) / np.sqrt(len(sample) - 1) for sample in (a, b)]
    # The trace of (Σₐ Σᵦ)^½ is the sum of the singular values of the product of both factors Σ = XᵀX.
    shared = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    spread = sum(float((factor**2).sum()) for factor in centred)
    return max(0.0, float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()) + spread - 2 * float(shared))


METRIC = SetMetric(name="frechet", title="Fréchet distance",
                   meaning="0 where means and covariances are equal, unbounded above; few faces alone give more than "
                           "0, as a set beside itself shows.",
                   measure=lambda a, b: frechet_distance(a.vectors, b.vectors))
