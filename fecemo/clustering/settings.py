"""How embeddings are grouped, drawn and named, as a recipe states it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class KMeansSettings:
    """K-means on source embeddings.

    Parameters
    ----------
    n_clusters : int
        8 in the study, one an emotion.
    n_init : int
        Starts by k-means++; the one of least inertia is kept.
    max_iter : int
        Passes over all faces at the most.
    algorithm : {"exact", "minibatch"}
        Lloyd's iterations over all faces, or minibatches of them (Sculley, 2010), for faces in millions.
    stability_seeds : int
        Seeds whose clusterings are compared to tell how stable the groups are; 1 compares nothing.
    even : tuple of int
        First even out the pile, without a label: of the faces so many small clusters are made, of their centres so many
        again, and only the centres of the last level are clustered; see `fecemo.clustering.evenly`. Such as
        ``[2000, 400]``. Empty clusters the faces as they lie, as in the study.
    """

    n_clusters: int = 8
    n_init: int = 10
    max_iter: int = 300
    algorithm: Literal["exact", "minibatch"] = "exact"
    stability_seeds: int = 5
    even: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.n_clusters < 2:
            raise ValueError(f"n_clusters must be at least 2, not {self.n_clusters}")
        if self.even and (min(self.even) < self.n_clusters or list(self.even) != sorted(set(self.even), reverse=True)):
            raise ValueError(f"even must be falling numbers of small clusters, none below n_clusters, "
                             f"{self.n_clusters}, not {list(self.even)}")
        refuse_below_one(self, "n_init", "max_iter", "stability_seeds")


@dataclass(frozen=True)
class MapSettings:
    """The t-SNE map of source embeddings, with target faces placed into it.

    Parameters
    ----------
    perplexity : float
    pca_components : int
        Embeddings are reduced to this many principal components first.
    iterations : int
        After 125 iterations of early exaggeration.
    source_faces, target_faces : int, optional
        Draw this many faces, chosen by seed; None draws all.
    """

    perplexity: float = 30.0
    pca_components: int = 50
    iterations: int = 250
    source_faces: int | None = None
    target_faces: int | None = None

    def __post_init__(self) -> None:
        if not self.perplexity > 0:
            raise ValueError(f"perplexity must be above 0, not {self.perplexity}")
        refuse_below_one(self, "pca_components", "iterations", "source_faces", "target_faces")


@dataclass(frozen=True)
class NamingSettings:
    """How clusters get their emotions.

    Parameters
    ----------
    method : str
        ``"hand"`` reads a person's names, ``"vote"`` asks a labelled naming sample, ``"few"`` asks a few labelled faces
        of each cluster.
    sample : int
        Faces of the target's train split whose labels ``"vote"`` may see.
    per_cluster : int
        Faces of the target's train split in each cluster whose labels ``"few"`` may see.
    rare : float
        By how much the votes of rare emotions weigh more: each by 1 / (1 + n)^rare, n being how many of all labels that
        were seen show its emotion. 0, the plain majority, aims at accuracy; 1 at balanced accuracy, and a single chance
        face then names a cluster; 0.5 is between.
    balanced : bool
        Draw the faces whose labels name so that emotions are alike often among them, as far as the rare ones last: see
        `fecemo.clustering.asked_faces`. Only who has all labels already can draw so; the labels that name stay as few.
    """

    method: Literal["hand", "vote", "few"] = "vote"
    sample: int = 400
    per_cluster: int = 5
    rare: float = 0.0
    balanced: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.rare <= 1:
            raise ValueError(f"rare must be from 0 to 1, not {self.rare}")
        refuse_below_one(self, "sample", "per_cluster")


@dataclass(frozen=True)
class GroupingSettings:
    """Clusters at several numbers of them, named at several costs: Table 2.

    Parameters
    ----------
    n_clusters : tuple of int
        Each gives clusterings and names of its own.
    per_cluster : int
        Labelled faces of each cluster that name it, one of the two ways of naming; the other is the vote of
        ``naming.sample`` labels, however many clusters there are. In both, ``naming.rare`` and
        ``naming.balanced`` hold.
    seeds : int
        Of each number of clusters so many clusterings are made and named: with other starts and other naming samples.
    n_init : int
        Starts of each clustering.
    """

    n_clusters: tuple[int, ...] = (8, 32, 100)
    per_cluster: int = 5
    seeds: int = 5
    n_init: int = 2

    def __post_init__(self) -> None:
        if not self.n_clusters or min(self.n_clusters) < 2 or len(set(self.n_clusters)) < len(self.n_clusters):
            raise ValueError(f"n_clusters must be different numbers, each at least 2, not {list(self.n_clusters)}")
        refuse_below_one(self, "per_cluster", "seeds", "n_init")


def refuse_below_one(settings: object, *names: str) -> None:
    """Raise `ValueError` for the first of the named numbers that is below 1; None is no number."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
