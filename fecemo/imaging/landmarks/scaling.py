"""How measurements become an embedding: K-means adds up squares, so that their sizes decide what counts."""

from dataclasses import dataclass

import numpy as np

from fecemo.imaging.landmarks.distances import DISTANCE_NAMES
from fecemo.imaging.landmarks.measurements import COLUMNS

FARTHEST = 4.0
"""Standard deviations beyond which a distance counts no more: a mesh that is lost must not draw a centre to it."""


@dataclass(frozen=True)
class Scaling:
    """Subtract, limit, multiply.

    Parameters
    ----------
    means, limits, scales : ndarray of shape (69,), float32
        An embedding is ``clip(x - means, -limits, limits) * scales``.
    """

    means: np.ndarray
    limits: np.ndarray
    scales: np.ndarray

    def embed(self, values: np.ndarray) -> np.ndarray:
        """Return measurements (n, 69) as embeddings (n, 69), float32."""
        embedded: np.ndarray = np.clip(values - self.means, -self.limits, self.limits) * self.scales
        return embedded.astype(np.float32)


def fit_scaling(values: np.ndarray) -> Scaling:
    """Return the scaling under which distances and blendshapes weigh alike.

    Each distance is divided by its standard deviation, because their units say nothing. Blendshapes keep their common
    unit: one that hardly moves is noise, and must not be made as large as a smile. Then each of the two kinds is
    divided by one number, so that its squares add up to 1 for a face, in the mean.

    Parameters
    ----------
    values : ndarray of shape (n, 69)
        Of the faces that are learnt from.

    Raises
    ------
    ValueError
        If there are none.
    """
    measured = np.asarray(values, np.float64)
    if not len(measured) or measured.shape[1:] != (len(COLUMNS),):
        raise ValueError(f"expected measurements of shape (n, {len(COLUMNS)}), n at least 1, found {measured.shape}")
    deviations = measured.std(axis=0)
    lengths = np.arange(len(COLUMNS)) < len(DISTANCE_NAMES)
    varies = deviations > 0
    scales = np.where(varies & lengths, 1.0 / np.where(varies, deviations * np.sqrt(max(1, (varies & lengths).sum())),
                                                       1.0), 0.0)
    power = np.sqrt(np.sum(deviations[~lengths] ** 2))
    scales[~lengths] = 1.0 / power if power > 0 else 0.0
    limits = np.where(lengths, FARTHEST * deviations, 1.0)
    return Scaling(*(part.astype(np.float32) for part in (measured.mean(axis=0), limits, scales)))
