"""The encoder of rated similarity, tuned by labels: what measurements and ratings are worth where labels are few."""

from fecemo.models.approach import Approach, Phase
from fecemo.models.approaches.triplet_pixels import NETWORKS, TripletPixelsConfig, triplet_stacks
from fecemo.models.plan import Shape, Stacks


def _stacks(config: TripletPixelsConfig, input_shape: Shape, n_classes: int) -> Stacks:
    from keras import layers

    return {**triplet_stacks(config, input_shape, n_classes),
            "emotions": lambda _: [layers.Dense(n_classes, activation="softmax", name="emotions")]}


APPROACH = Approach(
    name="triplet_classifier",
    title="Encoder of rated similarity, tuned",
    predicts_by="classifier",
    phases=(Phase("measure", {"vector": "measuring"}, faces="source_measured"),
            Phase("rate", {"embedding": "encoder"}, faces="triplets"),
            Phase("classify", {"probabilities": "classifier"}, faces="target")),
    output="classifier",
    config=TripletPixelsConfig,
    networks={**NETWORKS, "classifier": ("features", "emotions")},
    stacks=_stacks,
)
