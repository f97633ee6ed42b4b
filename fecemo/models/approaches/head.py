"""The head of the semi-supervised model on another row's embedding, which stays as it is (section 4.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import EMBEDDING, Approach, ModelConfig, Phase, Shape, refuse_sizes_below_one


@dataclass(frozen=True)
class HeadConfig(ModelConfig):
    """Sizes of the head; the defaults are the published ones."""

    head: tuple[int, ...] = (256, 64)  #: SELU layers before the softmax; see `SemiSupervisedConfig`.

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "head")


def build(config: HeadConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"embedding"``, standardized, to ``"probabilities"``."""
    import keras

    from fecemo.models.layers import Standardization, class_head

    embedding = keras.Input(shapes["embedding"], name="embedding")
    head = class_head(shapes["embedding"], config.head, n_classes)
    return keras.Model({"embedding": embedding},
                       {"probabilities": head(Standardization(name="standardization")(embedding))}, name="head_model")


APPROACH = Approach(
    name="head",
    title="Classifier head",
    config=HeadConfig,
    inputs={"embedding": EMBEDDING},
    build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("head",),
)
