"""A short embedding in which people's odd one out is the farthest (Vemulapalli and Agarwala 2019, section 4)."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, Phase
from fecemo.models.approaches.landmark_encoder import LandmarkEncoderConfig, landmark_stacks
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one

NETWORKS = {"measuring": ("features", "measurements"), "encoder": ("features", "embedding")}


@dataclass(frozen=True)
class TripletPixelsConfig(LandmarkEncoderConfig):
    """Sizes of `LandmarkEncoderConfig`, with an embedding of unit length.

    Parameters
    ----------
    embedding : int
        Its width; the study's is 16.
    """

    embedding: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "embedding")


def triplet_stacks(config: TripletPixelsConfig, input_shape: Shape, n_classes: int) -> Stacks:
    """Return the stacks of `landmark_stacks`, and ``"embedding"``."""
    from keras import layers

    return {**landmark_stacks(config, input_shape, n_classes),
            "embedding": lambda _: [layers.Dense(config.embedding, name="dense_embedding"),
                                    layers.UnitNormalization(name="unit_length")]}


APPROACH = Approach(
    name="triplet_pixels",
    title="Encoder of rated similarity",
    predicts_by="clusters",
    # Small networks do not leave the loss of equal distances when triplets are all that they learn from: the features
    # learn to measure faces first.
    phases=(Phase("measure", {"vector": "measuring"}, faces="source_measured"),
            Phase("rate", {"embedding": "encoder"}, faces="triplets")),
    output="encoder",
    config=TripletPixelsConfig,
    networks=NETWORKS,
    stacks=triplet_stacks,
)
