"""What a way of naming clusters is: what it may see, and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.cluster_names import ClusterNames
from fecemo.registry import entries, find


@dataclass(frozen=True)
class NamingEvidence:
    """All that naming may see. No test face is among it.

    Parameters
    ----------
    approach, variant : str
    clustering : str
        Digest of the clustering to be named.
    centres : ndarray of shape (k, d), float32
    hand_names : Path
        Where a person's names stand, if there are any.
    labels : ndarray of shape (m,), str
        Emotions of the target's labelled train faces.
    clusters : ndarray of shape (m,), int32
        Their clusters.
    distances : ndarray of shape (m, k), float32
        Their distances to the centres.
    sample : int
        How many of these labels may be seen.
    seed : int
    per_cluster : int
        How many labels of each cluster may be seen, where naming asks each cluster for a few.
    rare : float
        By how much the votes of rare emotions weigh more; see `NamingSettings`.
    balanced : bool
        Whether faces are asked so that emotions are alike often among them; see `NamingSettings`.
    """

    approach: str
    variant: str
    clustering: str
    centres: np.ndarray
    hand_names: Path
    labels: np.ndarray
    clusters: np.ndarray
    distances: np.ndarray
    sample: int
    seed: int
    per_cluster: int = 5
    rare: float = 0.0
    balanced: bool = False


@dataclass(frozen=True)
class Named:
    """The outcome of naming.

    Parameters
    ----------
    names : ClusterNames
        Every cluster has one.
    seen : ndarray of shape (s,), int64
        Which of the evidence's labels were seen, ascending.
    """

    names: ClusterNames
    seen: np.ndarray


@dataclass(frozen=True)
class NamingMethod:
    """A way of naming clusters.

    Parameters
    ----------
    name : str
        Key in recipes.
    title : str
        For tables.
    reads_hand_names : bool
        Whether it needs the file that a person wrote.
    run : callable
        ``run(evidence) -> Named``.
    """

    name: str
    title: str
    reads_hand_names: bool
    run: Callable[[NamingEvidence], Named]


def naming_methods() -> dict[str, NamingMethod]:
    """Return every way of naming by name."""
    return entries("fecemo.clustering.naming", "NAMING")


def find_naming_method(name: str) -> NamingMethod:
    """Return a way of naming by name. Raises `InputError` for an unknown one, naming the nearest."""
    return find("fecemo.clustering.naming", "NAMING", name, "way of naming")
