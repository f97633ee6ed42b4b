"""Gradients of a face and of its mirror image: no network learns, and no landmark is known but where eyes may be."""

from dataclasses import dataclass

from fecemo.models.approach import Approach, ModelConfig
from fecemo.models.plan import Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one


@dataclass(frozen=True)
class GradientsConfig(ModelConfig):
    """How finely a face is described, and how much of its picture; see `fecemo.imaging.oriented_gradients`.

    Parameters
    ----------
    cells : int
        Along each side of what is described; at least 2.
    directions : int
        Into which half a circle is divided.
    share : float
        Of the picture's side that is described, around its middle. In aligned pictures a face fills four fifths.
    """

    cells: int = 8
    directions: int = 9
    share: float = 0.8

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "directions")
        if self.cells < 2:
            raise ValueError(f"cells must be at least 2, not {self.cells}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {self.share}")


def _stacks(config: GradientsConfig, input_shape: Shape, n_classes: int) -> Stacks:
    return {}


APPROACH = Approach(
    name="gradients",
    title="Gradients of both halves",
    predicts_by="clusters",
    phases=(),
    output="",
    config=GradientsConfig,
    networks={},
    stacks=_stacks,
)
