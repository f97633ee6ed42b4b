"""A classifier of what a landmark model measures on faces: it learns in seconds, from any data sets side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import Approach, Phase, Shape, refuse_sizes_below_one
from fecemo.models.approaches.landmark_features import (
    LIMIT,
    UNITLESS,
    LandmarkFeaturesConfig,
    landmark_columns,
    refuse_no_group,
)


@dataclass(frozen=True)
class LandmarkClassifierConfig(LandmarkFeaturesConfig):
    """Which landmark features there are, and sizes of the classifier.

    Parameters
    ----------
    distances, blendshapes, gradients : float
        Factor of each group; see `LandmarkFeaturesConfig`. 0 leaves the group out.
    head : tuple of int
        SELU layers before the softmax; without one it is a logistic regression.
    """

    head: tuple[int, ...] = (128,)

    def __post_init__(self) -> None:
        refuse_no_group(self)
        if self.head:
            refuse_sizes_below_one(self, "head")


def build(config: LandmarkClassifierConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: the groups, standardized and side by side, to ``"probabilities"``."""
    import keras
    from keras import layers

    from fecemo.models.layers import Standardization, class_head

    inputs = {group: keras.Input(shape, name=group) for group, shape in shapes.items()}
    vectors = [Standardization(pooled=group not in UNITLESS, limit=LIMIT if group in UNITLESS else None,
                               length=getattr(config, group) * shapes[group][-1] ** 0.5,
                               name=f"standardization_{group}")(tensor) for group, tensor in inputs.items()]
    measured = vectors[0] if len(vectors) == 1 else layers.Concatenate(name="measured")(vectors)
    head = class_head(measured.shape[1:], config.head, n_classes)
    return keras.Model(inputs, {"probabilities": head(measured)}, name="landmark_classifier")


APPROACH = Approach(
    name="landmark_classifier",
    title="Classifier of landmark features",
    config=LandmarkClassifierConfig,
    inputs=landmark_columns,
    build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("head",),
)
