"""One person's file of names: written whole after every act, and by one session at a time."""

import time
from dataclasses import replace
from pathlib import Path

from fecemo.data.cluster_names import ClusterNames, read_cluster_names
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import digest_file
from fecemo.errors import InputError, StoredStateError
from fecemo.labelling.groups import NamedClustering


class NamesFile:
    """What a person has decided, as it stands on disk.

    Parameters
    ----------
    path : Path
    clustering : NamedClustering
    by : str
        Who names.
    seed : int
        For a file that does not exist yet; one that does keeps the seed with which it began.

    Attributes
    ----------
    names : ClusterNames
        What the file holds; what it will hold, while there is none.

    Raises
    ------
    InputError
        If nobody names, the file cannot be read, names another cell, or is another person's.
    StoredStateError
        If it names another clustering. It is left as it is.
    """

    def __init__(self, path: Path, clustering: NamedClustering, by: str, seed: int) -> None:
        if not by.strip():
            raise InputError("whose names are these? Say who names: the file of names says so")
        self.path = path
        self._digest = _digest(path)
        self.names = self._read(clustering, by.strip(), seed)

    def _read(self, clustering: NamedClustering, by: str, seed: int) -> ClusterNames:
        cell = (clustering.approach, clustering.variant)
        if not self._digest:
            return ClusterNames(*cell, clustering=clustering.digest, names={}, by=by, seed=seed)
        stored = read_cluster_names(self.path)
        if (stored.approach, stored.variant) != cell:
            raise InputError(f"{self.path} names the clusters of {stored.approach} {stored.variant}, expected "
                             f"{' '.join(cell)}")
        if stored.clustering != clustering.digest:
            raise StoredStateError(f"{self.path} names another clustering ({stored.clustering[:12]}…) than this one "
                                   f"({clustering.digest[:12]}…); move it away to name these clusters anew")
        if stored.method != "hand":
            raise InputError(f"{self.path} was named by {stored.method!r}, expected names that a person gave")
        if stored.by and stored.by != by:
            raise InputError(f"{self.path} holds the names of {stored.by!r}, not of {by!r}; give each person a file")
        return replace(stored, by=by)

    def write(self, names: ClusterNames) -> None:
        """Write first, and only then believe: a refusing disk leaves the session where the file is.

        Raises
        ------
        StoredStateError
            If someone else has written the file since it was read or last written here.
        ResourceError
            If the disk refuses.
        """
        if _digest(self.path) not in ("", self._digest):
            raise StoredStateError(f"{self.path} was changed by someone else while this session was open; open the "
                                   "session again to go on from what stands there now")
        names = replace(names, when=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        atomic_write(self.path, names.as_json())
        self.names, self._digest = names, _digest(self.path)


def _digest(path: Path) -> str:
    return digest_file(path) if path.is_file() else ""
