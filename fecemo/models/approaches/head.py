"""The head of the semi-supervised model on another row's embedding, which stays as it is (section 4.3)."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig, Phase
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one
from fecemo.models.vector_networks import SCALING, scaling_stack

NETWORKS = {"classifier": (SCALING, "head")}


@dataclass(frozen=True)
class HeadConfig(ModelConfig):
    """Sizes of the head; the defaults are the published ones.

    Parameters
    ----------
    head : tuple of int
        SELU layers before the softmax; see `SemiSupervisedConfig`.
    """

    head: tuple[int, ...] = (256, 64)

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "head")


def _stacks(config: HeadConfig, input_shape: Shape, n_classes: int) -> Stacks:
    from fecemo.models import conv_networks

    return {**scaling_stack(), "head": lambda _: conv_networks.head_layers(config.head, n_classes)}


APPROACH = Approach(
    name="head",
    title="Few labels on an embedding",
    predicts_by="classifier",
    phases=(Phase("classify", {"probabilities": "classifier"}, faces="target", frozen=(SCALING,)),),
    output="classifier",
    config=HeadConfig,
    networks=NETWORKS,
    stacks=_stacks,
    takes="embedding",
)
