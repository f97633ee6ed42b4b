"""A short embedding of what is measured on a face, in which people's odd one out is the farthest.

After Vemulapalli and Agarwala (2019, section 4), with a landmark model's numbers in the place of pixels: a small dense
network learns from few ratings, and its embedding knows nothing of light and background.
"""

from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import Approach, ModelConfig, Phase
from fecemo.models.measured_groups import refuse_no_group
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one
from fecemo.models.vector_networks import SCALING, scaling_stack

NETWORKS = {"encoder": (SCALING, "features", "embedding")}
FIRST_BIAS = 0.05


@dataclass(frozen=True)
class RatedGeometryConfig(ModelConfig):
    """Sizes of the network, and what it is given.

    Parameters
    ----------
    distances, blendshapes, gradients : bool
        Whether it is given these measurements.
    dropout : tuple of float
        Shares that are left out before each of the two dense layers.
    dense : int
        Width of the GELU layer.
    embedding : int
        Width of the embedding, which is of unit length; the study's is 16.
    """

    distances: bool = True
    blendshapes: bool = True
    gradients: bool = True
    dropout: tuple[float, float] = (0.2, 0.4)
    dense: int = 256
    embedding: int = 16

    def __post_init__(self) -> None:
        refuse_no_group(self)
        refuse_sizes_below_one(self, "dense", "embedding")
        if not 0 <= min(self.dropout) <= max(self.dropout) < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {list(self.dropout)}")


def rated_stacks(config: Any, input_shape: Shape, n_classes: int) -> Stacks:
    """Return the stacks of a network with ``dropout``, ``dense`` and ``embedding`` of a config, on vectors."""
    from keras import initializers, layers

    given, dense = config.dropout
    # Where all that is not 0 is left out by chance, only biases are left; a vector of length 0 would have no slope.
    biased = initializers.Constant(FIRST_BIAS)
    return {
        **scaling_stack(),
        "features": lambda _: [layers.Dropout(given, name="dropout_measurements"),
                               layers.Dense(config.dense, activation="gelu", name="dense")],
        "embedding": lambda _: [layers.Dropout(dense, name="dropout_dense"),
                                layers.Dense(config.embedding, bias_initializer=biased, name="dense_embedding"),
                                layers.UnitNormalization(name="unit_length")],
    }


APPROACH = Approach(
    name="rated_geometry",
    title="Rated similarity of measurements",
    predicts_by="clusters",
    phases=(Phase("rate", {"embedding": "encoder"}, faces="triplets", frozen=(SCALING,)),),
    output="encoder",
    config=RatedGeometryConfig,
    networks=NETWORKS,
    stacks=rated_stacks,
    takes="measurements",
)
