"""A labelling session: what a person has decided of a clustering, saved after every act. No widget is known here."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fecemo.errors import InputError, StoredStateError, nearest
from fecemo.labelling.samples import sample_faces
from fecemo.manifests.cluster_names import NOT_EMOTIONS, ClusterNames, read_cluster_names
from fecemo.manifests.emotions import EMOTIONS, emotion_of
from fecemo.packs.durable import atomic_write


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

    @property
    def n_clusters(self) -> int:
        """Number of clusters, k."""
        return self.distances.shape[1]

    @property
    def sizes(self) -> np.ndarray:
        """Faces of each cluster, shape (k,)."""
        return np.bincount(self.clusters, minlength=self.n_clusters)


@dataclass(frozen=True)
class LabellingProgress:
    """How far a session has come.

    Parameters
    ----------
    named, clusters : int
        Clusters that have a name, of how many.
    covered, faces : int
        Source faces in clusters that name an emotion, of how many.
    """

    named: int
    clusters: int
    covered: int
    faces: int


@dataclass(frozen=True)
class _Decisions:
    """What undo and redo move between: names and notes. What was looked at cannot be unseen."""

    names: dict[str, str]
    notes: dict[str, str]


class LabellingSession:
    """Name the clusters of one clustering; goes on where the file was left.

    Parameters
    ----------
    clustering : NamedClustering
    path : Path
        The person's own file of names; written whole after every act.
    by : str
        Who names.
    seed : int
        Of random samples; a session that goes on keeps the seed with which it began.

    Raises
    ------
    InputError
        If the file at ``path`` cannot be read, or is another person's.
    StoredStateError
        If it names another clustering. It is left as it is.
    """

    def __init__(self, clustering: NamedClustering, path: Path, by: str, seed: int = 0) -> None:
        self.clustering = clustering
        self.path = path
        self._stored = self._resume(by, seed)
        self._looked_at = {
            int(face) for cluster, shown in self._stored.samples.items() for rule, count in shown.items()
            for face in self._faces(int(self._key(int(cluster))), rule, count, 0)
        }
        self._done: list[_Decisions] = []
        self._undone: list[_Decisions] = []

    def _resume(self, by: str, seed: int) -> ClusterNames:
        clustering = self.clustering
        if not self.path.exists():
            return ClusterNames(approach=clustering.approach, variant=clustering.variant, clustering=clustering.digest,
                                names={}, by=by, seed=seed)
        stored = read_cluster_names(self.path)
        if stored.clustering != clustering.digest:
            raise StoredStateError(f"{self.path} names another clustering ({stored.clustering[:12]}…) than this one "
                                   f"({clustering.digest[:12]}…); move it away to name these clusters anew")
        if stored.by and stored.by != by:
            raise InputError(f"{self.path} holds the names of {stored.by!r}, not of {by!r}; give each person a file")
        return replace(stored, by=by)

    @property
    def names(self) -> dict[int, str]:
        """Names given so far, by cluster."""
        return {int(cluster): name for cluster, name in self._stored.names.items()}

    @property
    def notes(self) -> dict[int, str]:
        """Notes by cluster."""
        return {int(cluster): note for cluster, note in self._stored.notes.items()}

    @property
    def looked_at(self) -> int:
        """Distinct faces looked at, in this session and those before."""
        return self._stored.looked_at

    def name(self, *clusters: int, name: str) -> None:
        """Give one cluster, or several that mean the same, a name: an emotion or one of `NOT_EMOTIONS`.

        Raises
        ------
        InputError
            For an unknown name or cluster.
        """
        meant = name if name in NOT_EMOTIONS else emotion_of(name)
        if meant is None:
            raise InputError(f"no cluster can be named {name!r}: {nearest(name, (*EMOTIONS, *NOT_EMOTIONS))}")
        self._decide({**self._stored.names, **{self._key(cluster): meant for cluster in clusters}}, self._stored.notes)

    def skip(self, cluster: int) -> None:
        """Leave a cluster without an emotion."""
        self.name(cluster, name="skip")

    def merge(self, clusters: list[int], into: int) -> None:
        """Give clusters the name that another has. The stored clustering stays as it is.

        Raises
        ------
        InputError
            If the other has none yet.
        """
        name = self._stored.names.get(self._key(into))
        if name is None:
            raise InputError(f"cluster {into} has no name yet that others could take")
        self.name(*clusters, name=name)

    def note(self, cluster: int, text: str) -> None:
        """Write a remark on a cluster; an empty one takes it away."""
        notes = {**self._stored.notes, self._key(cluster): text.strip()}
        self._decide(self._stored.names, {key: note for key, note in notes.items() if note})

    def undo(self) -> bool:
        """Take the last decision back. Returns whether there was one."""
        return self._step(self._done, self._undone)

    def redo(self) -> bool:
        """Decide again what was taken back. Returns whether there was anything."""
        return self._step(self._undone, self._done)

    def look(self, cluster: int, rule: str = "random", count: int = 20) -> np.ndarray:
        """Return the next faces of a cluster by a rule of `sample_faces`, and record that they were looked at.

        Returns
        -------
        ndarray of shape (m,), int64
            Positions among the source faces; empty when all have been shown.
        """
        samples = {key: dict(shown) for key, shown in self._stored.samples.items()}
        shown = samples.setdefault(self._key(cluster), {})
        faces = self._faces(cluster, rule, count, shown.get(rule, 0))
        if len(faces):
            shown[rule] = shown.get(rule, 0) + len(faces)
            looked_at = self._looked_at | set(faces.tolist())
            self._save(replace(self._stored, samples=samples, looked_at=len(looked_at)))
            self._looked_at = looked_at
        return faces

    def record_suggestion(self) -> None:
        """Record that a name suggested from labels was asked for."""
        self._save(replace(self._stored, suggestions_used=self._stored.suggestions_used + 1))

    def record_labels_shown(self) -> None:
        """Record that true labels of target faces were shown, so that naming is no longer blind."""
        self._save(replace(self._stored, target_labels_shown=True))

    def progress(self) -> LabellingProgress:
        """Return how far naming has come."""
        sizes = self.clustering.sizes
        covered = sum(int(sizes[cluster]) for cluster, name in self.names.items() if name in EMOTIONS)
        return LabellingProgress(named=len(self.names), clusters=self.clustering.n_clusters, covered=covered,
                                 faces=len(self.clustering.clusters))

    def next_unnamed(self) -> int | None:
        """Return the largest cluster without a name, or None when all have one."""
        unnamed = [cluster for cluster in range(self.clustering.n_clusters) if cluster not in self.names]
        return max(unnamed, key=lambda cluster: (self.clustering.sizes[cluster], -cluster), default=None)

    def _faces(self, cluster: int, rule: str, count: int, start: int) -> np.ndarray:
        return sample_faces(rule, cluster, self.clustering.clusters, self.clustering.distances, count=count,
                            start=start, seed=self._stored.seed)

    def _key(self, cluster: int) -> str:
        if not 0 <= cluster < self.clustering.n_clusters:
            raise InputError(f"there is no cluster {cluster}; there are 0 to {self.clustering.n_clusters - 1}")
        return str(cluster)

    def _decide(self, names: dict[str, str], notes: dict[str, str]) -> None:
        if names == self._stored.names and notes == self._stored.notes:
            return
        before = _Decisions(self._stored.names, self._stored.notes)
        self._save(replace(self._stored, names=_sorted(names), notes=_sorted(notes)))
        self._done.append(before)
        self._undone.clear()

    def _step(self, back: list[_Decisions], forth: list[_Decisions]) -> bool:
        if not back:
            return False
        before = _Decisions(self._stored.names, self._stored.notes)
        self._save(replace(self._stored, names=back[-1].names, notes=back[-1].notes))
        back.pop()
        forth.append(before)
        return True

    def _save(self, names: ClusterNames) -> None:
        """Write first, and only then believe: a refusing disk leaves the session where the file is."""
        names = replace(names, when=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        atomic_write(self.path, names.as_json())
        self._stored = names


def _sorted(by_cluster: dict[str, str]) -> dict[str, str]:
    return dict(sorted(by_cluster.items(), key=lambda item: int(item[0])))
