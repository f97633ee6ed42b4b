"""Name each cluster by a few labelled faces of it: what looking into every cluster costs in labels."""

import numpy as np

from fecemo.clustering.naming import LabelledFaces, NamingMethod, label_order
from fecemo.clustering.settings import NamingSettings


def draw(faces: LabelledFaces, settings: NamingSettings, seed: int) -> np.ndarray:
    """Return ``settings.per_cluster`` faces of each cluster, all of them where it has fewer.

    One random order of all faces decides; each cluster gives the first of its members.
    """
    order = label_order(faces.labels, seed, class_balanced=settings.class_balanced)
    clusters = faces.clusters[order]
    return np.sort(np.concatenate([order[clusters == cluster][: settings.per_cluster]
                                   for cluster in range(faces.distances.shape[1])]))


NAMING = NamingMethod(name="labels_per_cluster", title="by a few labels of each", draw=draw, settings=("per_cluster",))
