"""SE-ResNet-50 with a deep feature before its softmax ("weighted-cluster loss", section 3.2, table 2)."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, Phase
from fecemo.models.residual_networks import NETWORKS, ResidualConfig, residual_stacks
from fecemo.models.sizes import refuse_sizes_below_one


@dataclass(frozen=True)
class SEResNetConfig(ResidualConfig):
    """Sizes of `ResidualConfig`, with squeeze and excitation in every block.

    Parameters
    ----------
    squeeze : int
        By which it narrows the channels.
    """

    squeeze: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "squeeze")

    @property
    def squeeze_ratio(self) -> int | None:
        """int: As set."""
        return self.squeeze


APPROACH = Approach(
    name="se_resnet",
    title="SE-ResNet-50",
    predicts_by="classifier",
    phases=(Phase("classify", {"probabilities": "classifier", "features": "features"}, faces="target"),),
    output="classifier",
    config=SEResNetConfig,
    networks=NETWORKS,
    stacks=residual_stacks,
)
