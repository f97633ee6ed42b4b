"""What a landmark model measures on a face: by itself, as what an encoder is to tell, and beside pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase, Shape, refuse_sizes_below_one
from fecemo.models.residual import SmallResidualConfig

GROUPS = ("distances", "blendshapes", "gradients")
"""Parts of the column ``landmark_features``: distances of landmarks, blendshapes, gradients of mouth and brows."""
UNITLESS = ("distances",)
"""Groups each of whose numbers is divided by its own standard deviation, because their units say nothing."""
LIMIT = 4.0
"""Standard deviations beyond which a distance counts no more: a mesh that is lost must not draw a centre to it."""
MEASURED = ("landmark_features.distances", "landmark_features.blendshapes")
"""Columns that are learnt: those of the landmark model. Gradients a network sees for itself."""


@dataclass(frozen=True)
class LandmarkFeaturesConfig(ModelConfig):
    """Which landmark features there are, and how much each group counts; they are of whole faces in colour always."""

    #: `distances`, `blendshapes`, `gradients`: Factor of each group, whose squares add up to 1 for a face, in the mean,
    #: before it; 0 leaves the group out.
    distances: float = 1.0
    blendshapes: float = 1.0
    gradients: float = 0.0

    def __post_init__(self) -> None:
        refuse_no_group(self)


def landmark_columns(config: Any) -> dict[str, str]:
    """Return the inputs of a config and the columns that enter them: the groups whose field is above 0."""
    return {group: f"landmark_features.{group}" for group in GROUPS if getattr(config, group) > 0}


def refuse_no_group(config: Any) -> None:
    """Raise `ValueError`, a field's name first, if a config takes no group, or one less than not at all."""
    for group in GROUPS:
        if not 0 <= getattr(config, group) < float("inf"):
            raise ValueError(f"{group} must be at least 0, not {getattr(config, group)}")
    if not landmark_columns(config):
        raise ValueError(f"{GROUPS[0]}: nothing is left of a face where {', '.join(GROUPS)} are all left out")


def measured_groups(config: Any, inputs: Mapping[str, Any], name: str, *, by_length: bool) -> Any:
    """Return the groups of a config, standardized and side by side.

    Parameters
    ----------
    inputs : mapping of str to tensor of shape (n, d)
    name : str
        Of the layer that joins several groups.
    by_length : bool
        Whether each number counts as its group's factor says, as it should where weights learn; otherwise its group.
    """
    from fecemo.models.layers import Standardization

    vectors = [Standardization(pooled=group not in UNITLESS, limit=LIMIT if group in UNITLESS else None,
                               length=getattr(config, group) * (inputs[group].shape[-1] ** 0.5 if by_length else 1.0),
                               name=f"standardization_{group}")(inputs[group]) for group in landmark_columns(config)]
    return vectors[0] if len(vectors) == 1 else layers.Concatenate(name=name)(vectors)


def build_landmark_features(config: LandmarkFeaturesConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: the groups, standardized and side by side, as ``"embedding"``."""
    inputs = {group: keras.Input(shape, name=group) for group, shape in shapes.items()}
    embedding = measured_groups(config, inputs, "embedding", by_length=False)
    return keras.Model(inputs, {"embedding": embedding}, name="landmark_features")


LANDMARK_FEATURES = Approach(
    name="landmark_features",
    title="Landmark features",
    config=LandmarkFeaturesConfig,
    inputs=landmark_columns,
    build=build_landmark_features,
    phases=(),
    readouts={"embedding": "clusters"},
)


@dataclass(frozen=True)
class LandmarkClassifierConfig(LandmarkFeaturesConfig):
    """Groups of landmark features as in `LandmarkFeaturesConfig`, and sizes of a classifier that learns in seconds."""

    head: tuple[int, ...] = (128,)  #: SELU layers before the softmax; without one it is a logistic regression.

    def __post_init__(self) -> None:
        refuse_no_group(self)
        if self.head:
            refuse_sizes_below_one(self, "head")


def build_landmark_classifier(config: LandmarkClassifierConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: the groups, standardized and side by side, to ``"probabilities"``."""
    from fecemo.models.layers import class_head

    inputs = {group: keras.Input(shape, name=group) for group, shape in shapes.items()}
    measured = measured_groups(config, inputs, "measured", by_length=True)
    head = class_head(measured.shape[1:], config.head, n_classes)
    return keras.Model(inputs, {"probabilities": head(measured)}, name="landmark_classifier")


LANDMARK_CLASSIFIER = Approach(
    name="landmark_classifier",
    title="Classifier of landmark features",
    config=LandmarkClassifierConfig,
    inputs=landmark_columns,
    build=build_landmark_classifier,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("head",),
)


@dataclass(frozen=True)
class LandmarkEncoderConfig(SmallResidualConfig):
    """Sizes of `SmallResidualConfig`, with a dense layer that gives the landmark features."""

    landmark_features: int = 69  #: How many numbers are learnt: distances and blendshapes.

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "landmark_features")


