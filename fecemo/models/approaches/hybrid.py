"""Classes beside a task that needs no label, on one encoder: the order of tiles, or in-painting (HMTL).

Pourmirzaei, Montazer and Esmaili, "Using Self-Supervised Auxiliary Tasks to Improve Fine-Grained Facial
Representation". The recipe chooses the task by its losses: ``tiles`` learns what the augmentation ``jigsaw`` emits,
``pixels`` the image that ``corrupt`` has hidden in part. Heads without a loss do not run. In-painting is by
squared differences: the perceptual loss of the study needs a network that others trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import IMAGE, Approach, Phase, Shape
from fecemo.models.residual import SmallResidualConfig

SHUFFLED = "shuffled"
"""The input of faces whose tiles are shuffled, where emotions are told from whole ones."""


@dataclass(frozen=True)
class HybridConfig(SmallResidualConfig):
    """Sizes of `SmallResidualConfig`, with the heads."""

    pieces: int = 3  #: Tiles along a side, of a jigsaw.
    #: What the order of the tiles is told from: the average of the features over the face, as published, or, soundly
    #: for an encoder of few layers, which hardly knows places from its padding, their map.
    tiles_from: Literal["average", "map"] = "average"
    #: Tell emotions from the whole face beside the shuffled one, at twice the cost. As published, the shuffled face is
    #: the only one that is seen: at 48 pixels a strong handicap. With it goes ``jigsaw: {into: shuffled}``.
    whole: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pieces < 2:
            raise ValueError(f"pieces must be at least 2, not {self.pieces}")

    def check_image(self, shape: Shape) -> None:
        """Raise `ValueError` if the decoder would not come back to the side; see `ModelConfig.check_image`."""
        super().check_image(shape)
        if shape[0] % 2 ** len(self.filters):
            raise ValueError(f"filters: {list(self.filters)} halve the image {len(self.filters)} times, and "
                             f"{2 ** len(self.filters)} does not divide its {shape[0]} pixels")


def build(config: HybridConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"``, ``"tiles"``, ``"pixels"`` and ``"features"``.

    ``"tiles"`` is of shape (pieces², pieces²): for each place, the probability of each tile.
    """
    from fecemo.models.layers import chain, class_head
    from fecemo.models.residual import small_encoder

    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    encoder = small_encoder(config, shapes["image"], averaged=False)
    code = encoder(inputs["image"])
    average = layers.GlobalAveragePooling2D(name="average")
    features = average(code)
    of_shuffled = encoder(inputs[SHUFFLED]) if config.whole else code
    of_tiles = average(of_shuffled) if config.tiles_from == "average" else of_shuffled
    places = config.pieces**2
    tiles = chain("tile_head", of_tiles.shape[1:], [
        layers.Flatten(name="flatten"), layers.Dense(places**2, name="dense"),
        layers.Reshape((places, places), name="reshape"), layers.Softmax(name="tiles")])
    decoder = chain("decoder", code.shape[1:], [
        *(layers.Conv2DTranspose(width, 4, strides=2, padding="same", activation="relu", name=f"deconv_{number}",
                                 kernel_initializer="he_normal")
          for number, width in enumerate(reversed(config.filters), 1)),
        layers.Conv2D(shapes["image"][-1], 3, padding="same", activation="sigmoid", name="pixels")])
    head = class_head(features.shape[1:], (), n_classes)
    return keras.Model(inputs, {"probabilities": head(features), "tiles": tiles(of_tiles), "pixels": decoder(code),
                                "features": features}, name="hybrid")


def inputs_of(config: HybridConfig) -> dict[str, str]:
    """Return the inputs: the faces, twice where shuffled ones go beside whole ones."""
    return {"image": IMAGE, **({SHUFFLED: IMAGE} if config.whole else {})}


APPROACH = Approach(
    name="hybrid",
    title="Classes beside a task without labels",
    config=HybridConfig,
    inputs=inputs_of,
    build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "tiles": "jigsaw",
                                                            "pixels": "image", "features": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "tile_head", "decoder", "head"),
)
