"""The groups that a person names: the clusters, the halves of divided ones, and which of their faces are shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fecemo.data.group_keys import cluster_of, halves_of, key_order
from fecemo.errors import InputError, StoredStateError, nearest

SMALL_MARGIN = 0.5
"""A group whose margin is below this share of the middle one's is doubtful."""


@dataclass(frozen=True)
class NamedClustering:
    """What is named, as the cluster stage left it."""

    approach: str
    variant: str
    digest: str  #: Of the clustering: names belong to it alone.
    clusters: np.ndarray  #: Of shape (n,), int32. Every source face's cluster.
    distances: np.ndarray  #: Of shape (n, k), float32. Every source face's distance to each centre.


@dataclass(frozen=True)
class Division:
    """How a group falls into two.

    ``second``, shape (m,), bool, says which of the group's faces are in the second half, ``distances``, shape (m, 2),
    float32, how far they are from the halves' centres; ``digest`` is of which face is in which half.
    """

    second: np.ndarray
    distances: np.ndarray
    digest: str


Divide = Callable[[str, np.ndarray, int], Division]
"""``divide(key, members, seed)``: how the group of these source faces falls into two."""


@dataclass(frozen=True)
class Groups:
    """Groups of source faces, each face in one."""

    keys: tuple[str, ...]  #: ``"0"``, ``"1"``, ``"2a"``, ``"2b"``, …
    of_face: np.ndarray  #: Of shape (n,), int32. Every face's group, as a position in `keys`.
    #: Of shape (n, g), float32. Of every face to each group's centre. For faces outside a divided group, that to its
    #: centre stands for its halves.
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
        halves = np.repeat(self.distances[:, at : at + 1], 2, axis=1)
        halves[members] = division.distances
        of_face = np.where(self.of_face > at, self.of_face + 1, self.of_face).astype(np.int32)
        of_face[members[division.second]] = at + 1
        return Groups((*self.keys[:at], *halves_of(key), *self.keys[at + 1:]), of_face,
                      np.concatenate([self.distances[:, :at], halves, self.distances[:, at + 1:]], axis=1))

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
        to_centre = self.distances[rows, self.of_face]
        rest = self.distances.copy()
        rest[rows, self.of_face] = np.inf
        to_next = rest.min(axis=1)
        return np.maximum(0, 1 - to_centre / np.where(to_next > 0, to_next, 1))

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
        return [self.keys[group] for group in order if group != at][:count]


def sample_faces(rule: str, groups: Groups, key: str, *, count: int, start: int = 0, seed: int = 0) -> np.ndarray:
    """Return the next faces of a group: positions among the source faces, shape (m,), int64, m at most ``count``.

    Raises `InputError` for an unknown rule, naming the nearest, or a group that does not exist.

    Parameters
    ----------
    rule : {"random", "nearest", "farthest", "borderline"}
        ``random`` as published, by seed; nearest to the centre, or farthest from it; ``borderline`` faces are nearly
        as near to another centre. Of equally ranked faces the first comes first.
    key : str
        The group.
    count : int
        Faces wanted, at least 1.
    start : int
        Faces of this group and rule that were shown before.
    """
    if rule not in RULES:
        raise InputError(f"there is no rule {rule!r} for samples: {nearest(rule, RULES)}")
    at, members = groups.at(key), groups.members(key)
    cluster, part = key_order(key)
    rank = RULES[rule](groups.distances[members], at, np.random.default_rng([seed, cluster, *part.encode()]))
    return members[np.argsort(rank, kind="stable")][start : start + count]


RULES: Mapping[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "random": lambda distances, at, rng: rng.permutation(len(distances)),
    "nearest": lambda distances, at, rng: distances[:, at],
    "farthest": lambda distances, at, rng: -distances[:, at],
    "borderline": lambda distances, at, rng: np.delete(distances, at, axis=1).min(axis=1) - distances[:, at],
}
"""Each ranks the faces of a group; the lowest come first."""


class Divisions:
    """How the groups of one clustering divide; each division is made once.

    Without ``divide`` no group can be divided; ``seed`` is that of divisions and random samples.
    """

    def __init__(self, clustering: NamedClustering, divide: Divide | None, seed: int) -> None:
        self._whole, self._divide, self._seed = Groups.of(clustering), divide, seed
        self._made: dict[str, Division] = {}

    def of(self, key: str, groups: Groups) -> Division:
        """Return how a group falls into two.

        Raises `InputError` if there is no such group, it has too few faces, or no group can be divided.
        """
        members = groups.members(key)
        if key not in self._made:
            if self._divide is None:
                raise InputError(f"cluster {key} cannot be divided here: the embeddings are not at hand")
            self._made[key] = self._divide(key, members, self._seed)
        return self._made[key]

    def groups(self, divided: Mapping[str, str]) -> Groups:
        """Return the groups that there are when some are divided, each with a digest of its halves.

        Raises `StoredStateError` if one divides into other halves than these.
        """
        groups = self._whole
        for key in sorted(divided, key=key_order):
            division = self.of(key, groups)
            if division.digest != divided[key]:
                raise StoredStateError(f"cluster {key} divides into other halves than those that were named; move the "
                                       "file of names away to name these clusters anew")
            groups = groups.divided(key, division)
        return groups

    def shown(self, samples: Mapping[str, Mapping[str, int]]) -> set[int]:
        """Return the faces that were shown of each group by each rule: rule, seed and number tell which they are.

        A group may have been divided, or its halves joined, since.
        """
        faces_shown: set[int] = set()
        for key, counts in samples.items():
            groups = self._whole
            for above in (key[:end] for end in range(len(str(cluster_of(key))), len(key))):
                groups = groups.divided(above, self.of(above, groups))
            for rule, count in counts.items():
                faces_shown.update(sample_faces(rule, groups, key, count=count, seed=self._seed).tolist())
        return faces_shown
