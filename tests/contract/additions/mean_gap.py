"""A metric between two sets of faces that needs no labels: how far apart their means are."""

import numpy as np

from fecemo.evaluation.set_metric import SetMetric


def measure(a, b):
    """Return the distance of the means."""
    return float(np.linalg.norm(a.vectors.mean(axis=0) - b.vectors.mean(axis=0)))


METRIC = SetMetric(name="mean_gap", title="Gap of means", meaning="0 where the means are equal.", measure=measure)
