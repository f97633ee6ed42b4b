"""The small residual network with landmark features beside its own: what a landmark model knows, without attention.

The counterpart of `small_poster`'s ``feature_poster`` for little time: either stream is averaged over the face before
they meet, so that a flip of the pixels leaves the features as they were measured without contradiction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import IMAGE, Approach, Phase, Shape, refuse_sizes_below_one
from fecemo.models.approaches.landmark_features import LIMIT, UNITLESS, landmark_columns, refuse_no_group
from fecemo.models.residual import SmallResidualConfig


@dataclass(frozen=True)
class LandmarkResidualConfig(SmallResidualConfig):
    """Sizes of `SmallResidualConfig`, with those of the landmark stream."""

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


def build(config: LandmarkResidualConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` and groups of landmark features to ``"probabilities"`` and ``"features"``."""
    import keras
    from keras import layers

    from fecemo.models.layers import Standardization, chain, class_head
    from fecemo.models.residual import small_encoder

    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    standardized = [
        Standardization(pooled=group not in UNITLESS, limit=LIMIT if group in UNITLESS else None,
                        length=getattr(config, group) * shapes[group][-1] ** 0.5,
                        name=f"standardization_{group}")(inputs[group]) for group in landmark_columns(config)]
    measured = standardized[0] if len(standardized) == 1 else layers.Concatenate(name="measured")(standardized)
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


APPROACH = Approach(
    name="landmark_resnet",
    title="Small residual network and landmark features",
    config=LandmarkResidualConfig,
    inputs=inputs_of,
    build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "features": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("encoder", "landmarks", "head"),
)
