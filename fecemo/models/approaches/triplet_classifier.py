"""The encoder of rated similarity, tuned by labels: what landmarks and ratings are worth where labels are few."""

from collections.abc import Mapping
from typing import Any

from fecemo.models.approach import IMAGE, Approach, Phase, Shape
from fecemo.models.approaches.triplet_pixels import PHASES, TripletPixelsConfig, triplet_outputs


def build(config: TripletPixelsConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model of `triplet_pixels`, with ``"probabilities"`` of the same features."""
    import keras

    from fecemo.models.layers import class_head
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    head = class_head(features.shape[1:], (), n_classes)
    return keras.Model({"image": image}, {**triplet_outputs(config, features), "probabilities": head(features)},
                       name="triplet_classifier")


APPROACH = Approach(
    name="triplet_classifier",
    title="Triplet encoder, fine-tuned",
    config=TripletPixelsConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(*PHASES, Phase("classify", data="target.train", targets={"probabilities": "label"})),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "landmark_head", "embedding_head", "head"),
)
