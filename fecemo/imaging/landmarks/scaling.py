"""How measurements become an embedding: K-means adds up squares, so that their sizes decide what counts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fecemo.imaging.landmarks.features import GROUPS

UNITLESS = ("distances",)
"""Groups each of whose numbers is divided by its own standard deviation, because their units say nothing.

Blendshapes and gradients keep their common unit: one that hardly moves is noise, and must not be made as large as a
smile.
"""
FARTHEST = 4.0
"""Standard deviations beyond which a distance counts no more: a mesh that is lost must not draw a centre to it."""


@dataclass(frozen=True)
class Scaling:
    """Subtract, limit, multiply.

    Parameters
    ----------
    means, limits, scales : ndarray of shape (d,), float32
        An embedding is ``clip(x - means, -limits, limits) * scales``.
    """

    means: np.ndarray
    limits: np.ndarray
    scales: np.ndarray

    def embed(self, values: np.ndarray) -> np.ndarray:
        """Return measurements (n, d) as embeddings (n, d), float32."""
        embedded: np.ndarray = np.clip(values - self.means, -self.limits, self.limits) * self.scales
        return embedded.astype(np.float32)


def fit_scaling(values: np.ndarray, weights: Mapping[str, float]) -> Scaling:
    """Return the scaling under which groups of measurements weigh what they are to.

    Each group is divided by one number, so that its squares add up to 1 for a face, in the mean, and multiplied by its
    weight.

    Parameters
    ----------
    values : ndarray of shape (n, d)
        Of the faces that are learnt from: the columns of these groups, one after the other as in `GROUPS`.
    weights : mapping of str to float
        By group, in the order of `GROUPS`; above 0.

    Raises
    ------
    ValueError
        If there are no faces, or the columns are not those of the groups.
    """
    measured = np.asarray(values, np.float64)
    lengths = [len(GROUPS[group]) for group in weights]
    if not len(measured) or measured.shape[1:] != (sum(lengths),):
        raise ValueError(f"expected measurements of shape (n, {sum(lengths)}), n at least 1, found {measured.shape}")
    deviations = measured.std(axis=0)
    limits, scales = np.ones_like(deviations), np.zeros_like(deviations)
    start = 0
    for (group, weight), length in zip(weights.items(), lengths, strict=True):
        columns = slice(start, start + length)
        start += length
        varies = deviations[columns] > 0
        if group in UNITLESS:
            limits[columns] = FARTHEST * deviations[columns]
            scales[columns][varies] = weight / (deviations[columns][varies] * np.sqrt(varies.sum()))
        elif varies.any():
            scales[columns] = weight / np.sqrt(np.sum(deviations[columns] ** 2))
    return Scaling(*(part.astype(np.float32) for part in (measured.mean(axis=0), limits, scales)))
