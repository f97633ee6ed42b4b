"""The groups that a person names: the clusters, and the halves of those that were divided."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fecemo.data.cluster_parts import halves_of
from fecemo.errors import InputError, nearest

SMALL_MARGIN = 0.5
"""A group whose margin is below this share of the middle one's is doubtful."""


@dataclass(frozen=True)
class NamedClustering:
    """What is named, as the cluster stage left it.

    Parameters
    ----------
    approach, variant : str
    digest : str
        Of the clustering: names belong to it alone.
    clusters : ndarray of shape (n,), int32
        Every source face's cluster.
    distances : ndarray of shape (n, k), float32
        Every source face's distance to each centre.
    """

    approach: str
    variant: str
    digest: str
    clusters: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class Division:
    """How a group falls into two.

    Parameters
    ----------
    second : ndarray of shape (m,), bool
        Which of the group's faces, in their order, are in the second half.
    distances : ndarray of shape (m, 2), float32
        Their distances to the halves' centres.
    digest : str
        Of which face is in which half.
    """

    second: np.ndarray
    distances: np.ndarray
    digest: str


Divide = Callable[[str, np.ndarray, int], Division]
"""``divide(key, members, seed)``: how the group of these source faces falls into two."""


@dataclass(frozen=True)
class Groups:
    """Groups of source faces, each face in one.

    Parameters
    ----------
    keys : tuple of str
        ``"0"``, ``"1"``, ``"2a"``, ``"2b"``, …
    of_face : ndarray of shape (n,), int32
        Every face's group, as a position in `keys`.
    distances : ndarray of shape (n, g), float32
        Every face's distance to each group's centre. To a half's centre it is known for the faces of the divided group
        alone; every other face has the divided group's instead.
    """

    keys: tuple[str, ...]
    of_face: np.ndarray
    distances: np.ndarray

    @classmethod
    def of(cls, clustering: NamedClustering) -> "Groups":
        """Return the undivided clusters."""
        keys = tuple(str(cluster) for cluster in range(clustering.distances.shape[1]))
        return cls(keys, np.asarray(clustering.clusters), np.asarray(clustering.distances))

    def at(self, key: str) -> int:
        """Return a group's position. Raises `InputError` where there is no such group, naming the nearest."""
        if key not in self.keys:
            raise InputError(f"there is no cluster {key!r}: {nearest(key, self.keys)}")
        return self.keys.index(key)

    def members(self, key: str) -> np.ndarray:
        """Return the positions of a group's faces, ascending, as int64."""
        return np.flatnonzero(self.of_face == self.at(key))

    def divided(self, key: str, division: Division) -> "Groups":
        """Return the groups with one of them as its two halves."""
        at, members = self.at(key), self.members(key)
        both = np.repeat(self.distances[:, at : at + 1], 2, axis=1)
        both[members] = division.distances
        of_face = np.where(self.of_face > at, self.of_face + 1, self.of_face).astype(np.int32)
        of_face[members[division.second]] = at + 1
        return Groups((*self.keys[:at], *halves_of(key), *self.keys[at + 1:]), of_face,
                      np.concatenate([self.distances[:, :at], both, self.distances[:, at + 1:]], axis=1))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Faces of each group."""
        return dict(zip(self.keys, np.bincount(self.of_face, minlength=len(self.keys)).tolist(), strict=True))

    @cached_property
    def face_margins(self) -> np.ndarray:
        """How clearly each face belongs to its group: ndarray of shape (n,), float, in [0, 1].

        (b - a) / b of its distance a to its own centre and b to the nearest other: 0 is halfway, 1 is certain.
        """
        rows = np.arange(len(self.of_face))
        own = self.distances[rows, self.of_face]
        others = self.distances.copy()
        others[rows, self.of_face] = np.inf
        other = others.min(axis=1)
        return np.maximum(0, 1 - own / np.where(other > 0, other, 1))

    @cached_property
    def margins(self) -> dict[str, float]:
        """Mean margin of each group's faces; 0 for a group without faces."""
        sums = np.bincount(self.of_face, weights=self.face_margins, minlength=len(self.keys))
        return {key: float(total / max(1, self.sizes[key])) for key, total in zip(self.keys, sums, strict=True)}

    @property
    def doubtful(self) -> list[str]:
        """Groups with a margin below half of the middle one's, the most doubtful first."""
        bound = SMALL_MARGIN * float(np.median(list(self.margins.values())))
        return sorted((key for key in self.keys if self.margins[key] < bound), key=lambda key: self.margins[key])

    def nearest(self, key: str, count: int = 3) -> list[str]:
        """Return the other groups to whose centres this one's faces are nearest on average, the nearest first."""
        at, members = self.at(key), self.members(key)
        if not len(members):
            return []
        order = np.argsort(self.distances[members].mean(axis=0), kind="stable")
        return [self.keys[other] for other in order if other != at][:count]
