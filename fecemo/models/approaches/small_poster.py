"""POSTER reduced to faces of 48 pixels: two small encoders, or an encoder and landmark features, that query each other.

The structure is that of POSTER (see `poster`): a landmark stream that is trained on landmarks and no emotion, tokens
that are places of the face, a pyramid of three widths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import IMAGE, Approach, Phase, Shape
from fecemo.models.approaches.landmarks import MEASURED
from fecemo.models.approaches.poster import FusionConfig
from fecemo.models.residual import SmallResidualConfig


@dataclass(frozen=True)
class SmallPosterConfig(FusionConfig, SmallResidualConfig):
    """Sizes of `FusionConfig`, narrower and less deep, with those of `SmallResidualConfig` for either encoder."""

    width: int = 64
    fusion_depth: int = 2

    def __post_init__(self) -> None:
        FusionConfig.__post_init__(self)
        SmallResidualConfig.__post_init__(self)


def build_of_pixels(config: SmallPosterConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"``, and to ``"landmark_features"`` by one stream alone."""
    from fecemo.models.layers import chain
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    pixels = small_encoder(config, shapes["image"], "encoder", averaged=False)(image)
    landmarks = small_encoder(config, shapes["image"], "landmarks", averaged=False)(image)
    head = chain("landmark_head", landmarks.shape[1:], [layers.GlobalAveragePooling2D(name="average"),
                                                        layers.Dense(config.landmark_features, name="dense")])
    return keras.Model({"image": image}, {"probabilities": _fusion(config, pixels, landmarks, n_classes),
                                          "landmark_features": head(landmarks)}, name="small_poster")


def build_of_features(config: SmallPosterConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"``, ``"distances"`` and ``"blendshapes"`` to ``"probabilities"``."""
    from fecemo.models.layers import Standardization
    from fecemo.models.residual import small_encoder

    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    pixels = small_encoder(config, shapes["image"], "encoder", averaged=False)(inputs["image"])
    measured = layers.Concatenate(name="measured")([
        Standardization(limit=4.0, length=1.0, name=f"standardization_{name}")(inputs[name])
        for name in ("distances", "blendshapes")])
    return keras.Model(inputs, {"probabilities": _fusion(config, pixels, measured, n_classes)}, name="feature_poster")


def _fusion(config: SmallPosterConfig, pixels: Any, landmarks: Any, n_classes: int) -> Any:
    """Return class probabilities of a map of the image and of a map, or a vector, of the landmarks."""
    from fecemo.models.fusion import fused_head, fusion_pyramid, with_mean
    from fecemo.models.layers import LearnedPositions

    entering = [keras.Input(made.shape[1:], name=f"{name}_map") for name, made in (("image", pixels),
                                                                                  ("landmarks", landmarks))]
    places = pixels.shape[1] * pixels.shape[2]
    of_image = layers.Dense(config.width, name="image_width")(
        layers.Reshape((places, pixels.shape[3]), name="image_cut")(entering[0]))
    if len(landmarks.shape) == 4:
        of_landmarks = layers.Dense(config.width, name="landmarks_width")(
            layers.Reshape((places, landmarks.shape[3]), name="landmarks_cut")(entering[1]))
    else:  # numbers without a place: as many tokens as the image has are made of them
        of_landmarks = layers.Reshape((places, config.width), name="landmarks_cut")(
            layers.Dense(places * config.width, name="landmarks_width")(entering[1]))
    tokens = layers.Concatenate(axis=1, name="streams")([
        LearnedPositions(name="positions")(with_mean("image", of_image)), with_mean("landmarks", of_landmarks)])
    tokens = fusion_pyramid(tokens, config.fusion_depth, config.heads, config.drop_path, config.mix_tokens)
    return keras.Model(entering, fused_head(tokens, n_classes), name="fusion")([pixels, landmarks])


OF_PIXELS = Approach(
    name="small_poster",
    title="Image and landmark streams",
    config=SmallPosterConfig,
    inputs={"image": IMAGE},
    build=build_of_pixels,
    phases=(Phase("measure", data="source", targets={"landmark_features": MEASURED}),
            Phase("classify", data="target.train", targets={"probabilities": "label"}, frozen=("landmarks",))),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "landmarks", "landmark_head", "fusion"),
)
OF_FEATURES = Approach(
    name="feature_poster",
    title="Image stream and landmark features",
    config=SmallPosterConfig,
    inputs={"image": IMAGE, "distances": "landmark_features.distances",
            "blendshapes": "landmark_features.blendshapes"},
    build=build_of_features,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "fusion"),
)
APPROACH = (OF_PIXELS, OF_FEATURES)
