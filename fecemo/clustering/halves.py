"""A group of faces divided in two by 2-means: the same halves wherever they are looked for again."""

from dataclasses import dataclass

import numpy as np

from fecemo.clustering.kmeans import assign, fit_kmeans
from fecemo.clustering.settings import KMeansSettings
from fecemo.data.receipts import digest_bytes

STARTS = 3


@dataclass(frozen=True)
class Halves:
    """A divided group.

    Parameters
    ----------
    centres : ndarray of shape (2, d), float32
        The larger half comes first.
    second : ndarray of shape (m,), bool
        Which of the group's faces are in the second half.
    distances : ndarray of shape (m, 2), float32
        Of the group's faces to the halves' centres.
    """

    centres: np.ndarray
    second: np.ndarray
    distances: np.ndarray

    @property
    def digest(self) -> str:
        """str: Of which face is in which half."""
        return digest_bytes(np.packbits(self.second).tobytes() + str(len(self.second)).encode())

    def second_of(self, values: np.ndarray, what: str) -> np.ndarray:
        """Return which of other faces of the group are nearer to the second half's centre.

        Parameters
        ----------
        values : ndarray of shape (n, d), float32
        what : str
            For messages.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        if not len(values):
            return np.zeros(0, bool)
        return assign(values, self.centres, what=what)[0] == 1


def halve(values: np.ndarray, seed: int, what: str) -> Halves:
    """Divide a group by K-means with k = 2 on its embeddings.

    Parameters
    ----------
    values : ndarray of shape (m, d), float32
        The group's embeddings.
    seed : int
    what : str
        For progress and messages.

    Raises
    ------
    InputError
        If the group has fewer than two faces.
    StoredStateError
        If all its faces have the same vector.
    """
    found = fit_kmeans(values, KMeansSettings(n_clusters=2, n_init=STARTS, stability_seeds=1), seed, what=what)
    return Halves(found.centres, found.clusters == 1, found.distances)
