"""The models of "Categorizing Facial Expressions", sections 4.2 to 4.4."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import (
    EMBEDDING,
    IMAGE,
    Approach,
    ModelConfig,
    Phase,
    Shape,
    refuse_pools_that_leave_a_rest,
    refuse_sizes_below_one,
)


@dataclass(frozen=True)
class DenseAutoencoderConfig(ModelConfig):
    """Sizes of the stacked autoencoder of dense layers (figure 1); the defaults are the published ones."""

    #: Dense layers of the encoder, in order; the decoder has them in reverse.
    widths: tuple[int, ...] = (2000, 1000, 500, 200)
    embedding: int = 100  #: Width of the embedding.
    #: Of the layer that gives the pixels. SELU as published, though cross-entropy then clips what falls outside of [0,
    #: 1] and teaches nothing there; sigmoid is the sound choice.
    output_activation: Literal["selu", "sigmoid"] = "selu"

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "widths", "embedding")


def build_dense_autoencoder(config: DenseAutoencoderConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"pixels"`` and ``"embedding"``."""
    from fecemo.models.layers import chain, rescaling_layer

    image = keras.Input(shapes["image"], name="image")
    encoder = chain("encoder", shapes["image"], [
        # The text names no rescaling for this model; binary cross-entropy asks for pixels in [0, 1].
        rescaling_layer(),
        layers.Flatten(name="flatten"),
        *(layers.Dense(width, activation="selu", name=f"dense_{number}")
          for number, width in enumerate(config.widths, 1)),
        layers.Dense(config.embedding, activation="selu", name="embedding"),
    ])
    decoder = chain("decoder", (config.embedding,), [
        layers.Flatten(name="flatten"),
        *(layers.Dense(width, activation="selu", name=f"dense_{number}")
          for number, width in enumerate(reversed(config.widths), 1)),
        layers.Dense(math.prod(shapes["image"]), activation=config.output_activation, name="pixels"),
        layers.Reshape(shapes["image"], name="reshape"),
    ])
    embedding = encoder(image)
    return keras.Model({"image": image}, {"pixels": decoder(embedding), "embedding": embedding},
                       name="dense_autoencoder")


DENSE_AUTOENCODER = Approach(
    name="dense_autoencoder",
    title="Stacked autoencoder",
    config=DenseAutoencoderConfig,
    inputs={"image": IMAGE},
    build=build_dense_autoencoder,
    phases=(Phase("reconstruct", data="source", targets={"pixels": "image"}),),
    readouts={"embedding": "clusters"},
    submodels=("encoder", "decoder"),
)


@dataclass(frozen=True)
class ConvAutoencoderConfig(ModelConfig):
    """Sizes of the stacked convolutional autoencoder (figure 2); the defaults are the published ones."""

    filters: tuple[int, ...] = (32, 64, 128)  #: Filters of each pair of convolutions in the encoder.
    #: Size of the max-pooling after each pair, and stride of the transposed convolution that mirrors it. Their product
    #: divides the side of the image. The text gives no sizes: 2, 2, 2 is ours for 200 pixels, and 2, 3, 5 for 150, the
    #: coarsest last, so that the widest gaps of the strided decoder are filled by all the others.
    pools: tuple[int, ...] = (2, 2, 2)

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "filters", "pools")
        if len(self.filters) != len(self.pools):
            raise ValueError(f"pools must be as many as filters, {len(self.filters)}, not {len(self.pools)}")

    def check_image(self, shape: Shape) -> None:
        """Raise `ValueError` if the pools leave a rest; see `ModelConfig.check_image`."""
        refuse_pools_that_leave_a_rest(self.pools, shape)


