"""Layers of residual networks, plain or with squeeze and excitation ("weighted-cluster loss", section 3.2, table 2).

Bottlenecks are those of He et al. 2016, figure 5: the first 1×1 convolution of a stage has the stride, as in the models
that were published with VGGFace2's weights and in Keras's; PyTorch's own have it in the 3×3 convolution.
"""

from dataclasses import dataclass
from typing import Any, Literal

from fecemo.models.approach import ModelConfig
from fecemo.models.plan import Branches, Shape, Stacks
from fecemo.models.sizes import refuse_sizes_below_one

EXPANSION = 4
"""A bottleneck gives so many times the filters of its 3×3 convolution."""
MOMENTUM = 0.9
"""Of the moving mean and variance; the frameworks that trained the published models call it 0.1."""
EPSILON = 1e-5
NETWORKS = {
    "features": ("entry", "stage_1", "stage_2", "stage_3", "stage_4", "stage_5", "features"),
    "classifier": ("entry", "stage_1", "stage_2", "stage_3", "stage_4", "stage_5", "features", "emotions"),
}


@dataclass(frozen=True)
class ResidualConfig(ModelConfig):
    """Sizes of a residual network; the defaults are those of ResNet-50.

    Parameters
    ----------
    side : int
        Side in pixels to which faces are resized, bilinearly, as they enter.
    blocks : tuple of int
        Bottlenecks of stages 2 to 5.
    filters : int
        Of the first convolution, and of the 3×3 convolutions in stage 2; each further stage doubles them.
    features : int
        Width of the added dense layer, whose output is the deep feature. The text names no activation: it is linear.
    mean, deviation : tuple of float
        Of red, green and blue in [0, 255], by which pixels are normalized: (pixel − mean) / deviation. Those of
        ImageNet, unless weights come from a network that was fed otherwise. Gray faces take their averages.
    pool_padding : {"both", "end"}
        Where the max-pooling at the head of stage 2 pads by a pixel: around, or at bottom and right alone, as in
        models that come from Caffe.
    halved_by : {"1x1", "3x3"}
        The convolution in the first block of stages 3 to 5 that halves the side. Weights have the same shapes either
        way, and other outputs.
    """

    side: int = 224
    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    filters: int = 64
    features: int = 512
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    deviation: tuple[float, float, float] = (58.395, 57.12, 57.375)
    pool_padding: Literal["both", "end"] = "both"
    halved_by: Literal["1x1", "3x3"] = "1x1"

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "side", "blocks", "filters", "features")
        if min(self.deviation) <= 0:
            raise ValueError(f"deviation must be above 0, not {self.deviation}")
        if self.side < 4:
            raise ValueError(f"side must be at least 4, which two halvings leave something of, not {self.side}")

    @property
    def squeeze_ratio(self) -> int | None:
        """Int or None: By which squeeze and excitation narrows the channels; None for plain blocks."""
        return None


def residual_stacks(config: ResidualConfig, input_shape: Shape, n_classes: int) -> Stacks:
    """Return the stacks of a residual network: entry, five stages, features and emotions."""
    from keras import layers

    return {
        "entry": lambda shape: entry_layers(config, shape),
        "stage_1": lambda _: [layers.ZeroPadding2D(3, name="pad"), *convolution("", config.filters, 7, stride=2),
                              layers.Activation("relu", name="relu")],
        "stage_2": lambda _: [*pool_layers(config.pool_padding), *bottlenecks(config, 0)],
        "stage_3": lambda _: bottlenecks(config, 1),
        "stage_4": lambda _: bottlenecks(config, 2),
        "stage_5": lambda _: bottlenecks(config, 3),
        "features": lambda _: [layers.GlobalAveragePooling2D(name="average"),
                               layers.Dense(config.features, name="features")],
        "emotions": lambda _: [layers.Dense(n_classes, activation="softmax", name="emotions")],
    }


def bottlenecks(config: ResidualConfig, doublings: int) -> list[Any]:
    """Return the blocks of the stage whose filters have been doubled so often; but for the first, it halves the side.

    Raises
    ------
    IndexError
        If there is no such stage.
    """
    return [part for block in range(1, config.blocks[doublings] + 1)
            for part in bottleneck(f"block_{block}", config.filters * 2**doublings, widens=block == 1,
                                   stride=2 if doublings and block == 1 else 1, halved_by=config.halved_by,
                           squeeze_ratio=config.squeeze_ratio)]


