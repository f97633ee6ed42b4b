"""Name each cluster by the majority of one labelled sample: what naming costs in labels, without a person."""

import numpy as np

from fecemo.clustering.naming import LabelledFaces, NamingMethod, draw_sample
from fecemo.clustering.settings import NamingSettings


def draw(faces: LabelledFaces, settings: NamingSettings, seed: int) -> np.ndarray:
    """Return the naming sample, whatever the clusters."""
    return draw_sample(faces.labels, settings, seed)


NAMING = NamingMethod(name="majority_vote", title="by majority vote", draw=draw, settings=("sample",))
