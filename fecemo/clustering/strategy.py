"""What a person does for a pile of faces, act by act: clusters are looked at and named, faces are labelled.

A strategy says which acts, and what every face is answered after them. The person is simulated by stored labels, of
which a strategy sees what it asks for and nothing else, so that acts are counted where they happen.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fecemo.clustering.kmeans import ClusterSpace, KMeansClustering, assign
from fecemo.clustering.naming import label_order
from fecemo.clustering.settings import KMeansSettings
from fecemo.registry import Registry

TRUST = {"drawn_faces": 4.0, "action_units": 2.0}
"""How far suggestions are trusted beside labels, by way of naming: chosen on FER+ faces of the train split."""


@dataclass(frozen=True)
class Clustering:
    """Clusters of a pile, by falling size."""

    labels: np.ndarray  #: Cluster of each face: of shape (n,), int32.
    distances: np.ndarray  #: Of each face to each centre: of shape (n, k), float32.
    scored: np.ndarray  #: Cluster of each scored face: of shape (m,), int32.
    centres: np.ndarray  #: Of shape (k, d), float32.

    @property
    def sizes(self) -> np.ndarray:
        """Faces of each cluster: ndarray of shape (k,), int."""
        return np.bincount(self.labels, minlength=self.distances.shape[1])

    def members(self, cluster: int) -> np.ndarray:
        """Return the faces of a cluster, ascending: ndarray of shape (s,), int64."""
        return np.flatnonzero(self.labels == cluster)


class Pile:
    """The faces on which a person acts, and those that are scored afterwards.

    Parameters
    ----------
    vectors, scored : ndarray of shape (n, d) and (m, d), float32
        Of which clusters are made.
    standard, scored_standard : ndarray of shape (n, e) and (m, e), float32
        The same, standardised, for classifiers.
    classes : sequence of str, of length c
    suggestions : mapping of str to (ndarray of shape (n, c), ndarray of shape (m, c)), float64
        Logarithm of each class's probability for each face, by a way of naming that needs no label; of both kinds of
        faces.
    """

    def __init__(self, vectors: np.ndarray, scored: np.ndarray, standard: np.ndarray, scored_standard: np.ndarray,
                 classes: Sequence[str], kmeans: KMeansSettings, seed: int,
                 suggestions: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
                 space: ClusterSpace | None = None) -> None:
        self.vectors, self.scored, self.standard, self.scored_standard = vectors, scored, standard, scored_standard
        self.classes, self.kmeans, self.seed, self.suggestions = tuple(classes), kmeans, seed, dict(suggestions or {})
        self._space, self._clusterings = space, dict[int, Clustering]()

    @property
    def prior(self) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
        """Pair of ndarray: Logarithms, not normalised, of what is known of faces and scored faces without an act.

        Suggestions added up with the weights of `TRUST`; (None, None) where there is none.
        """
        known = {name: weight for name, weight in TRUST.items() if name in self.suggestions}
        if not known:
            return None, None
        of_pile, of_scored = (sum(weight * self.suggestions[name][part] for name, weight in known.items())
                              for part in (0, 1))
        return np.asarray(of_pile), np.asarray(of_scored)

    def __len__(self) -> int:
        return len(self.vectors)

    def clustering(self, n_clusters: int) -> Clustering:
        """Return so many clusters of the pile, the same ones whenever they are asked for."""
        if n_clusters not in self._clusterings:
            kmeans = KMeansClustering(replace(self.kmeans, n_clusters=n_clusters), self.seed, f"k = {n_clusters}")
            kmeans.fit(self.vectors, self._space)
            self._clusterings[n_clusters] = Clustering(
                kmeans.labels_, kmeans.distances_, assign(self.scored, kmeans.cluster_centers_, title="scored")[0],
                kmeans.cluster_centers_)
        return self._clusterings[n_clusters]


@dataclass(frozen=True)
class Look:
    """What a person saw of a cluster: the class of most of the faces that were shown, and the share that it has."""

    name: str
    share: float


@dataclass
class Person:
    """A person, simulated by stored labels; counts what it does."""

    labels: np.ndarray  #: Of shape (n,), str. Of the faces of a pile; each has one.
    classes: Sequence[str]
    seed: int
    shown: int = 24  #: Faces that a look at a cluster shows, drawn by seed.
    #: By how much rare classes weigh more in a look or a vote; see `fecemo.clustering.settings.NamingSettings`.
    rare_class_exponent: float = 0.0
    #: Whether faces that come up at random are drawn so that classes are alike often among them.
    class_balanced: bool = False
    clusters_named: int = 0
    faces_labelled: int = 0
    labels_behind_looks: int = field(default=0)  #: Labels by which looks were simulated; a person's eye needs none.

    @property
    def acts(self) -> int:
        """int: Clusters named and faces labelled so far."""
        return self.clusters_named + self.faces_labelled

    def label(self, rows: np.ndarray) -> np.ndarray:
        """Label faces, an act each: ndarray of str, of the shape of ``rows``."""
        self.faces_labelled += len(rows)
        return self.labels[rows]

    def random_order(self) -> np.ndarray:
        """Return the pile's faces as they come up at random: ndarray of shape (n,), int64."""
        return label_order(self.labels, self.seed, class_balanced=self.class_balanced)

    def look(self, groups: Sequence[np.ndarray]) -> list[Look]:
        """Look at groups of faces and name each, an act each.

        A look is simulated by the labels of the faces that it shows: the name is that of most of them, each weighed by
        how rare its class is among all that was shown.
        """
        rng = np.random.default_rng([self.seed, 1])
        samples = [self.labels[rng.permutation(group)[: self.shown]] for group in groups]
        self.clusters_named += len(groups)
        self.labels_behind_looks += sum(map(len, samples))
        every = Counter(label for sample in samples for label in sample.tolist())
        weights = {label: (1 + every[label]) ** -self.rare_class_exponent for label in self.classes}
        looks = []
        for sample in samples:
            counts = Counter(sample.tolist())
            name = max(self.classes, key=lambda label: counts[label] * weights[label])
            looks.append(Look(name, counts[name] / max(1, len(sample))))
        return looks


@dataclass(frozen=True)
class Strategy:
    """A way of spending a person's acts."""

    #: `name`, `title`: Key in recipes, and for tables and figures.
    name: str
    title: str
    #: ``answer(pile, person, acts) -> ndarray of shape (m,), str``: the class of each scored face after at most so many
    #: acts, ``""`` for none; None where so many, or so few, cannot be spent.
    answer: Callable[[Pile, Person, int], np.ndarray | None]
    whole: bool = False  #: Whether it is also asked with as many acts as there are faces.


strategies = Registry[Strategy]("fecemo.clustering.strategies", "STRATEGY", "strategy")
