"""A short embedding of another row's embedding, in which people's odd one out is the farthest.

After Vemulapalli and Agarwala (2019, section 4). A small network on what an encoder has learned from unlabelled faces
needs few ratings, and no landmark model.
"""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig, Phase
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one
from fecemo.models.vector_networks import SCALING, scaling_stack

NETWORKS = {"encoder": (SCALING, "features", "embedding")}
FIRST_BIAS = 0.05


@dataclass(frozen=True)
class TripletEmbeddingConfig(ModelConfig):
    """Sizes of the network.

    Parameters
    ----------
    dropout : tuple of float
        Shares that are left out before each of the two dense layers.
    dense : int
        Width of the GELU layer.
    embedding : int
        Width of the embedding, which is of unit length; the study's is 16.
    """

    dropout: tuple[float, float] = (0.2, 0.4)
    dense: int = 256
    embedding: int = 16

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "dense", "embedding")
        if not 0 <= min(self.dropout) <= max(self.dropout) < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {list(self.dropout)}")


def _stacks(config: TripletEmbeddingConfig, input_shape: Shape, n_classes: int) -> Stacks:
    """Return the stacks ``"features"`` and ``"embedding"`` behind the scaling."""
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
    name="triplet_embedding",
    title="Rated similarity of an embedding",
    predicts_by="clusters",
    phases=(Phase("rate", {"embedding": "encoder"}, faces="triplets", frozen=(SCALING,)),),
    output="encoder",
    config=TripletEmbeddingConfig,
    networks=NETWORKS,
    stacks=_stacks,
    takes="embedding",
)
