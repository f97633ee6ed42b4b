"""ResNet-50 with a deep feature before its softmax ("weighted-cluster loss", section 4.4, table 6)."""

from fecemo.models.approach import Approach, Phase
from fecemo.models.residual_networks import NETWORKS, ResidualConfig, residual_stacks

APPROACH = Approach(
    name="resnet",
    title="ResNet-50",
    predicts_by="classifier",
    phases=(Phase("classify", {"probabilities": "classifier", "features": "features"}, faces="target"),),
    output="classifier",
    config=ResidualConfig,
    networks=NETWORKS,
    stacks=residual_stacks,
)
