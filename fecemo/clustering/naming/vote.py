"""Names by the vote of a labelled sample: what naming costs in labels, without a person."""

import numpy as np

from fecemo.clustering.asked_faces import order_of_asking
from fecemo.clustering.naming_method import Named, NamingEvidence, NamingMethod
from fecemo.clustering.naming_votes import name_by_sample, require_labels


def name_by_vote(evidence: NamingEvidence) -> Named:
    """Ask the labels of a naming sample.

    The sample is drawn by seed from all labelled train faces, evenly unless emotions are to be balanced in it, which
    nobody can do who has no labels yet. What they decide is told by `name_by_sample`.

    Raises
    ------
    InputError
        If the target has no labelled train face.
    """
    require_labels(evidence)
    n_seen = min(evidence.sample, len(evidence.labels))
    if evidence.balanced:
        seen = order_of_asking(evidence.labels, evidence.seed, balanced=True)[:n_seen]
    else:
        seen = np.random.default_rng(evidence.seed).choice(len(evidence.labels), n_seen, replace=False)
    return name_by_sample(evidence, np.sort(seen), "vote")


NAMING = NamingMethod(name="vote", title="named by vote", reads_hand_names=False, run=name_by_vote)
