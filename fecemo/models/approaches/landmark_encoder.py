"""A convolutional encoder taught to give, from pixels alone, what a landmark model measures on a face."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, Phase
from fecemo.models.compact_networks import CompactConfig
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one

NETWORKS = {"encoder": ("features", "measurements")}


@dataclass(frozen=True)
class LandmarkEncoderConfig(CompactConfig):
    """Sizes of `CompactConfig`, with a dense layer that gives the measurements.

    Parameters
    ----------
    measurements : int
        How many numbers are measured on a face.
    """

    measurements: int = 69

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "measurements")


def landmark_stacks(config: LandmarkEncoderConfig, input_shape: Shape, n_classes: int) -> Stacks:
    """Return the stacks ``"features"`` and ``"measurements"``."""
    from keras import layers

    from fecemo.models.compact_networks import compact_layers

    return {"features": lambda _: compact_layers(config),
            "measurements": lambda _: [layers.Dense(config.measurements, name="measurements")]}


APPROACH = Approach(
    name="landmark_encoder",
    title="Encoder of landmark measurements",
    predicts_by="clusters",
    phases=(Phase("measure", {"vector": "encoder"}, faces="source_measured"),),
    output="encoder",
    config=LandmarkEncoderConfig,
    networks=NETWORKS,
    stacks=landmark_stacks,
)
