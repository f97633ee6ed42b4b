"""A short embedding of what is measured on a face, in which people's odd one out is the farthest.

After Vemulapalli and Agarwala (2019, section 4), with a landmark model's numbers in the place of pixels: a small dense
network learns from few ratings, and its embedding knows nothing of light and background.
"""

from dataclasses import dataclass, replace

from fecemo.models.approaches.landmark_features import landmark_columns, refuse_no_group
from fecemo.models.approaches.triplet_embedding import APPROACH as TRIPLET_EMBEDDING
from fecemo.models.approaches.triplet_embedding import TripletEmbeddingConfig


@dataclass(frozen=True)
class TripletLandmarksConfig(TripletEmbeddingConfig):
    """Sizes of `TripletEmbeddingConfig`, and what the network is given."""

    #: `distances`, `blendshapes`, `gradients`: Whether it is given these measurements.
    distances: bool = True
    blendshapes: bool = True
    gradients: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_no_group(self)


APPROACH = replace(TRIPLET_EMBEDDING, name="triplet_landmarks", title="Triplet embedding of landmark features",
                   config=TripletLandmarksConfig, inputs=landmark_columns)
