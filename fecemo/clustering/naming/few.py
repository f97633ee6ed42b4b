"""Names by a few labelled faces of each cluster: what looking into every cluster costs in labels."""

import numpy as np

from fecemo.clustering.asked_faces import order_of_asking
from fecemo.clustering.naming_method import Named, NamingEvidence, NamingMethod
from fecemo.clustering.naming_votes import name_by_sample, require_labels


def name_by_few(evidence: NamingEvidence) -> Named:
    """Ask the labels of a few faces of each cluster, drawn by seed from its labelled train faces.

    A cluster with fewer gives all that it has. What they decide is told by `name_by_sample`.

    Raises
    ------
    InputError
        If the target has no labelled train face.
    """
    require_labels(evidence)
    # One order of all faces by seed; each cluster gives the first of its own.
    order = order_of_asking(evidence.labels, evidence.seed, balanced=evidence.balanced)
    clusters = evidence.clusters[order]
    seen = np.concatenate([order[clusters == cluster][: evidence.per_cluster]
                           for cluster in range(len(evidence.centres))])
    return name_by_sample(evidence, np.sort(seen), "few")


NAMING = NamingMethod(name="few", title="named by a few labels of each", reads_hand_names=False, run=name_by_few)
