"""Names that a labelled sample would suggest: off until asked for, since it ends the blindness of naming."""

from collections import Counter

import numpy as np

from fecemo.data.classes import EMOTIONS
from fecemo.data.cluster_parts import cluster_of
from fecemo.labelling.groups import Groups
from fecemo.labelling.material import SeenLabels


def suggest(key: str, groups: Groups, target_clusters: np.ndarray, sample: SeenLabels) -> tuple[str, dict[str, int]]:
    """Return the emotion that most sampled target faces of a group's stored cluster have, and the votes.

    A half of a divided cluster takes the whole cluster's votes.

    Returns
    -------
    suggestion : str
        ``""`` where no sampled face fell into the cluster.
    votes : dict of str to int
        By emotion, the most frequent first; of equally frequent ones the first of `EMOTIONS`.
    """
    groups.at(key)
    labels = sample.labels[target_clusters[sample.at] == cluster_of(key)]
    counted = Counter(labels.tolist())
    votes = dict(sorted(counted.items(), key=lambda item: (-item[1], EMOTIONS.index(item[0]))))
    return next(iter(votes), ""), votes
