"""A small residual classifier, taught by all labels: what the same faces give beside the published one."""

from fecemo.models.approach import Approach, Phase
from fecemo.models.compact_networks import CompactConfig
from fecemo.models.plan import Shape, Stacks

NETWORKS = {"classifier": ("features", "emotions"), "features": ("features",)}


def _stacks(config: CompactConfig, input_shape: Shape, n_classes: int) -> Stacks:
    from keras import layers

    from fecemo.models.compact_networks import compact_layers

    return {"features": lambda _: compact_layers(config),
            "emotions": lambda _: [layers.Dense(n_classes, activation="softmax", name="emotions")]}


APPROACH = Approach(
    name="small_resnet",
    title="Small residual network",
    predicts_by="classifier",
    phases=(Phase("classify", {"probabilities": "classifier", "features": "features"}, faces="target"),),
    output="classifier",
    config=CompactConfig,
    networks=NETWORKS,
    stacks=_stacks,
)
