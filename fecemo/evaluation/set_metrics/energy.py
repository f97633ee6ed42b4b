"""The energy coefficient of two sets (Székely and Rizzo, "Energy statistics", 2013)."""

import numpy as np

from fecemo.evaluation.set_metric import LabelledVectors, SetMetric


def energy_coefficient(a: np.ndarray, b: np.ndarray) -> float:
    """Return how differently two samples are spread: (2 E|A − B| − E|A − A'| − E|B − B'|) / (2 E|A − B|).

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d), float
        n, m ≥ 2.

    Returns
    -------
    float
        At most 1; 0 in the mean over samples of one distribution, because a point is not compared with itself.
    """
    from scipy.spatial.distance import cdist

    between = float(cdist(a, b).mean())
    within = sum(float(cdist(sample, sample).sum()) / (len(sample) * (len(sample) - 1)) for sample in (a, b))
    return (2 * between - within) / (2 * between) if between else 0.0


def measure(a: LabelledVectors, b: LabelledVectors) -> float:
    """Return the energy coefficient of all faces, whatever they show."""
    return energy_coefficient(a.vectors, b.vectors)


METRIC = SetMetric(name="energy", title="Energy coefficient",
                   meaning="0 where faces are spread alike, 1 where they have nothing in common.", measure=measure)
