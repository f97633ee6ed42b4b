"""The groups of a session, found again from what its file says was divided and shown."""

from collections.abc import Mapping

from fecemo.data.cluster_parts import cluster_of, key_order
from fecemo.errors import InputError, StoredStateError
from fecemo.labelling.groups import Divide, Division, Groups, NamedClustering
from fecemo.labelling.samples import sample_faces


class Divisions:
    """How the groups of one clustering divide; each division is made once.

    Parameters
    ----------
    clustering : NamedClustering
    divide : callable or None
        None where no group can be divided.
    seed : int
        Of divisions and random samples.
    """

    def __init__(self, clustering: NamedClustering, divide: Divide | None, seed: int) -> None:
        self._whole, self._divide, self._seed = Groups.of(clustering), divide, seed
        self._made: dict[str, Division] = {}

    def of(self, key: str, groups: Groups) -> Division:
        """Return how a group falls into two.

        Raises
        ------
        InputError
            If there is no such group, it has too few faces, or no group can be divided.
        """
        members = groups.members(key)
        if key not in self._made:
            if self._divide is None:
                raise InputError(f"cluster {key} cannot be divided here: the embeddings are not at hand")
            self._made[key] = self._divide(key, members, self._seed)
        return self._made[key]

    def groups(self, divided: Mapping[str, str]) -> Groups:
        """Return the groups that there are when some are divided.

        Parameters
        ----------
        divided : mapping of str to str
            The divided ones, and a digest of the halves of each.

        Raises
        ------
        StoredStateError
            If one divides into other halves than these.
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
        """Return the faces that were shown of each group: rule, seed and number tell which they are.

        Parameters
        ----------
        samples : mapping of str to mapping of str to int
            Faces of each group that were shown by each rule. A group may have been divided, or its halves joined,
            since.
        """
        seen: set[int] = set()
        for key, counts in samples.items():
            groups = self._whole
            for above in (key[:end] for end in range(len(str(cluster_of(key))), len(key))):
                groups = groups.divided(above, self.of(above, groups))
            for rule, count in counts.items():
                seen.update(sample_faces(rule, groups, key, count=count, seed=self._seed).tolist())
        return seen
