"""The stacked autoencoder of dense layers ("Categorizing Facial Expressions", section 4.2, figure 1)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase, Shape, refuse_sizes_below_one


@dataclass(frozen=True)
class DenseAutoencoderConfig(ModelConfig):
    """Sizes of the dense autoencoder; the defaults are the published ones."""

    #: Dense layers of the encoder, in order; the decoder has them in reverse.
    widths: tuple[int, ...] = (2000, 1000, 500, 200)
    embedding: int = 100  #: Width of the embedding.
    #: Of the layer that gives the pixels. SELU as published, though cross-entropy then clips what falls outside of [0,
    #: 1] and teaches nothing there; sigmoid is the sound choice.
    output_activation: Literal["selu", "sigmoid"] = "selu"

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "widths", "embedding")


def build(config: DenseAutoencoderConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"pixels"`` and ``"embedding"``."""
    import keras
    from keras import layers

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


APPROACH = Approach(
    name="dense_autoencoder",
    title="Stacked autoencoder",
    config=DenseAutoencoderConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("reconstruct", data="source", targets={"pixels": "image"}),),
    readouts={"embedding": "clusters"},
    submodels=("encoder", "decoder"),
)
