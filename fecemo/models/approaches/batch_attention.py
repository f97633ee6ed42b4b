"""A small residual network whose training draws class scores from other faces of a batch: class batch attention.

What "Batch Transformer" (Her et al. 2025) adds as a loss, on another network than theirs; its multi-level attention is
not a part of it. See `fecemo.models.losses.class_batch_attention`.
"""

from collections.abc import Mapping
from typing import Any

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import IMAGE, Approach, Phase, Shape
from fecemo.models.residual import SmallResidualConfig


def build(config: SmallResidualConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"``, and to ``"class_maps"`` for the loss alone.

    The scores are those of which the probabilities are the softmax. What makes queries and keys of the features is not
    known of the authors' network: here a 1×1 convolution to two maps a class, with learned positions.
    """
    from fecemo.models.layers import LearnedPositions, chain
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    code = small_encoder(config, shapes["image"], averaged=False)(image)
    places = code.shape[1] * code.shape[2]
    scores = chain("head", code.shape[1:], [layers.GlobalAveragePooling2D(name="average"),
                                            layers.Dense(n_classes, name="classes")])(code)
    maps = chain("attention", code.shape[1:], [
        layers.Conv2D(2 * n_classes, 1, name="maps"), layers.Reshape((places, 2 * n_classes), name="reshape"),
        layers.Permute((2, 1), name="permute"), LearnedPositions(name="positions"),
        layers.Reshape((n_classes, 2 * places), name="class_maps")])(code)
    of_classes = layers.Reshape((n_classes, 1), name="scores")(scores)
    return keras.Model({"image": image}, {
        "probabilities": layers.Softmax(name="probabilities")(scores),
        "class_maps": layers.Concatenate(name="class_maps")([maps, of_classes])}, name="batch_attention")


APPROACH = Approach(
    name="batch_attention",
    title="Class batch attention",
    config=SmallResidualConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "class_maps": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "head", "attention"),
)
