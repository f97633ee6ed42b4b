"""Acts spent on names: no act at all, where suggestions name; a look at each cluster; a few labels of each."""

from dataclasses import replace

import numpy as np

from fecemo.clustering.naming import LabelledFaces, NamingMethod, name_by_labels
from fecemo.clustering.settings import NamingSettings
from fecemo.clustering.strategy import Person, Pile, Strategy

FACES_EACH = 5
"""Labels of a cluster."""
FEWEST, FACES_A_CLUSTER = 2, 5
"""Clusters at the least, and faces of one on average at the least: a look at fewer is no look at a cluster."""


def suggested(method: str, pile: Pile, acts: int) -> np.ndarray | None:
    """Answer each face as the mean of its cluster is suggested, with as many clusters as there are classes."""
    if acts or method not in pile.suggestions or len(pile) < len(pile.classes):
        return None
    clustering, (logs, _) = pile.clustering(len(pile.classes)), pile.suggestions[method]
    means = np.stack([logs[clustering.members(cluster)].mean(axis=0) for cluster in range(len(clustering.sizes))])
    return np.array(pile.classes)[means.argmax(axis=1)][clustering.scored]


def can_cluster(pile: Pile, n_clusters: int) -> bool:
    """Tell whether so many clusters of a pile are worth a look each."""
    return FEWEST <= n_clusters <= len(pile) // FACES_A_CLUSTER


def looks(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Make as many clusters as there are acts, look at each, and give its faces its name."""
    if not can_cluster(pile, acts):
        return None
    clustering = pile.clustering(acts)
    looks = person.look([clustering.members(cluster) for cluster in range(acts)])
    return np.array([look.name for look in looks])[clustering.scored]


def few_labels(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Label a few faces of each cluster, which name it."""
    if not can_cluster(pile, acts // FACES_EACH):
        return None
    clustering, order = pile.clustering(acts // FACES_EACH), person.random_order()
    of_cluster = clustering.labels[order]
    rows = np.concatenate([order[of_cluster == cluster][:FACES_EACH] for cluster in range(len(clustering.sizes))])
    faces = LabelledFaces(person.label(rows), clustering.labels[rows], clustering.distances[rows])
    every = NamingMethod("labels", "by labels", draw=lambda faces, settings, seed: np.arange(len(faces.labels)))
    settings = replace(NamingSettings(), rare_class_exponent=person.rare_class_exponent)
    named = name_by_labels(every, faces, clustering.centres, pile.classes, settings, pile.seed)
    return np.array(named.names)[clustering.scored]


def face_by_face(pile: Pile, person: Person, acts: int) -> np.ndarray | None:
    """Answer each face by itself as drawn faces and action units suggest together."""
    scored = pile.prior[1]
    return None if acts or scored is None else np.array(pile.classes)[scored.argmax(axis=1)]


STRATEGY = (
    Strategy("suggestions", "no act: each face by both suggestions", face_by_face),
    Strategy("action_units", "no act: clusters named by action units",
             lambda pile, person, acts: suggested("action_units", pile, acts)),
    Strategy("drawn_faces", "no act: clusters named by drawn faces",
             lambda pile, person, acts: suggested("drawn_faces", pile, acts)),
    Strategy("looks", "clusters, a look each (simulated)", looks),
    Strategy("few_labels", f"clusters, {FACES_EACH} labels each", few_labels),
)
