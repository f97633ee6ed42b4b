"""A short embedding of another row's embedding, in which people's odd one out is the farthest.

After Vemulapalli and Agarwala (2019, section 4). A small network on what an encoder has learned from unlabelled faces
needs few ratings, and no landmark model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import EMBEDDING, Approach, ModelConfig, Phase, Shape, refuse_sizes_below_one

FIRST_BIAS = 0.05


@dataclass(frozen=True)
class TripletEmbeddingConfig(ModelConfig):
    """Sizes of the network."""

    dropout: tuple[float, float] = (0.2, 0.4)  #: Shares that are left out before each of the two dense layers.
    dense: int = 256  #: Width of the GELU layer.
    embedding: int = 16  #: Width of the embedding, which is of unit length; the study's is 16.

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "dense", "embedding")
        if not 0 <= min(self.dropout) <= max(self.dropout) < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {list(self.dropout)}")


def build(config: TripletEmbeddingConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: standardized vectors, of one input or several side by side, to a short ``"embedding"``."""
    import keras
    from keras import initializers, layers

    from fecemo.models.layers import Standardization, chain

    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    vectors = [Standardization(name=f"standardization_{name}")(tensor) for name, tensor in inputs.items()]
    vector = vectors[0] if len(vectors) == 1 else layers.Concatenate(name="vectors")(vectors)
    before, between = config.dropout
    encoder = chain("encoder", vector.shape[1:], [
        layers.Dropout(before, name="dropout_vector"),
        layers.Dense(config.dense, activation="gelu", name="dense"),
        layers.Dropout(between, name="dropout_dense"),
        # Where all that is not 0 is left out by chance, only biases are left; a vector of length 0 has no slope.
        layers.Dense(config.embedding, bias_initializer=initializers.Constant(FIRST_BIAS), name="dense_embedding"),
        layers.UnitNormalization(name="unit_length"),
    ])
    return keras.Model(inputs, {"embedding": encoder(vector)}, name="triplet_embedding")


APPROACH = Approach(
    name="triplet_embedding",
    title="Triplet embedding",
    config=TripletEmbeddingConfig,
    inputs={"embedding": EMBEDDING},
    build=build,
    phases=(Phase("rate", data="source.triplets", targets={"embedding": "triplet"}),),
    readouts={"embedding": "clusters"},
    submodels=("encoder",),
)
