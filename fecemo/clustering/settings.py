"""How embeddings are grouped, drawn and named, as a recipe states it."""

from dataclasses import dataclass
from typing import Literal

from fecemo.errors import nearest
from fecemo.registry import Registry

# The rooms that have these import the settings.
_NAMING_METHODS = Registry[object]("fecemo.clustering.naming_methods", "NAMING", "way of naming")
_STRATEGIES = Registry[object]("fecemo.clustering.strategies", "STRATEGY", "strategy")


@dataclass(frozen=True)
class KMeansSettings:
    """K-means on source embeddings."""

    n_clusters: int = 8  #: 8 in the study, one an emotion.
    n_init: int = 10  #: Starts by k-means++; the one of least inertia is kept.
    max_iter: int = 300  #: Passes over all faces at the most.
    #: Lloyd's iterations over all faces, or minibatches of them (Sculley, 2010), for faces in millions.
    algorithm: Literal["exact", "minibatch"] = "exact"
    #: Seeds whose clusterings are compared to tell how stable the groups are; 1 compares nothing.
    stability_seeds: int = 5
    #: Cluster the centres of small clusters in place of the faces: so many small clusters of faces, so many of their
    #: centres, and so on, such as ``[2000, 400]``; see `fecemo.clustering.kmeans.hierarchical_centres`. Empty clusters
    #: the faces themselves, as in the study.
    hierarchical_kmeans: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.n_clusters < 2:
            raise ValueError(f"n_clusters must be at least 2, not {self.n_clusters}")
        levels = list(self.hierarchical_kmeans)
        if levels and (min(levels) < self.n_clusters or levels != sorted(set(levels), reverse=True)):
            raise ValueError(f"hierarchical_kmeans must be falling numbers of small clusters, none below n_clusters, "
                             f"{self.n_clusters}, not {levels}")
        refuse_below_one(self, "n_init", "max_iter", "stability_seeds")


@dataclass(frozen=True)
class MapSettings:
    """The t-SNE map of source embeddings, with target faces placed into it."""

    perplexity: float = 30.0  #: About how many neighbours of a face its place follows.
    pca_components: int = 50  #: Embeddings are reduced to this many principal components first.
    iterations: int = 250  #: After 125 iterations of early exaggeration.
    #: `source_faces`, `target_faces`: Draw this many faces, chosen by seed; None draws all.
    source_faces: int | None = None
    target_faces: int | None = None

    def __post_init__(self) -> None:
        if not self.perplexity > 0:
            raise ValueError(f"perplexity must be above 0, not {self.perplexity}")
        refuse_below_one(self, "pca_components", "iterations", "source_faces", "target_faces")


@dataclass(frozen=True)
class NamingSettings:
    """How clusters get their emotions."""

    #: ``"hand"`` reads a person's names, ``"majority_vote"`` asks for the labels of a sample of faces,
    #: ``"labels_per_cluster"`` for those of a few faces of each cluster. ``"action_units"`` uses no label: it holds
    #: published action units against the blendshapes of the source faces. Nor does ``"drawn_faces"`` use one of a
    #: person: a classifier of drawn faces names. See `fecemo.clustering.naming_methods`.
    method: str = "majority_vote"
    #: What clusters can be named where the recipe gives no data set the role of target: a house's own names. The usual
    #: eight emotions without it.
    classes: tuple[str, ...] = ()
    drawn: str = ""  #: The recipe's data set of drawn, labelled faces from which ``"drawn_faces"`` learns.
    sample: int = 400  #: Labels that ``"majority_vote"`` may use, of faces of the target's train split.
    #: Labels of each cluster that ``"labels_per_cluster"`` may use, of faces of the target's train split.
    per_cluster: int = 5
    #: By how much the votes of rare classes weigh more: each by 1 / (1 + n)^exponent, n being how many of all labels
    #: that were used are of its class. 0, the plain majority, aims at accuracy; 1 at balanced accuracy, and a single
    #: chance face then names a cluster; 0.5 is between.
    rare_class_exponent: float = 0.0
    #: Draw the faces whose labels name so that classes are alike often among them, as far as the rare ones last: see
    #: `fecemo.clustering.naming.label_order`. This takes a set that is labelled already; the labels that name stay as
    #: few.
    class_balanced: bool = False

    def __post_init__(self) -> None:
        if self.method not in (known := _NAMING_METHODS()):
            raise ValueError(f"there is no way of naming {self.method!r}: {nearest(self.method, known)}")
        if not all(self.classes) or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes must be different names, not {list(self.classes)}")
        if not 0 <= self.rare_class_exponent <= 1:
            raise ValueError(f"rare_class_exponent must be from 0 to 1, not {self.rare_class_exponent}")
        refuse_below_one(self, "sample", "per_cluster")


