"""A short embedding in which people's odd one out is the farthest (Vemulapalli and Agarwala 2019, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import IMAGE, Approach, Phase, Shape, refuse_sizes_below_one
from fecemo.models.approaches.landmark_encoder import MEASURED, LandmarkEncoderConfig


@dataclass(frozen=True)
class TripletPixelsConfig(LandmarkEncoderConfig):
    """Sizes of `LandmarkEncoderConfig`, with an embedding of unit length."""

    embedding: int = 16  #: Its width; the study's is 16.

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "embedding")


def triplet_outputs(config: TripletPixelsConfig, features: Any) -> dict[str, Any]:
    """Return the outputs ``"landmark_features"`` and ``"embedding"`` of an encoder's features."""
    from keras import layers

    from fecemo.models.layers import chain

    landmark_head = chain("landmark_head", features.shape[1:], [layers.Dense(config.landmark_features, name="dense")])
    embedding_head = chain("embedding_head", features.shape[1:], [layers.Dense(config.embedding, name="dense"),
                                                                  layers.UnitNormalization(name="unit_length")])
    return {"landmark_features": landmark_head(features), "embedding": embedding_head(features)}


def build(config: TripletPixelsConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"landmark_features"`` and ``"embedding"``."""
    import keras

    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    return keras.Model({"image": image}, triplet_outputs(config, small_encoder(config, shapes["image"])(image)),
                       name="triplet_pixels")


# Small networks do not leave the loss of equal distances when triplets are all that they learn from: the encoder
# learns to measure faces first.
PHASES = (Phase("measure", data="source", targets={"landmark_features": MEASURED}),
          Phase("rate", data="source.triplets", targets={"embedding": "triplet"}))

APPROACH = Approach(
    name="triplet_pixels",
    title="Triplet encoder",
    config=TripletPixelsConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=PHASES,
    readouts={"embedding": "clusters"},
    submodels=("encoder", "landmark_head", "embedding_head"),
)