def entry_layers(config: ResidualConfig, shape: Shape) -> list[Any]:
    """Return resizing, where faces have another side, and normalization."""
    from keras import layers

    mean, deviation = list(config.mean), list(config.deviation)
    if shape[-1] == 1:
        mean, deviation = [sum(mean) / 3], [sum(deviation) / 3]
    resizing = [layers.Resizing(config.side, config.side, name="resizing")] if shape[0] != config.side else []
    # The one layer that takes numbers a channel, keeps no weights, and stays in single precision.
    return [*resizing, layers.Rescaling([1 / one for one in deviation],
                                        [-middle / one for middle, one in zip(mean, deviation, strict=True)],
                                        name="rescaling")]


def pool_layers(padding: str) -> list[Any]:
    """Return the max-pooling at the head of stage 2; zeros are the least there is after a ReLU."""
    from keras import layers

    before = {"both": 1, "end": 0}[padding]
    return [layers.ZeroPadding2D(((before, 1), (before, 1)), name="pool_pad"), layers.MaxPooling2D(3, 2, name="pool")]


def bottleneck(name: str, filters: int, *, stride: int, halved_by: str, widens: bool,
               squeeze_ratio: int | None) -> list[Any]:
    """Return a residual block: convolutions 1×1, 3×3, 1×1, added to what entered.

    Parameters
    ----------
    name : str
    filters : int
        Of the first two convolutions; the third has four times as many.
    stride : int
        Of one of the convolutions and of the shortcut.
    halved_by : {"1x1", "3x3"}
        Whether that is the first or the second convolution.
    widens : bool
        Whether other channels enter than leave, so that the shortcut has a convolution of its own.
    squeeze_ratio : int or None
        See `squeeze_and_excitation`; None leaves it out.
    """
    from keras import layers

    wide = EXPANSION * filters
    strides = {"1x1": (stride, 1), "3x3": (1, stride)}[halved_by]
    # Padded by a layer: with a stride, "same" would pad an even side at its end alone.
    middle = convolution(f"{name}_2_", filters, 3, padding="same") if strides[1] == 1 else [
        layers.ZeroPadding2D(1, name=f"{name}_2_pad"), *convolution(f"{name}_2_", filters, 3, stride=strides[1])]
    way: list[Any] = [
        *convolution(f"{name}_1_", filters, 1, stride=strides[0]), layers.Activation("relu", name=f"{name}_1_relu"),
        *middle, layers.Activation("relu", name=f"{name}_2_relu"),
        *convolution(f"{name}_3_", wide, 1),
    ]
    if squeeze_ratio is not None:
        way.append(squeeze_and_excitation(name, wide, squeeze_ratio))
    shortcut = convolution(f"{name}_shortcut_", wide, 1, stride=stride) if widens else []
    return [Branches((way, shortcut), layers.Add(name=f"{name}_add")),
            layers.Activation("relu", name=f"{name}_relu")]


def squeeze_and_excitation(name: str, channels: int, ratio: int) -> Branches:
    """Return the part that scales each channel by a number in (0, 1) that follows from the means of all channels.

    s = σ(W₂ ReLU(W₁ z + b₁) + b₂), z the channels' means and W₁ narrowing them by ``ratio`` (Hu et al. 2018,
    equations 2 to 4).
    """
    from keras import layers

    gate = [
        layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze"),
        layers.Dense(max(1, channels // ratio), activation="relu", kernel_initializer="he_normal",
                     name=f"{name}_excite_1"),
        layers.Dense(channels, activation="sigmoid", name=f"{name}_excite_2"),
    ]
    return Branches(((), gate), layers.Multiply(name=f"{name}_scale"))


def convolution(prefix: str, filters: int, kernel: int, stride: int = 1, padding: str = "valid") -> list[Any]:
    """Return a convolution without bias and the normalization of batches that follows it."""
    from keras import layers

    return [layers.Conv2D(filters, kernel, strides=stride, padding=padding, use_bias=False,
                          kernel_initializer="he_normal", name=f"{prefix}conv"),
            layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{prefix}norm")]
