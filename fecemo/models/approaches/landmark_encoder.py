"""A convolutional encoder that learns to give, from pixels alone, what a landmark model measures on a face."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import IMAGE, Approach, Phase, Shape, refuse_sizes_below_one
from fecemo.models.residual import SmallResidualConfig

MEASURED = ("landmark_features.distances", "landmark_features.blendshapes")
"""Columns that are learnt: those of the landmark model. Gradients a network sees for itself."""


@dataclass(frozen=True)
class LandmarkEncoderConfig(SmallResidualConfig):
    """Sizes of `SmallResidualConfig`, with a dense layer that gives the landmark features."""

    landmark_features: int = 69  #: How many numbers are learnt: distances and blendshapes.

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "landmark_features")


def build(config: LandmarkEncoderConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"landmark_features"``, which are its embedding too."""
    import keras
    from keras import layers

    from fecemo.models.layers import chain
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    head = chain("landmark_head", features.shape[1:], [layers.Dense(config.landmark_features, name="dense")])
    return keras.Model({"image": image}, {"landmark_features": head(features)}, name="landmark_encoder")


APPROACH = Approach(
    name="landmark_encoder",
    title="Landmark encoder",
    config=LandmarkEncoderConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("measure", data="source", targets={"landmark_features": MEASURED}),),
    readouts={"landmark_features": "clusters"},
    submodels=("encoder", "landmark_head"),
)
