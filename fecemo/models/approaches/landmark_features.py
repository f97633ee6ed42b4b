"""What is measured on a face, as it is measured: no network learns, and nothing is known of pixels."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig
from fecemo.models.measured_groups import refuse_no_group
from fecemo.models.plan import Shape, Stacks


@dataclass(frozen=True)
class LandmarkFeaturesConfig(ModelConfig):
    """Which measurements there are, and how much each kind counts; they are of whole faces in colour always.

    Parameters
    ----------
    distances, blendshapes, gradients : float
        Factor of each kind, whose squares add up to 1 for a face, in the mean, before it; 0 leaves the kind out.
    """

    distances: float = 1.0
    blendshapes: float = 1.0
    gradients: float = 0.0

    def __post_init__(self) -> None:
        refuse_no_group(self)


def _stacks(config: LandmarkFeaturesConfig, input_shape: Shape, n_classes: int) -> Stacks:
    return {}


APPROACH = Approach(
    name="landmark_features",
    title="Landmark distances and blendshapes",
    predicts_by="clusters",
    phases=(),
    output="",
    config=LandmarkFeaturesConfig,
    networks={},
    stacks=_stacks,
    takes="measurements",
)
