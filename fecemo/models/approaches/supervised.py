"""The supervised convolutional classifier ("Categorizing Facial Expressions", section 4.4, figure 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase, Shape, refuse_sizes_below_one


@dataclass(frozen=True)
class SupervisedConfig(ModelConfig):
    """Sizes of the supervised classifier; the defaults are the published ones."""

    groups: tuple[int, ...] = (7, 7, 3)  #: Convolutions in each group, with a 2×2 max-pooling between groups.
    filters: int = 64  #: Of every convolution.
    dense: int = 256  #: Width of the SELU layer before the softmax.
    #: Of the convolutions. The text names none: Keras's default is ours. It halves the variance of the signal at each
    #: of the seventeen ReLU layers (He et al. 2015, section 2.2), and narrow networks then do not leave chance;
    #: ``he_normal`` keeps the variance and is the sound choice.
    kernel_initializer: Literal["glorot_uniform", "he_normal"] = "glorot_uniform"

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "groups", "filters", "dense")

    def check_image(self, shape: Shape) -> None:
        """Raise `ValueError` if nothing is left to halve; see `ModelConfig.check_image`."""
        if shape[0] < 2 ** (len(self.groups) - 1):
            raise ValueError(f"groups: {list(self.groups)} halve the image {len(self.groups) - 1} times, "
                             f"and it has only {shape[0]} pixels a side")


def build(config: SupervisedConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"``."""
    import keras

    from fecemo.models.convolutional import convolutional_classifier

    image = keras.Input(shapes["image"], name="image")
    classifier = convolutional_classifier(shapes["image"], config.groups, config.filters, config.dense, n_classes,
                                          config.kernel_initializer)
    return keras.Model({"image": image}, {"probabilities": classifier(image)}, name="supervised")


APPROACH = Approach(
    name="supervised",
    title="Supervised",
    config=SupervisedConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("classifier",),
)
