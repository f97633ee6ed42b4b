"""A convolutional encoder taught to give, from pixels alone, what a landmark model measures on a face."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig, Phase
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one

NETWORKS = {"encoder": ("features", "measurements")}
POOL = 2


@dataclass(frozen=True)
class GeometryEncoderConfig(ModelConfig):
    """Sizes of the encoder.

    Parameters
    ----------
    filters : tuple of int
        Filters of each pair of 3×3 SELU convolutions, with a 2×2 max-pooling after each pair.
    dense : int
        Width of the SELU layer before the measurements.
    measurements : int
        How many numbers are measured on a face.
    """

    filters: tuple[int, ...] = (32, 64, 128)
    dense: int = 256
    measurements: int = 69

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "filters", "dense", "measurements")

    def check_input(self, input_shape: Shape) -> None:
        """Raise `ValueError` if nothing is left to halve; see `ModelConfig.check_input`."""
        if input_shape[0] < POOL ** len(self.filters):
            raise ValueError(f"filters: {list(self.filters)} halve the image {len(self.filters)} times, and it has "
                             f"only {input_shape[0]} pixels a side")


def geometry_stacks(config: GeometryEncoderConfig, input_shape: Shape, n_classes: int) -> Stacks:
    """Return the stacks ``"features"`` and ``"measurements"``."""
    from keras import layers

    from fecemo.models import conv_networks

    return {
        "features": lambda _: [
            *conv_networks.encoder_layers(config.filters, (POOL,) * len(config.filters)),
            layers.Flatten(name="flatten"), layers.Dense(config.dense, activation="selu", name="dense")],
        "measurements": lambda _: [layers.Dense(config.measurements, name="measurements")],
    }


APPROACH = Approach(
    name="geometry_encoder",
    title="Encoder of landmark measurements",
    predicts_by="clusters",
    phases=(Phase("measure", {"vector": "encoder"}, faces="source_measured"),),
    output="encoder",
    config=GeometryEncoderConfig,
    networks=NETWORKS,
    stacks=geometry_stacks,
)
