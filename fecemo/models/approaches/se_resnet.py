"""SE-ResNet-50 with a deep feature before its softmax ("weighted-cluster loss", section 3.2, table 2)."""

from dataclasses import dataclass, replace

from fecemo.models.approach import refuse_sizes_below_one
from fecemo.models.approaches.resnet import APPROACH as RESNET
from fecemo.models.residual import ResidualConfig


@dataclass(frozen=True)
class SEResNetConfig(ResidualConfig):
    """Sizes of `ResidualConfig`, with squeeze and excitation in every block."""

    squeeze: int = 16  #: By which it narrows the channels.

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_sizes_below_one(self, "squeeze")

    @property
    def squeeze_ratio(self) -> int | None:
        """int: As set."""
        return self.squeeze


APPROACH = replace(RESNET, name="se_resnet", title="SE-ResNet-50", config=SEResNetConfig)
