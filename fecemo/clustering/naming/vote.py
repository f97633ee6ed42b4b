"""Names by the vote of a labelled sample: what naming costs in labels, without a person."""

import numpy as np

from fecemo.clustering.naming_method import Named, NamingEvidence, NamingMethod
from fecemo.errors import InputError
from fecemo.manifests.cluster_names import ClusterNames
from fecemo.manifests.emotions import EMOTIONS


def name_by_vote(evidence: NamingEvidence) -> Named:
    """Ask the labels of a naming sample.

    The sample is drawn by seed, evenly from all labelled train faces: who has no labels yet cannot balance emotions.
    A cluster takes the emotion that most of its sampled faces have. Of equally frequent ones it takes that whose faces
    are on average nearer to the centre, then the first in the order of `EMOTIONS`. A cluster without a sampled face
    takes the name of the nearest centre that has one.

    Raises
    ------
    InputError
        If the target has no labelled train face.
    """
    if not len(evidence.labels):
        raise InputError("the target has no labelled face in its train split, so that no label can vote; import a "
                         "labelled target, or name by hand (naming.method: hand)")
    n_seen = min(evidence.sample, len(evidence.labels))
    seen = np.sort(np.random.default_rng(evidence.seed).choice(len(evidence.labels), n_seen, replace=False))
    labels, clusters = evidence.labels[seen], evidence.clusters[seen]
    own_distance = evidence.distances[seen, clusters]
    votes, names = {}, {}
    for cluster in range(len(evidence.centres)):
        member = clusters == cluster
        votes[str(cluster)] = {
            emotion: count for emotion in EMOTIONS if (count := int((member & (labels == emotion)).sum()))
        }
        if member.any():
            names[cluster] = _winner(labels[member], own_distance[member])
    for cluster in set(range(len(evidence.centres))) - set(names):
        names[cluster] = names[_nearest_voted(evidence.centres, cluster, [int(voted) for voted in np.unique(clusters)])]
    return Named(
        ClusterNames(
            approach=evidence.approach, variant=evidence.variant, clustering=evidence.clustering, method="vote",
            names={str(cluster): names[cluster] for cluster in sorted(names)}, votes=votes, labels_used=n_seen,
        ),
        seen.astype(np.int64),
    )


def _winner(labels: np.ndarray, distances: np.ndarray) -> str:
    def rank(emotion: str) -> tuple[int, float, int]:
        member = labels == emotion
        return -int(member.sum()), float(distances[member].mean(dtype=np.float64)), EMOTIONS.index(emotion)

    return min((str(label) for label in np.unique(labels)), key=rank)


def _nearest_voted(centres: np.ndarray, cluster: int, voted: list[int]) -> int:
    return min(voted, key=lambda other: (float(np.linalg.norm(centres[other] - centres[cluster])), other))


NAMING = NamingMethod(name="vote", title="named by vote", reads_hand_names=False, run=name_by_vote)
