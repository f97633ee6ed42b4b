"""POSTER at its published size: an image and a landmark stream that query each other (Zheng et al. 2023).

IR-50 without its last stage beside MobileFaceNet, which the phase ``measure`` trains on landmarks and nothing else, and
which then stays as it is. The authors bring both networks trained by others; where none are brought, the first is
trained from scratch. Departures: the frozen stream's normalizations are frozen too (theirs keep moving), colours are
red, green, blue (theirs on RAF-DB are not), and faces of other sides are resized to 112 by nearest pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase, Shape, refuse_sizes_below_one
from fecemo.models.approaches.landmarks import MEASURED


@dataclass(frozen=True)
class FusionConfig(ModelConfig):
    """Sizes of the fusion of an image and a landmark stream."""

    #: How many numbers the landmark stream learns to give: 69 of our landmark model, 136 of the authors'.
    landmark_features: int = 69
    width: int = 512  #: Of a token; the narrower ones have a half and a quarter of it.
    fusion_depth: int = 8  #: Blocks at each width: 4, 6 or 8 as published.
    heads: int = 8
    mix_tokens: bool = True  #: See `fusion_block`.
    drop_path: float = 0.1  #: Chance that a branch of the last block is left out of a face.

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "landmark_features", "width", "fusion_depth", "heads")
        if self.width % (4 * self.heads):
            raise ValueError(f"width must be a multiple of {4 * self.heads}, four times the heads, not {self.width}")
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"drop_path must be at least 0 and below 1, not {self.drop_path}")


@dataclass(frozen=True)
class PosterConfig(FusionConfig):
    """Sizes of POSTER; the defaults are the published ones, its large model."""

    side: int = 112  #: Side in pixels to which faces are resized; a multiple of 16.
    #: Of the three stages of the image stream, each of which halves the side.
    filters: tuple[int, int, int] = (64, 128, 256)
    units: tuple[int, int, int] = (3, 4, 14)  #: Blocks of each stage.
    #: Of the landmark stream: before and after its third halving. Its map has four halvings.
    landmark_filters: tuple[int, int] = (64, 128)
    #: Blocks of each stage of the landmark stream beside the one that halves the side.
    landmark_units: tuple[int, int, int] = (4, 6, 2)
    #: What a token of the image is: as the authors' code reshapes its map, some whole channels of it, or, soundly, a
    #: place of the face, of 2×2 places of the map. Weights have the same shapes either way.
    tokens: Literal["channels", "places"] = "channels"

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "side", "filters", "units", "landmark_filters", "landmark_units")
        if self.side % 16:
            raise ValueError(f"side must be a multiple of 16, which is halved four times, not {self.side}")


def build(config: PosterConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"``, and to ``"landmark_features"`` by one stream alone."""
    from fecemo.models.fusion import fused_head, fusion_pyramid, with_mean
    from fecemo.models.layers import LearnedPositions, chain, submodel
    from fecemo.models.residual import ResidualConfig, entry_layers
    from fecemo.models.streams import ir_stream, mobile_face_stream

    image = keras.Input(shapes["image"], name="image")
    entry = chain("entry", shapes["image"], entry_layers(ResidualConfig(side=config.side), shapes["image"], "nearest"))
    faces = entry(image)
    pixels = ir_stream("image_stream", faces.shape[1:], config.filters, config.units)(faces)
    landmarks = mobile_face_stream("landmarks", faces.shape[1:], config.landmark_filters, config.width,
                                   config.landmark_units)(faces)
    side, channels = pixels.shape[1] // 2, 4 * pixels.shape[3]

    def fuse(maps: Any) -> Any:
        of_image, of_landmarks = maps
        if config.tokens == "channels":
            of_image = layers.Permute((3, 1, 2), name="channels_first")(of_image)
        else:
            of_image = layers.Reshape((side, 2, side, 2, channels // 4), name="halves")(of_image)
            of_image = layers.Permute((1, 3, 2, 4, 5), name="places")(of_image)
        of_image = layers.Reshape((side**2, channels), name="image_cut")(of_image)
        of_image = with_mean("image", layers.Dense(config.width, name="image_width")(of_image))
        of_image = LearnedPositions(name="positions")(of_image)
        of_landmarks = with_mean("landmarks", layers.Reshape((side**2, config.width), name="landmarks_cut")(
            of_landmarks))
        tokens = layers.Concatenate(axis=1, name="streams")([of_image, of_landmarks])
        return fused_head(fusion_pyramid(tokens, config.fusion_depth, config.heads, config.drop_path,
                                         config.mix_tokens), n_classes)

    entering = [keras.Input(made.shape[1:], name=f"{name}_map") for name, made in (("image", pixels),
                                                                                  ("landmarks", landmarks))]
    fusion = keras.Model(entering, fuse(entering), name="fusion")
    measure = submodel("landmark_head", landmarks.shape[1:], lambda made: layers.BatchNormalization(name="norm")(
        layers.Dense(config.landmark_features, use_bias=False, name="dense")(layers.Flatten(name="flatten")(
            layers.BatchNormalization(name="whole_norm")(layers.DepthwiseConv2D(
                made.shape[1], use_bias=False, name="whole")(made))))))
    return keras.Model({"image": image}, {"probabilities": fusion([pixels, landmarks]),
                                          "landmark_features": measure(landmarks)}, name="poster")


APPROACH = Approach(
    name="poster",
    title="POSTER",
    config=PosterConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("measure", data="source", targets={"landmark_features": MEASURED}),
            Phase("classify", data="target.train", targets={"probabilities": "label"}, frozen=("landmarks",))),
    readouts={"probabilities": "argmax"},
    submodels=("entry", "image_stream", "landmarks", "landmark_head", "fusion"),
)
