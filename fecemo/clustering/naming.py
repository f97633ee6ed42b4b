"""Names of clusters from the labels of a few faces, and what names say of any other face."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fecemo.clustering.kmeans import assign
from fecemo.clustering.settings import NamingSettings
from fecemo.errors import InputError
from fecemo.registry import Registry


@dataclass(frozen=True)
class LabelledFaces:
    """Faces whose labels may name clusters: labelled faces of the target's train split. No test face is among them."""

    labels: np.ndarray  #: Of shape (m,), str.
    clusters: np.ndarray  #: Of shape (m,), int.
    distances: np.ndarray  #: Of shape (m, k), float32. To the centre of each cluster.


@dataclass(frozen=True)
class NamingMethod:
    """A way of naming clusters."""

    name: str  #: Key in recipes.
    title: str  #: For tables, such as ``"by majority vote"``.
    #: Who names: labels of some faces, a person's file, or a suggestion, which needs no label of anybody.
    by: Literal["labels", "person", "suggestion"] = "labels"
    #: Of ``"labels"``: ``draw(faces, settings, seed)`` returns the positions of the `LabelledFaces` whose labels name,
    #: ascending.
    draw: Callable[[LabelledFaces, NamingSettings, int], np.ndarray] | None = None
    #: Fields of `NamingSettings` that say how many labels are drawn, or what a suggestion learns from.
    settings: tuple[str, ...] = ()
    #: What else shapes a suggestion, as JSON values: a change makes what was named so stale.
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NamesByLabels:
    """What labels named clusters."""

    names: tuple[str, ...]  #: The class of each cluster.
    votes: tuple[dict[str, int], ...]  #: Labels of each cluster, by class in the order of the classes.
    drawn: np.ndarray  #: Of shape (s,), int64. Positions of the faces whose labels were used, ascending.