@dataclass(frozen=True)
class ClusterSweepSettings:
    """Clusters at several numbers of them, named at several costs: Table 2."""

    n_clusters: tuple[int, ...] = (8, 32, 100)  #: Each gives clusterings and names of its own.
    #: Labelled faces of each cluster that name it, one of the two ways of naming; the other is the vote of
    #: ``naming.sample`` labels, however many clusters there are. In both, ``naming.rare_class_exponent`` and
    #: ``naming.class_balanced`` hold.
    per_cluster: int = 5
    #: Of each number of clusters so many clusterings are made and named: with other starts and other naming samples.
    seeds: int = 5
    n_init: int = 2  #: Starts of each clustering.

    def __post_init__(self) -> None:
        if not self.n_clusters or min(self.n_clusters) < 2 or len(set(self.n_clusters)) < len(self.n_clusters):
            raise ValueError(f"n_clusters must be different numbers, each at least 2, not {list(self.n_clusters)}")
        refuse_below_one(self, "per_cluster", "seeds", "n_init")


@dataclass(frozen=True)
class CostCurveSettings:
    """What a person's acts buy: clusters named and faces labelled, on one axis.

    A person is simulated by the labels of the target's train split. ``naming.rare_class_exponent`` and
    ``naming.class_balanced`` hold, and ``naming.drawn``, where it names drawn faces, from which answers without any act
    are learned.
    """

    #: How many acts are spent: a cluster named or a face labelled is one. Strategies that label faces are also asked
    #: with all of them.
    acts: tuple[int, ...] = (0, 8, 40, 160, 500, 2400)
    strategies: tuple[str, ...] = ()  #: Ways of spending them; see `fecemo.clustering.strategies`. Empty tries all.
    seeds: int = 5  #: Of each point so many piles, clusterings and samples are tried.
    n_init: int = 2  #: Starts of each clustering.
    shown: int = 24  #: Faces of a cluster that a look at it shows: a page of the labelling notebook.
    #: Of a person who looks at a cluster and names it: about what sessions of the labelling notebook recorded. Where
    #: people named clusters of the same run, tables take their own recorded seconds instead, and so of labelled faces.
    seconds_per_cluster: float = 24.0
    seconds_per_face: float = 4.0  #: Of a person who labels a face. It is an assumption: state your own.

    def __post_init__(self) -> None:
        if not self.acts or min(self.acts) < 0 or len(set(self.acts)) < len(self.acts):
            raise ValueError(f"acts must be different numbers, none below 0, not {list(self.acts)}")
        known = _STRATEGIES()
        for name in self.strategies:
            if name not in known:
                raise ValueError(f"strategies: there is no strategy {name!r}: {nearest(name, known)}")
        for name in ("seconds_per_cluster", "seconds_per_face"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        refuse_below_one(self, "seeds", "n_init", "shown")


def refuse_below_one(settings: object, *names: str) -> None:
    """Raise `ValueError` for the first of the named numbers that is below 1; None is no number."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
