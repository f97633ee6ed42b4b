"""An encoder that tells a face's altered views from all other faces (SimCLR; Chen et al. 2020, section 2.1)."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, Phase
from fecemo.models.compact_networks import CompactConfig
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one

NETWORKS = {"projector": ("features", "projection"), "encoder": ("features",)}


@dataclass(frozen=True)
class ContrastiveConfig(CompactConfig):
    """Sizes of `CompactConfig`, with the projection that is thrown away after training.

    Parameters
    ----------
    projection : int
        Width of both its dense layers. What it gives is compared, and the features before it are the embedding
        (section 4.2): they keep what the views do not share.
    """

    projection: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "projection")


def _stacks(config: ContrastiveConfig, input_shape: Shape, n_classes: int) -> Stacks:
    from keras import layers

    from fecemo.models.compact_networks import compact_layers

    return {
        "features": lambda _: compact_layers(config),
        "projection": lambda _: [
            layers.Dense(config.projection, activation="relu", kernel_initializer="he_normal", name="dense"),
            layers.Dense(config.projection, name="projection")],
    }


APPROACH = Approach(
    name="contrastive",
    title="Contrastive encoder",
    predicts_by="clusters",
    phases=(Phase("contrast", {"embedding": "projector"}, faces="source"),),
    output="encoder",
    config=ContrastiveConfig,
    networks=NETWORKS,
    stacks=_stacks,
)