class ClusterNamer:
    """Classify vectors by the name of the cluster that is nearest, in scikit-learn's manner.

    Parameters
    ----------
    classes : sequence of str
        Every name that is a class, in order. Other names, such as ``"mixed"``, give a face no class.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (k, d), float32
    names_ : tuple of str, of length k
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.cluster_centers_ = np.empty((0, 0), np.float32)
        self.names_: tuple[str, ...] = ()

    def fit(self, cluster_centers: np.ndarray, names: Mapping[str, str] | Sequence[str]) -> "ClusterNamer":
        """Take the (k, d) centres of a clustering and the name of each, in order or by its number (``"0"``, …).

        Raises `InputError` if a cluster has no name, or a name no cluster.
        """
        by_number = names if isinstance(names, Mapping) else {str(number): name for number, name in enumerate(names)}
        numbers = [str(number) for number in range(len(cluster_centers))]
        if unlike := sorted(set(by_number) ^ set(numbers)):
            raise InputError(f"expected one name for each of {len(numbers)} clusters; there is no name or no cluster "
                             f"{', '.join(unlike)}")
        self.cluster_centers_ = np.asarray(cluster_centers, np.float32)
        self.names_ = tuple(by_number[number] for number in numbers)
        return self

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """Return the class of each of (n, d) vectors, ``""`` for none: ndarray of shape (n,), str."""
        labels, _ = assign(vectors, self.cluster_centers_, title="vectors")
        return np.array([name if name in self.classes else "" for name in self.names_], dtype=str)[labels]

    def decision_function(self, vectors: np.ndarray) -> np.ndarray:
        """Return a score of each class for each vector, in [-1, 1]: see `class_margins`. Shape (n, c), float32."""
        _, distances = assign(vectors, self.cluster_centers_, title="vectors")
        return class_margins(distances, self.names_, self.classes)


naming_methods = Registry[NamingMethod]("fecemo.clustering.naming_methods", "NAMING", "way of naming")


def label_order(labels: np.ndarray, seed: int, *, class_balanced: bool) -> np.ndarray:
    """Return a random order of labelled faces, positions of shape (m,), in which the first ones are those to use.

    Balanced, a face comes next with a probability proportional to 1 / (number of faces of its class): weighted sampling
    without replacement (Efraimidis and Spirakis, 2006, Information Processing Letters 97, algorithm A). Whatever comes
    first, of all faces or of those of one cluster, then holds classes as a balanced set would, until the rarest are
    used up.
    """
    rng = np.random.default_rng(seed)
    if not class_balanced:
        return rng.permutation(len(labels))
    _, label, count = np.unique(labels, return_inverse=True, return_counts=True)
    # The largest u ** (1 / weight) comes first; in logarithms, since weights differ a hundredfold.
    return np.argsort(-np.log1p(-rng.random(len(labels))) * count[label], kind="stable")


def draw_sample(labels: np.ndarray, settings: NamingSettings, seed: int) -> np.ndarray:
    """Return which labelled faces are the naming sample, ascending: ``settings.sample``, or all where there are fewer.

    ``labels`` are those of the target's train split, in the order of its rows.
    """
    if settings.class_balanced:
        drawn = label_order(labels, seed, class_balanced=True)[: settings.sample]
    else:
        drawn = np.random.default_rng(seed).choice(len(labels), min(settings.sample, len(labels)), replace=False)
    return np.sort(drawn)


def name_by_labels(method: NamingMethod, faces: LabelledFaces, centres: np.ndarray, classes: Sequence[str],
                   settings: NamingSettings, seed: int) -> NamesByLabels:
    """Name clusters by the labels of a few faces.

    A cluster takes the class that most of its drawn faces have, each counting as much as its class weighs. Of equal
    ones it takes that whose faces are on average nearer to the centre, then the first in the order of the classes. A
    cluster without a drawn face takes the name of the nearest centre that has one. Raises `InputError` if there is no
    labelled face.

    Parameters
    ----------
    method : NamingMethod
        One that draws labels.
    centres : ndarray of shape (k, d), float32
    seed : int
        Of the draw.
    """
    if method.draw is None:
        raise InputError(f"naming by {method.name!r} uses no labels")
    if not len(faces.labels):
        raise InputError("the target has no labelled face in its train split, copies of test faces aside, so that no "
                         "label can vote; import a labelled target, or name by hand (naming.method: hand)")
    drawn = method.draw(faces, settings, seed)
    labels, clusters = faces.labels[drawn], faces.clusters[drawn]
    own_distances = faces.distances[drawn, clusters]
    counts = Counter(labels.tolist())
    weights = {label: (1 + counts[label]) ** -settings.rare_class_exponent for label in classes}
    votes: list[dict[str, int]] = []
    names: dict[int, str] = {}
    for cluster in range(len(centres)):
        member = clusters == cluster
        of_cluster = Counter(labels[member].tolist())
        votes.append({label: of_cluster[label] for label in classes if of_cluster[label]})
        if of_cluster:
            names[cluster] = _winner(labels[member], own_distances[member], weights)
    voted = sorted(names)
    for cluster in set(range(len(centres))) - set(voted):
        apart = np.linalg.norm(centres[voted] - centres[cluster], axis=1)
        names[cluster] = names[voted[int(apart.argmin())]]
    return NamesByLabels(tuple(names[cluster] for cluster in range(len(centres))), tuple(votes), drawn.astype(np.int64))


def _winner(labels: np.ndarray, distances: np.ndarray, weights: dict[str, float]) -> str:
    order = list(weights)

    def rank(label: str) -> tuple[float, float, int]:
        member = labels == label
        return (-int(member.sum()) * weights[label], float(distances[member].mean(dtype=np.float64)),
                order.index(label))

    return min((str(label) for label in np.unique(labels)), key=rank)


def class_margins(distances: np.ndarray, names: Sequence[str] | np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return how strongly each face's place among the centres speaks for each class.

    For a class c let d be the distance to the nearest centre named c and d' that to the nearest of all others. The
    score is the relative margin (d' − d) / (d' + d): above 0 exactly where the face's own cluster is named c, 0 on the
    border, and free of scale, so that a face far from every centre does not rank low for every class.

    Parameters
    ----------
    distances : ndarray of shape (n, k), float
        Of each face to each centre.
    names : array of shape (k,) or (n, k), str
        Class of each cluster, or ``""`` for none; where a person divided clusters, as each face sees it.
    classes : sequence of str, of length c

    Returns
    -------
    ndarray of shape (n, c), float32
        In [-1, 1]. A class that names no cluster has -1 throughout, one that names all of them 1.
    """
    distances = np.asarray(distances, np.float64)
    named = np.broadcast_to(np.asarray(names), distances.shape)
    margins = np.empty((len(distances), len(classes)), np.float32)
    for column, label in enumerate(classes):
        near = np.where(named == label, distances, np.inf).min(axis=1)
        far = np.where(named == label, np.inf, distances).min(axis=1)
        both = np.isfinite(near) & np.isfinite(far) & (near + far > 0)
        margins[:, column] = np.where(np.isinf(near), -1.0, np.where(np.isinf(far), 1.0, 0.0))
        margins[both, column] = (far[both] - near[both]) / (far[both] + near[both])
    return margins


def require_sample(available: int, sample: int, where: str) -> None:
    """Raise `InputError` if there are labels, and fewer than ``naming.sample`` asks for."""
    if 0 < available < sample:
        raise InputError(f"naming.sample: {sample} labels are asked for, and the train split of {where} holds "
                         f"{available}")