def build_landmark_encoder(config: LandmarkEncoderConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"landmark_features"``, which are its embedding too."""
    from fecemo.models.layers import chain
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    head = chain("landmark_head", features.shape[1:], [layers.Dense(config.landmark_features, name="dense")])
    return keras.Model({"image": image}, {"landmark_features": head(features)}, name="landmark_encoder")


LANDMARK_ENCODER = Approach(
    name="landmark_encoder",
    title="Landmark encoder",
    config=LandmarkEncoderConfig,
    inputs={"image": IMAGE},
    build=build_landmark_encoder,
    phases=(Phase("measure", data="source", targets={"landmark_features": MEASURED}),),
    readouts={"landmark_features": "clusters"},
    submodels=("encoder", "landmark_head"),
)


@dataclass(frozen=True)
class LandmarkResidualConfig(SmallResidualConfig):
    """Sizes of `SmallResidualConfig`, with those of the landmark stream.

    The counterpart of `small_poster`'s ``feature_poster`` for little time, without attention: either stream is averaged
    over the face before they meet, so that a flip of the pixels leaves the features as they were measured.
    """

    landmark_widths: tuple[int, ...] = (128,)  #: SELU layers between the landmark features and the classes.
    #: `distances`, `blendshapes`, `gradients`: Factor of each group of landmark features; see `LandmarkFeaturesConfig`.
    #: 0 leaves the group out.
    distances: float = 1.0
    blendshapes: float = 1.0
    gradients: float = 1.0
    #: Shares, in [0, 1), of the landmark features as they enter and of all features before the classes that are left
    #: out of a face while learning: what was measured is learnt by heart sooner than pixels, which are altered.
    dropout: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "landmark_widths")
        refuse_no_group(self)
        if not all(0 <= share < 1 for share in self.dropout):
            raise ValueError(f"dropout must be shares from 0 to below 1, not {self.dropout}")


def build_landmark_resnet(config: LandmarkResidualConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` and groups of landmark features to ``"probabilities"`` and ``"features"``."""
    from fecemo.models.layers import chain, class_head
    from fecemo.models.residual import small_encoder

    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    measured = measured_groups(config, inputs, "measured", by_length=True)
    landmarks = chain("landmarks", measured.shape[1:], [
        *([layers.Dropout(config.dropout[0], name="dropout")] if config.dropout[0] else []),
        *(layers.Dense(width, activation="selu", name=f"dense_{number}")
          for number, width in enumerate(config.landmark_widths, 1))])(measured)
    pixels = small_encoder(config, shapes["image"])(inputs["image"])
    features = layers.Concatenate(name="streams")([pixels, landmarks])
    kept = layers.Dropout(config.dropout[1], name="dropout")(features) if config.dropout[1] else features
    head = class_head(features.shape[1:], (), n_classes)
    return keras.Model(inputs, {"probabilities": head(kept), "features": features}, name="landmark_resnet")


def inputs_of(config: LandmarkResidualConfig) -> dict[str, str]:
    """Return the inputs: the faces, and the groups of landmark features of a config."""
    return {"image": IMAGE, **landmark_columns(config)}


LANDMARK_RESNET = Approach(
    name="landmark_resnet",
    title="Small residual network and landmark features",
    config=LandmarkResidualConfig,
    inputs=inputs_of,
    build=build_landmark_resnet,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "features": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "landmarks", "head"),
)

APPROACH = (LANDMARK_FEATURES, LANDMARK_CLASSIFIER, LANDMARK_ENCODER, LANDMARK_RESNET)
