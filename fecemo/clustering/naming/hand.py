"""Names that a person gave after looking at the map and at samples, as in section 4 of the study."""


import numpy as np

from fecemo.clustering.naming_method import Named, NamingEvidence, NamingMethod
from fecemo.data.cluster_names import read_cluster_names, require_names_of
from fecemo.errors import InputError


def name_by_hand(evidence: NamingEvidence) -> Named:
    """Read a person's names; no label of the target is seen.

    Raises
    ------
    InputError
        If there are no names, they cannot be read, one is unknown, or a cluster has none.
    StoredStateError
        If they were given for another clustering.
    """
    path = evidence.hand_names
    if not path.exists():
        raise InputError(
            f"{path}: there is no such file: nobody has named the {len(evidence.centres)} clusters of "
            f"{evidence.approach} {evidence.variant} yet. Fill in the names.template.json of that "
            "clustering and put it there, or let labels vote (naming.method: vote)"
        )
    names = read_cluster_names(path)
    if (names.approach, names.variant) != (evidence.approach, evidence.variant):
        raise InputError(f"{path} names the clusters of {names.approach} {names.variant}, expected {evidence.approach} "
                         f"{evidence.variant}")
    if names.method != "hand" or names.labels_used != len(names.labels_seen):
        raise InputError(f"{path} was named by {names.method!r} with {names.labels_used} labels, expected names that a "
                         "person gave to unlabelled faces; let labels vote by naming.method: vote, which counts them")
    require_names_of(names, evidence.clustering, len(evidence.centres), str(path))
    return Named(names, np.zeros(0, np.int64))


NAMING = NamingMethod(name="hand", title="named by hand", reads_hand_names=True, run=name_by_hand)
