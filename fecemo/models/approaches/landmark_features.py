"""What a landmark model measures on a face, standardized as the source faces vary; no weight learns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import Approach, ModelConfig, Shape

GROUPS = ("distances", "blendshapes", "gradients")
"""Parts of the column ``landmark_features``: distances of landmarks, blendshapes, gradients of mouth and brows."""
UNITLESS = ("distances",)
"""Groups each of whose numbers is divided by its own standard deviation, because their units say nothing."""
LIMIT = 4.0
"""Standard deviations beyond which a distance counts no more: a mesh that is lost must not draw a centre to it."""


@dataclass(frozen=True)
class LandmarkFeaturesConfig(ModelConfig):
    """Which landmark features there are, and how much each group counts; they are of whole faces in colour always."""

    #: `distances`, `blendshapes`, `gradients`: Factor of each group, whose squares add up to 1 for a face, in the mean,
    #: before it; 0 leaves the group out.
    distances: float = 1.0
    blendshapes: float = 1.0
    gradients: float = 0.0

    def __post_init__(self) -> None:
        refuse_no_group(self)


def landmark_columns(config: Any) -> dict[str, str]:
    """Return the inputs of a config and the columns that enter them: the groups whose field is above 0."""
    return {group: f"landmark_features.{group}" for group in GROUPS if getattr(config, group) > 0}


def refuse_no_group(config: Any) -> None:
    """Raise `ValueError`, a field's name first, if a config takes no group, or one less than not at all."""
    for group in GROUPS:
        if not 0 <= getattr(config, group) < float("inf"):
            raise ValueError(f"{group} must be at least 0, not {getattr(config, group)}")
    if not landmark_columns(config):
        raise ValueError(f"{GROUPS[0]}: nothing is left of a face where {', '.join(GROUPS)} are all left out")


def build(config: LandmarkFeaturesConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: the groups, standardized and side by side, as ``"embedding"``."""
    import keras
    from keras import layers

    from fecemo.models.layers import Standardization

    inputs = {group: keras.Input(shape, name=group) for group, shape in shapes.items()}
    vectors = [Standardization(pooled=group not in UNITLESS, limit=LIMIT if group in UNITLESS else None,
                               length=getattr(config, group), name=f"standardization_{group}")(tensor)
               for group, tensor in inputs.items()]
    embedding = vectors[0] if len(vectors) == 1 else layers.Concatenate(name="embedding")(vectors)
    return keras.Model(inputs, {"embedding": embedding}, name="landmark_features")


APPROACH = Approach(
    name="landmark_features",
    title="Landmark features",
    config=LandmarkFeaturesConfig,
    inputs=landmark_columns,
    build=build,
    phases=(),
    readouts={"embedding": "clusters"},
)
