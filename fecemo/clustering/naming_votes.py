"""Names from the labels of sampled faces: each cluster takes the emotion that most of its sampled faces have."""

import numpy as np

from fecemo.clustering.naming_method import Named, NamingEvidence
from fecemo.data.classes import EMOTIONS
from fecemo.data.cluster_names import ClusterNames
from fecemo.errors import InputError


def require_labels(evidence: NamingEvidence) -> None:
    """Raise `InputError` where the target has no labelled train face, so that no label can name."""
    if not len(evidence.labels):
        raise InputError("the target has no labelled face in its train split, so that no label can vote; import a "
                         "labelled target, or name by hand (naming.method: hand)")


def name_by_sample(evidence: NamingEvidence, seen: np.ndarray, method: str) -> Named:
    """Let the labels of sampled faces name the clusters.

    A cluster takes the emotion that most of its sampled faces have, each counting as much as its emotion weighs. Of
    equal ones it takes that whose faces are on average nearer to the centre, then the first in the order of `EMOTIONS`.
    A cluster without a sampled face takes the name of the nearest centre that has one.

    Parameters
    ----------
    evidence : NamingEvidence
    seen : ndarray of shape (s,), int
        Which of the evidence's labels are sampled, ascending; at least one.
    method : str
        What the names say of how they were found; balanced where the evidence is, because that costs more than labels.
    """
    labels, clusters = evidence.labels[seen], evidence.clusters[seen]
    own_distance = evidence.distances[seen, clusters]
    weights = {emotion: (1 + int((labels == emotion).sum())) ** -evidence.rare for emotion in EMOTIONS}
    votes, names = {}, {}
    for cluster in range(len(evidence.centres)):
        member = clusters == cluster
        votes[str(cluster)] = {
            emotion: count for emotion in EMOTIONS if (count := int((member & (labels == emotion)).sum()))
        }
        if member.any():
            names[cluster] = _winner(labels[member], own_distance[member], weights)
    for cluster in set(range(len(evidence.centres))) - set(names):
        names[cluster] = names[_nearest_voted(evidence.centres, cluster, [int(voted) for voted in np.unique(clusters)])]
    return Named(
        ClusterNames(
            approach=evidence.approach, variant=evidence.variant, clustering=evidence.clustering,
            method=f"balanced {method}" if evidence.balanced else method,
            names={str(cluster): names[cluster] for cluster in sorted(names)}, votes=votes, labels_used=len(seen),
        ),
        seen.astype(np.int64),
    )


def _winner(labels: np.ndarray, distances: np.ndarray, weights: dict[str, float]) -> str:
    def rank(emotion: str) -> tuple[float, float, int]:
        member = labels == emotion
        votes = int(member.sum()) * weights[emotion]
        return -votes, float(distances[member].mean(dtype=np.float64)), EMOTIONS.index(emotion)

    return min((str(label) for label in np.unique(labels)), key=rank)


def _nearest_voted(centres: np.ndarray, cluster: int, voted: list[int]) -> int:
    return min(voted, key=lambda other: (float(np.linalg.norm(centres[other] - centres[cluster])), other))
