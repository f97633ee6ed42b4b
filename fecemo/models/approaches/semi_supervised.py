"""A wider convolutional autoencoder, then a head on its frozen encoder (section 4.3, figure 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import IMAGE, Approach, Phase, Shape, refuse_sizes_below_one
from fecemo.models.approaches.conv_autoencoder import ConvAutoencoderConfig


@dataclass(frozen=True)
class SemiSupervisedConfig(ConvAutoencoderConfig):
    """Sizes of `ConvAutoencoderConfig`, with a head; the defaults are the published ones."""

    filters: tuple[int, ...] = (128, 256, 512)
    #: SELU layers before the softmax. The text says three dense layers from 256 to 8; the middle width is ours, and so
    #: are the activations.
    head: tuple[int, ...] = (256, 64)

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "head")


def build(config: SemiSupervisedConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"pixels"`` by a decoder, and to ``"probabilities"`` by a head."""
    import keras

    from fecemo.models.convolutional import convolutional_decoder, convolutional_encoder
    from fecemo.models.layers import class_head

    image = keras.Input(shapes["image"], name="image")
    code = convolutional_encoder(shapes["image"], config.filters, config.pools)(image)
    decoder = convolutional_decoder(code.shape[1:], config.filters, config.pools, shapes["image"])
    head = class_head(code.shape[1:], config.head, n_classes)
    return keras.Model({"image": image}, {"pixels": decoder(code), "probabilities": head(code)}, name="semi_supervised")


APPROACH = Approach(
    name="semi_supervised",
    title="Semi-supervised",
    config=SemiSupervisedConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(
        Phase("reconstruct", data="source", targets={"pixels": "image"}),
        Phase("classify", data="target.train", targets={"probabilities": "label"}, frozen=("encoder",)),
    ),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "decoder", "head"),
)
