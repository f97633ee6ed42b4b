"""A group of faces divided in two by 2-means: the same halves wherever they are looked for again."""

from dataclasses import dataclass

import numpy as np

from fecemo.clustering.kmeans import KMeansClustering, assign
from fecemo.clustering.settings import KMeansSettings
from fecemo.data.group_keys import cluster_of, halves_of, key_order
from fecemo.data.receipts import digest_bytes
from fecemo.errors import StoredStateError

STARTS = 3


@dataclass(frozen=True)
class Halves:
    """A divided group of m faces."""

    centres: np.ndarray  #: Of shape (2, d), float32. The larger half comes first.
    second: np.ndarray  #: Of shape (m,), bool. Which of the faces are in the second half.
    distances: np.ndarray  #: Of shape (m, 2), float32. Of the faces to the halves' centres.

    @property
    def digest(self) -> str:
        """str: Of which face is in which half."""
        return digest_bytes(np.packbits(self.second).tobytes() + str(len(self.second)).encode())

    def second_of(self, values: np.ndarray, title: str) -> np.ndarray:
        """Return which of (n, d) other vectors of the group are nearer to the second half's centre, shape (n,)."""
        if not len(values):
            return np.zeros(0, bool)
        return assign(values, self.centres, title=title)[0] == 1


def halve(values: np.ndarray, seed: int, title: str) -> Halves:
    """Divide a group by K-means with k = 2 on its (m, d) embeddings.

    Raises
    ------
    InputError
        If the group has fewer than two faces.
    StoredStateError
        If all its faces have the same vector.
    """
    clustering = KMeansClustering(KMeansSettings(n_clusters=2, n_init=STARTS), seed, title).fit(values)
    return Halves(clustering.cluster_centers_, clustering.labels_ == 1, clustering.distances_)


def halve_group(key: str, seed: int, values: np.ndarray, clusters: np.ndarray, title: str) -> Halves:
    """Divide a group of faces, found by dividing its cluster as often as its key says: ``"3b"`` is a half itself.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Of all faces.
    clusters : ndarray of shape (n,), int
    title : str
        For messages.
    """
    whole = str(cluster_of(key))
    members = np.flatnonzero(np.asarray(clusters) == cluster_of(key))
    for end, half in enumerate(key[len(whole):], len(whole)):
        halves = halve(values[members], seed, f"{title}, cluster {key[:end]}")
        members = members[halves.second == (half == "b")]
    return halve(values[members], seed, f"{title}, cluster {key}")


def groups_of_target(divided: dict[str, str], seed: int, source: np.ndarray, source_clusters: np.ndarray,
                     target: np.ndarray, target_clusters: np.ndarray, title: str) -> np.ndarray:
    """Return every target face's group, shape (t,), str: its cluster's key, or that of the half into which it falls.

    Raises `StoredStateError` if a group no longer falls into the halves that were named.

    Parameters
    ----------
    divided : dict of str to str
        The groups that a person divided, by their keys, and the digest of the halves of each.
    seed : int
        That of the divisions.
    source, target : ndarray of shape (n, d) and (t, d), float32
    source_clusters, target_clusters : ndarray of shape (n,) and (t,), int
    title : str
        For messages.
    """
    of_source, of_target = (np.asarray(clusters).astype(str).astype(object)
                            for clusters in (source_clusters, target_clusters))
    for key in sorted(divided, key=key_order):
        members, target_members = np.flatnonzero(of_source == key), np.flatnonzero(of_target == key)
        halves = halve(source[members], seed, f"{title}, cluster {key}")
        if halves.digest != divided[key]:
            raise StoredStateError(f"{title}, cluster {key} divides into other halves than those that were named; name "
                                   "its halves anew")
        first, second = halves_of(key)
        of_source[members] = np.where(halves.second, second, first)
        of_target[target_members] = np.where(halves.second_of(target[target_members], title), second, first)
    return of_target.astype(str)
