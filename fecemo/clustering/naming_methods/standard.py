"""Names by a person, by the labels of a sample or of a few faces of each cluster, and suggestions without a label."""

import numpy as np

from fecemo.clustering.naming import LabelledFaces, NamingMethod, draw_sample, label_order
from fecemo.clustering.prototypes import LEARNT_FROM, PENALTY
from fecemo.clustering.settings import NamingSettings


def draw_of_each(faces: LabelledFaces, settings: NamingSettings, seed: int) -> np.ndarray:
    """Return ``settings.per_cluster`` faces of each cluster, all of them where it has fewer.

    One random order of all faces decides; each cluster gives the first of its members.
    """
    order = label_order(faces.labels, seed, class_balanced=settings.class_balanced)
    clusters = faces.clusters[order]
    return np.sort(np.concatenate([order[clusters == cluster][: settings.per_cluster]
                                   for cluster in range(faces.distances.shape[1])]))


NAMING = (
    # Section 4 of the study: after looking at the map and at samples. The label stage reads the person's file.
    NamingMethod(name="hand", title="by hand", by="person"),
    NamingMethod(name="majority_vote", title="by majority vote", settings=("sample",),
                 draw=lambda faces, settings, seed: draw_sample(faces.labels, settings, seed)),
    NamingMethod(name="labels_per_cluster", title="by a few labels of each", settings=("per_cluster",),
                 draw=draw_of_each),
    # What clusters probably show, for whoever has not looked yet, and what no label at all buys: see
    # `fecemo.clustering.prototypes`.
    NamingMethod(name="action_units", title="by action units", by="suggestion"),
    NamingMethod(name="drawn_faces", title="by drawn faces", by="suggestion", settings=("drawn",),
                 constants={"penalty": PENALTY, "learnt_from": LEARNT_FROM}),
)
