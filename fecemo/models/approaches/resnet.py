"""ResNet-50 with a deep feature before its softmax ("weighted-cluster loss", section 4.4, table 6)."""

from fecemo.models.approach import IMAGE, Approach, Phase
from fecemo.models.residual import ResidualConfig, build_residual

APPROACH = Approach(
    name="resnet",
    title="ResNet-50",
    config=ResidualConfig,
    inputs={"image": IMAGE},
    build=build_residual,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "features": "label"}),),
    readouts={"probabilities": "argmax"},
    submodels=("entry", "stage_1", "stage_2", "stage_3", "stage_4", "stage_5", "features", "head"),
)
