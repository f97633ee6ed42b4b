"""Residual classifiers: ResNet-50 and SE-ResNet-50 with a deep feature before their softmax, and a small one.

The former are those of "weighted-cluster loss" (section 4.4, table 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fecemo.lazy_keras import keras
from fecemo.models.approach import IMAGE, Approach, Phase, Shape, refuse_sizes_below_one
from fecemo.models.residual import ResidualConfig, SmallResidualConfig, build_residual

RESNET = Approach(
    name="resnet",
    title="ResNet-50",
    config=ResidualConfig,
    inputs={"image": IMAGE},
    build=build_residual,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "features": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("entry", "stage_1", "stage_2", "stage_3", "stage_4", "stage_5", "features", "head"),
)


@dataclass(frozen=True)
class SEResNetConfig(ResidualConfig):
    """Sizes of `ResidualConfig`, with squeeze and excitation in every block (section 3.2, table 2)."""

    squeeze: int = 16  #: By which it narrows the channels.

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "squeeze")

    @property
    def squeeze_ratio(self) -> int | None:
        """int: As set."""
        return self.squeeze


SE_RESNET = replace(RESNET, name="se_resnet", title="SE-ResNet-50", config=SEResNetConfig)


def build_small_resnet(config: SmallResidualConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"`` and ``"features"``."""
    from fecemo.models.layers import class_head
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    head = class_head(features.shape[1:], (), n_classes)
    return keras.Model({"image": image}, {"probabilities": head(features), "features": features}, name="small_resnet")


SMALL_RESNET = Approach(
    name="small_resnet",
    title="Small residual network",
    config=SmallResidualConfig,
    inputs={"image": IMAGE},
    build=build_small_resnet,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "features": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "head"),
)

APPROACH = (RESNET, SE_RESNET, SMALL_RESNET)
