"""Short embeddings in which people's odd one out is the farthest (Vemulapalli and Agarwala 2019, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import EMBEDDING, IMAGE, Approach, ModelConfig, Phase, Shape, refuse_sizes_below_one
from fecemo.models.approaches.landmarks import MEASURED, LandmarkEncoderConfig, landmark_columns, refuse_no_group

FIRST_BIAS = 0.05


@dataclass(frozen=True)
class TripletEmbeddingConfig(ModelConfig):
    """Sizes of a small network on another row's embedding: it needs few ratings, and no landmark model."""

    dropout: tuple[float, float] = (0.2, 0.4)  #: Shares that are left out before each of the two dense layers.
    dense: int = 256  #: Width of the GELU layer.
    embedding: int = 16  #: Width of the embedding, which is of unit length; the study's is 16.

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "dense", "embedding")
        if not 0 <= min(self.dropout) <= max(self.dropout) < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {list(self.dropout)}")


def build_of_vectors(config: TripletEmbeddingConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: standardized vectors, of one input or several side by side, to a short ``"embedding"``."""
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
        layers.Dense(config.embedding, bias_initializer=keras.initializers.Constant(FIRST_BIAS),
                     name="dense_embedding"),
        layers.UnitNormalization(name="unit_length"),
    ])
    return keras.Model(inputs, {"embedding": encoder(vector)}, name="triplet_embedding")


OF_VECTORS = Approach(
    name="triplet_embedding",
    title="Triplet embedding",
    config=TripletEmbeddingConfig,
    inputs={"embedding": EMBEDDING},
    build=build_of_vectors,
    phases=(Phase("rate", data="source.triplets", targets={"embedding": "triplet"}),),
    readouts={"embedding": "clusters"},
    submodels=("encoder",),
)


@dataclass(frozen=True)
class TripletLandmarksConfig(TripletEmbeddingConfig):
    """Sizes of `TripletEmbeddingConfig`, of what is measured on a face: it knows nothing of light and background."""

    #: `distances`, `blendshapes`, `gradients`: Whether it is given these measurements.
    distances: bool = True
    blendshapes: bool = True
    gradients: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_no_group(self)


OF_LANDMARKS = replace(OF_VECTORS, name="triplet_landmarks", title="Triplet embedding of landmark features",
                       config=TripletLandmarksConfig, inputs=landmark_columns)


@dataclass(frozen=True)
class TripletPixelsConfig(LandmarkEncoderConfig):
    """Sizes of `LandmarkEncoderConfig`, with an embedding of unit length."""

    embedding: int = 16  #: Its width; the study's is 16.

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "embedding")


def triplet_outputs(config: TripletPixelsConfig, features: Any) -> dict[str, Any]:
    """Return the outputs ``"landmark_features"`` and ``"embedding"`` of an encoder's features."""
    from fecemo.models.layers import chain

    landmark_head = chain("landmark_head", features.shape[1:], [layers.Dense(config.landmark_features, name="dense")])
    embedding_head = chain("embedding_head", features.shape[1:], [layers.Dense(config.embedding, name="dense"),
                                                                  layers.UnitNormalization(name="unit_length")])
    return {"landmark_features": landmark_head(features), "embedding": embedding_head(features)}


def build_of_pixels(config: TripletPixelsConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"landmark_features"`` and ``"embedding"``."""
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    return keras.Model({"image": image}, triplet_outputs(config, small_encoder(config, shapes["image"])(image)),
                       name="triplet_pixels")


# Small networks do not leave the loss of equal distances when triplets are all that they learn from: the encoder
# learns to measure faces first.
PHASES = (Phase("measure", data="source", targets={"landmark_features": MEASURED}),
          Phase("rate", data="source.triplets", targets={"embedding": "triplet"}))

OF_PIXELS = Approach(
    name="triplet_pixels",
    title="Triplet encoder",
    config=TripletPixelsConfig,
    inputs={"image": IMAGE},
    build=build_of_pixels,
    phases=PHASES,
    readouts={"embedding": "clusters"},
    submodels=("encoder", "landmark_head", "embedding_head"),
)


def build_fine_tuned(config: TripletPixelsConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model of `build_of_pixels`, with ``"probabilities"`` of the same features."""
    from fecemo.models.layers import class_head
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    head = class_head(features.shape[1:], (), n_classes)
    return keras.Model({"image": image}, {**triplet_outputs(config, features), "probabilities": head(features)},
                       name="triplet_classifier")


FINE_TUNED = Approach(
    name="triplet_classifier",
    title="Triplet encoder, fine-tuned",
    config=TripletPixelsConfig,
    inputs={"image": IMAGE},
    build=build_fine_tuned,
    phases=(*PHASES, Phase("classify", data="target.train", targets={"probabilities": "label"})),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "landmark_head", "embedding_head", "head"),
)

APPROACH = (OF_VECTORS, OF_LANDMARKS, OF_PIXELS, FINE_TUNED)
