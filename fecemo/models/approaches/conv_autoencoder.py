"""The stacked convolutional autoencoder ("Categorizing Facial Expressions", section 4.2, figure 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import (
    IMAGE,
    Approach,
    ModelConfig,
    Phase,
    Shape,
    refuse_pools_that_leave_a_rest,
    refuse_sizes_below_one,
)


@dataclass(frozen=True)
class ConvAutoencoderConfig(ModelConfig):
    """Sizes of the convolutional autoencoder; the defaults are the published ones."""

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


def build(config: ConvAutoencoderConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"pixels"`` and ``"embedding"``, the encoder's output flattened."""
    import keras
    from keras import layers

    from fecemo.models.convolutional import convolutional_decoder, convolutional_encoder

    image = keras.Input(shapes["image"], name="image")
    code = convolutional_encoder(shapes["image"], config.filters, config.pools)(image)
    decoder = convolutional_decoder(code.shape[1:], config.filters, config.pools, shapes["image"])
    return keras.Model({"image": image}, {"pixels": decoder(code), "embedding": layers.Flatten(name="embedding")(code)},
                       name="conv_autoencoder")


APPROACH = Approach(
    name="conv_autoencoder",
    title="Stacked convolutional autoencoder",
    config=ConvAutoencoderConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("reconstruct", data="source", targets={"pixels": "image"}),),
    readouts={"embedding": "clusters"},
    submodels=("encoder", "decoder"),
)
