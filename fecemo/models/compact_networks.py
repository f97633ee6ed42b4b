"""Layers of a small residual encoder for small faces: about 27 million multiplications for one of 48 pixels a side.

Blocks are the plain ones of He et al. 2016, figure 5 (left): two 3×3 convolutions, each with a normalization of
batches, added to what entered.
"""

from dataclasses import dataclass
from typing import Any

from fecemo.models.approach import ModelConfig
from fecemo.models.plan import Branches, Shape
from fecemo.models.sizes import refuse_sizes_below_one

STEM_KERNEL = 5
KERNEL = 3


@dataclass(frozen=True)
class CompactConfig(ModelConfig):
    """Sizes of the encoder.

    Parameters
    ----------
    filters : tuple of int
        Of the blocks of each stage. The stem before the first stage and the first block of every later one halve the
        side; the features are the last stage's channels, averaged over the image.
    depth : int
        Blocks of each stage.
    """

    filters: tuple[int, ...] = (32, 64, 128)
    depth: int = 1

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "filters", "depth")

    def check_input(self, input_shape: Shape) -> None:
        """Raise `ValueError` if nothing is left to halve; see `ModelConfig.check_input`."""
        if input_shape[0] < 2 ** len(self.filters):
            raise ValueError(f"filters: {list(self.filters)} halve the image {len(self.filters)} times, and it has "
                             f"only {input_shape[0]} pixels a side")


def compact_layers(config: CompactConfig) -> list[Any]:
    """Return the parts from pixels to features: rescaling, stem, stages, average over the image."""
    from keras import layers

    from fecemo.models.pixels import rescaling_layer
    from fecemo.models.residual_networks import convolution

    parts: list[Any] = [
        rescaling_layer(),
        *convolution("stem_", config.filters[0], STEM_KERNEL, stride=2, padding="same"),
        layers.Activation("relu", name="stem_relu"),
    ]
    entering = config.filters[0]
    for stage, filters in enumerate(config.filters, 1):
        for block in range(1, config.depth + 1):
            parts += _block(f"stage_{stage}_block_{block}_", filters, stride=2 if stage > 1 and block == 1 else 1,
                            widens=entering != filters)
            entering = filters
    return [*parts, layers.GlobalAveragePooling2D(name="average")]


def _block(prefix: str, filters: int, *, stride: int, widens: bool) -> list[Any]:
    """Return two 3×3 convolutions, added to what entered; where that has another shape, it goes through a 1×1 one."""
    from keras import layers

    from fecemo.models.residual_networks import convolution

    way = [*convolution(f"{prefix}1_", filters, KERNEL, stride=stride, padding="same"),
           layers.Activation("relu", name=f"{prefix}1_relu"),
           *convolution(f"{prefix}2_", filters, KERNEL, padding="same")]
    shortcut = convolution(f"{prefix}shortcut_", filters, 1, stride=stride) if widens or stride > 1 else []
    return [Branches((way, shortcut), layers.Add(name=f"{prefix}add")),
            layers.Activation("relu", name=f"{prefix}relu")]
