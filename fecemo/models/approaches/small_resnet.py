"""A small residual classifier, trained on all labels: what the same faces give beside the published one."""

from collections.abc import Mapping
from typing import Any

from fecemo.models.approach import IMAGE, Approach, Phase, Shape
from fecemo.models.residual import SmallResidualConfig


def build(config: SmallResidualConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"`` and ``"features"``."""
    import keras

    from fecemo.models.layers import class_head
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    head = class_head(features.shape[1:], (), n_classes)
    return keras.Model({"image": image}, {"probabilities": head(features), "features": features}, name="small_resnet")


APPROACH = Approach(
    name="small_resnet",
    title="Small residual network",
    config=SmallResidualConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "features": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "head"),
)
