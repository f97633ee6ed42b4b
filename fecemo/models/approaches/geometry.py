"""Distances between landmarks, as they are measured: no network learns, and nothing is known of pixels."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig
from fecemo.models.plan import Shape, Stacks


@dataclass(frozen=True)
class GeometryConfig(ModelConfig):
    """There is nothing to choose: measurements are of whole faces in colour, whatever the variant."""


def _stacks(config: GeometryConfig, input_shape: Shape, n_classes: int) -> Stacks:
    return {}


APPROACH = Approach(
    name="geometry",
    title="Landmark distances and blendshapes",
    predicts_by="clusters",
    phases=(),
    output="",
    config=GeometryConfig,
    networks={},
    stacks=_stacks,
    embeds="measurements",
)
