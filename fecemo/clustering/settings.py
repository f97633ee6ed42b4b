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
    """

    n_clusters: int = 8
    n_init: int = 10
    max_iter: int = 300
    algorithm: Literal["exact", "minibatch"] = "exact"
    stability_seeds: int = 5

    def __post_init__(self) -> None:
        if self.n_clusters < 2:
            raise ValueError(f"n_clusters must be at least 2, not {self.n_clusters}")
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
    iterations: int = 300
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
        ``"hand"`` reads a person's names, ``"vote"`` asks a labelled naming sample.
    sample : int
        Faces of the target's train split whose labels ``"vote"`` may see.
    """

    method: Literal["hand", "vote"] = "vote"
    sample: int = 400

    def __post_init__(self) -> None:
        refuse_below_one(self, "sample")


def refuse_below_one(settings: object, *names: str) -> None:
    """Raise `ValueError` for the first of the named numbers that is below 1; None is no number."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
