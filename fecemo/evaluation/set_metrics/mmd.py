"""The maximum mean discrepancy of two sets (Gretton et al., "A Kernel Two-Sample Test", 2012, equation 3)."""

import numpy as np

from fecemo.evaluation.set_metric import SetMetric


def squared_mmd(a: np.ndarray, b: np.ndarray) -> float:
    """Return E k(A, A') + E k(B, B') − 2 E k(A, B), unbiased, for a Gaussian kernel.

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d), float
        n, m ≥ 2. The kernel is exp(−‖x − y‖² / 2 s²), s the median distance between two points of either.

    Returns
    -------
    float
        At most 2; 0 in the mean over samples of one distribution.
    """
    from scipy.spatial.distance import cdist, pdist

    width = float(np.median(pdist(np.concatenate([a, b])))) or 1.0

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(-cdist(x, y, "sqeuclidean") / (2 * width**2)))

    within = sum(float(kernel(sample, sample).sum() - len(sample)) / (len(sample) * (len(sample) - 1))
                 for sample in (a, b))
    return within - 2 * float(kernel(a, b).mean())


METRIC = SetMetric(name="mmd", title="Squared maximum mean discrepancy",
                   meaning="0 where faces are spread alike, larger the more they differ, below 2.",
                   measure=lambda a, b: squared_mmd(a.vectors, b.vectors))