def build_conv_autoencoder(config: ConvAutoencoderConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"pixels"`` and ``"embedding"``, the encoder's output flattened."""
    from fecemo.models.convolutional import convolutional_decoder, convolutional_encoder

    image = keras.Input(shapes["image"], name="image")
    code = convolutional_encoder(shapes["image"], config.filters, config.pools)(image)
    decoder = convolutional_decoder(code.shape[1:], config.filters, config.pools, shapes["image"])
    return keras.Model({"image": image}, {"pixels": decoder(code), "embedding": layers.Flatten(name="embedding")(code)},
                       name="conv_autoencoder")


CONV_AUTOENCODER = Approach(
    name="conv_autoencoder",
    title="Stacked convolutional autoencoder",
    config=ConvAutoencoderConfig,
    inputs={"image": IMAGE},
    build=build_conv_autoencoder,
    phases=(Phase("reconstruct", data="source", targets={"pixels": "image"}),),
    readouts={"embedding": "clusters"},
    submodels=("encoder", "decoder"),
)


@dataclass(frozen=True)
class SemiSupervisedConfig(ConvAutoencoderConfig):
    """Sizes of `ConvAutoencoderConfig`, with a head on its frozen encoder (figure 3), as published."""

    filters: tuple[int, ...] = (128, 256, 512)
    #: SELU layers before the softmax. The text says three dense layers from 256 to 8; the middle width is ours, and so
    #: are the activations.
    head: tuple[int, ...] = (256, 64)

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "head")


def build_semi_supervised(config: SemiSupervisedConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"pixels"`` by a decoder, and to ``"probabilities"`` by a head."""
    from fecemo.models.convolutional import convolutional_decoder, convolutional_encoder
    from fecemo.models.layers import class_head

    image = keras.Input(shapes["image"], name="image")
    code = convolutional_encoder(shapes["image"], config.filters, config.pools)(image)
    decoder = convolutional_decoder(code.shape[1:], config.filters, config.pools, shapes["image"])
    head = class_head(code.shape[1:], config.head, n_classes)
    return keras.Model({"image": image}, {"pixels": decoder(code), "probabilities": head(code)}, name="semi_supervised")


SEMI_SUPERVISED = Approach(
    name="semi_supervised",
    title="Semi-supervised",
    config=SemiSupervisedConfig,
    inputs={"image": IMAGE},
    build=build_semi_supervised,
    phases=(
        Phase("reconstruct", data="source", targets={"pixels": "image"}),
        Phase("classify", data="target.train", targets={"probabilities": "label"}, frozen=("encoder",)),
    ),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "decoder", "head"),
)


@dataclass(frozen=True)
class HeadConfig(ModelConfig):
    """Sizes of the same head on another row's embedding, which stays as it is; the defaults are the published ones."""

    head: tuple[int, ...] = (256, 64)  #: SELU layers before the softmax; see `SemiSupervisedConfig`.

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "head")


def build_head(config: HeadConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"embedding"``, standardized, to ``"probabilities"``."""
    from fecemo.models.layers import Standardization, class_head

    embedding = keras.Input(shapes["embedding"], name="embedding")
    head = class_head(shapes["embedding"], config.head, n_classes)
    return keras.Model({"embedding": embedding},
                       {"probabilities": head(Standardization(name="standardization")(embedding))}, name="head_model")


HEAD = Approach(
    name="head",
    title="Classifier head",
    config=HeadConfig,
    inputs={"embedding": EMBEDDING},
    build=build_head,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("head",),
)


@dataclass(frozen=True)
class SupervisedConfig(ModelConfig):
    """Sizes of the supervised classifier (figure 4); the defaults are the published ones."""

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


def build_supervised(config: SupervisedConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"probabilities"``."""
    from fecemo.models.convolutional import convolutional_classifier

    image = keras.Input(shapes["image"], name="image")
    classifier = convolutional_classifier(shapes["image"], config.groups, config.filters, config.dense, n_classes,
                                          config.kernel_initializer)
    return keras.Model({"image": image}, {"probabilities": classifier(image)}, name="supervised")


SUPERVISED = Approach(
    name="supervised",
    title="Supervised",
    config=SupervisedConfig,
    inputs={"image": IMAGE},
    build=build_supervised,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("classifier",),
)

APPROACH = (DENSE_AUTOENCODER, CONV_AUTOENCODER, SEMI_SUPERVISED, HEAD, SUPERVISED)
