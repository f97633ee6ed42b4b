"""Emotions through a bottleneck of few numbers (CAKE; Kervadec et al. 2018), which may be valence and arousal.

    e = W₁ f(x) + b₁ ∈ R^k,    p̂ = softmax(W₂ e + b₂)

Data sets whose labels mean different things have a softmax each over one bottleneck: ``probabilities``,
``probabilities_2`` and ``probabilities_3``, each trained on a target such as ``drawn.label``. With valence and arousal
as a target of ``affect``, the first two numbers, it is AV-k. Softmax, activation and losses are our reading: the
paper's text was not available.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import IMAGE, Approach, Phase, Shape
from fecemo.models.residual import SmallResidualConfig

AFFECT = 2
"""Numbers of the bottleneck that may be trained to be valence and arousal."""


@dataclass(frozen=True)
class CakeConfig(SmallResidualConfig):
    """Sizes of `SmallResidualConfig`, with the bottleneck."""

    embedding: int = 3  #: k, at least 2.
    #: `classes_2`, `classes_3`: Classes of the second and the third data set; by default as many as of the first.
    classes_2: int | None = None
    classes_3: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.embedding < AFFECT:
            raise ValueError(f"embedding must be at least {AFFECT}, not {self.embedding}")
        for name in ("classes_2", "classes_3"):
            if (value := getattr(self, name)) is not None and value < 2:
                raise ValueError(f"{name} must be at least 2, not {value}")


def build(config: CakeConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return the model: ``"image"`` to ``"embedding"``, ``"affect"`` and a softmax of each data set."""
    from fecemo.models.layers import chain
    from fecemo.models.residual import small_encoder

    image = keras.Input(shapes["image"], name="image")
    features = small_encoder(config, shapes["image"])(image)
    embedding = chain("bottleneck", features.shape[1:], [layers.Dense(config.embedding, name="embedding")])(features)
    outputs = {"embedding": embedding, "affect": layers.Identity(name="affect")(embedding[:, :AFFECT])}
    for number, classes in enumerate((n_classes, config.classes_2 or n_classes, config.classes_3 or n_classes), 1):
        ending = "" if number == 1 else f"_{number}"
        head = chain(f"head{ending}", (config.embedding,), [layers.Dense(classes, activation="softmax",
                                                                         name="classes")])
        outputs[f"probabilities{ending}"] = head(embedding)
    return keras.Model({"image": image}, outputs, name="cake")


APPROACH = Approach(
    name="cake",
    title="Few numbers",
    config=CakeConfig,
    inputs={"image": IMAGE},
    build=build,
    phases=(Phase("classify", data="target.train", targets={
        "probabilities": "label", "probabilities_2": "label", "probabilities_3": "label", "embedding": "label",
        "affect": ("valence", "arousal")}),),
    readouts={"probabilities": "argmax", "affect": "regression"},
    submodels=("encoder", "bottleneck", "head", "head_2", "head_3"),
)
