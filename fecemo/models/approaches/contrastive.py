"""An encoder that distinguishes a face's altered views from all other faces (SimCLR; Chen et al. 2020, section 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import IMAGE, Approach, Phase, Shape, refuse_sizes_below_one
from fecemo.models.residual import SmallResidualConfig


@dataclass(frozen=True)
class ContrastiveConfig(SmallResidualConfig):
    """Sizes of `SmallResidualConfig`, with the projection that is thrown away after training."""

    #: Width of both its dense layers. What it gives is compared, and the features before it are the embedding (section
    #: 4.2): they keep what the views do not share.
    projection: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "projection")


def build(config: ContrastiveConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"projection"``, which is compared, and ``"embedding"``, the features."""
    from fecemo.models.layers import chain
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    projection = chain("projection", features.shape[1:], [
        layers.Dense(config.projection, activation="relu", kernel_initializer="he_normal", name="dense"),
        layers.Dense(config.projection, name="projection")])
    return keras.Model({"image": image}, {"projection": projection(features), "embedding": features},
                       name="contrastive")


APPROACH = Approach(
    name="contrastive",
    title="Contrastive encoder",
    config=ContrastiveConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("contrast", data="source", targets={"projection": "views"}),),
    readouts={"embedding": "clusters"},
    submodels=("encoder", "projection"),
)
