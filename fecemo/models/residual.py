"""Residual networks: ResNet-50 with and without squeeze and excitation, and a small one for small faces.

The large ones are those of "weighted-cluster loss" (section 3.2, table 2). Bottlenecks are those of He et al. 2016,
figure 5: the first 1×1 convolution of a stage has the stride, as in the models that were published with VGGFace2's
weights and in Keras's; PyTorch's own have it in the 3×3 convolution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fecemo.lazy_keras import keras, layers
from fecemo.models.approach import ModelConfig, Shape, refuse_sizes_below_one

EXPANSION = 4
"""A bottleneck gives so many times the filters of its 3×3 convolution."""
MOMENTUM = 0.9
"""Of the moving mean and variance; the frameworks that trained the published models call it 0.1."""
EPSILON = 1e-5


@dataclass(frozen=True)
class ResidualConfig(ModelConfig):
    """Sizes of a residual network; the defaults are those of ResNet-50."""

    side: int = 224  #: Side in pixels to which faces are resized, bilinearly, as they enter.
    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)  #: Bottlenecks of stages 2 to 5.
    #: Of the first convolution, and of the 3×3 convolutions in stage 2; each further stage doubles them.
    filters: int = 64
    #: Width of the added dense layer, whose output is the deep feature. The text names no activation: it is linear.
    features: int = 512
    #: `mean`, `deviation`: Of red, green and blue in [0, 255], by which pixels are normalized: (pixel − mean) /
    #: deviation. Those of ImageNet, unless weights come from a network that was fed otherwise. Gray faces take their
    #: averages.
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    deviation: tuple[float, float, float] = (58.395, 57.12, 57.375)
    #: Where the max-pooling at the head of stage 2 pads by a pixel: around, or at bottom and right alone, as in models
    #: that come from Caffe.
    pool_padding: Literal["both", "end"] = "both"
    #: The convolution in the first block of stages 3 to 5 that halves the side. Weights have the same shapes either
    #: way, and other outputs.
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


def build_residual(config: ResidualConfig, shapes: Mapping[str, Shape], n_classes: int) -> Any:
    """Return a residual classifier of ``"image"``: outputs ``"probabilities"`` and ``"features"``.

    Its submodels are ``"entry"``, ``"stage_1"`` to ``"stage_5"``, ``"features"`` and ``"head"``.
    """
    from fecemo.models.layers import chain, submodel, through

    image = keras.Input(shapes["image"], name="image")
    tensor = chain("entry", shapes["image"], entry_layers(config, shapes["image"]))(image)
    tensor = chain("stage_1", tensor.shape[1:], [
        layers.ZeroPadding2D(3, name="pad"), *convolution("", config.filters, 7, stride=2),
        layers.Activation("relu", name="relu")])(tensor)
    for number, blocks in enumerate(config.blocks):
        def stage(entering: Any, number: int = number, blocks: int = blocks) -> Any:
            if number == 0:
                entering = through(_pool_layers(config.pool_padding), entering)
            for block in range(1, blocks + 1):
                entering = _bottleneck(config, f"block_{block}", entering, config.filters * 2**number,
                                       widens=block == 1, stride=2 if number and block == 1 else 1)
            return entering

        tensor = submodel(f"stage_{number + 2}", tensor.shape[1:], stage)(tensor)
    features = chain("features", tensor.shape[1:], [layers.GlobalAveragePooling2D(name="average"),
                                                    layers.Dense(config.features, name="features")])(tensor)
    head = chain("head", features.shape[1:], [layers.Dense(n_classes, activation="softmax", name="classes")])
    return keras.Model({"image": image}, {"probabilities": head(features), "features": features}, name="residual")


def entry_layers(config: ResidualConfig, shape: Shape, interpolation: str = "bilinear") -> list[Any]:
    """Return resizing, where faces have another side, and normalization."""
    mean, deviation = list(config.mean), list(config.deviation)
    if shape[-1] == 1:
        mean, deviation = [sum(mean) / 3], [sum(deviation) / 3]
    resizing = [] if shape[0] == config.side else [
        layers.Resizing(config.side, config.side, interpolation, name="resizing")]
    # The one layer that takes numbers a channel, keeps no weights, and stays in single precision.
    return [*resizing, layers.Rescaling([1 / scale for scale in deviation],
                                        [-middle / scale for middle, scale in zip(mean, deviation, strict=True)],
                                        name="rescaling")]


def _pool_layers(padding: str) -> list[Any]:
    """Return the max-pooling at the head of stage 2; zeros are the least there is after a ReLU."""
    before = {"both": 1, "end": 0}[padding]
    return [layers.ZeroPadding2D(((before, 1), (before, 1)), name="pool_pad"), layers.MaxPooling2D(3, 2, name="pool")]


def _bottleneck(config: ResidualConfig, name: str, entering: Any, filters: int, *, stride: int, widens: bool) -> Any:
    """Return what a block makes of a tensor: convolutions 1×1, 3×3, 1×1, added to what entered.

    Parameters
    ----------
    entering : tensor
    filters : int
        Of the first two convolutions; the third has four times as many.
    stride : int
        Of one of the convolutions and of the shortcut.
    widens : bool
        Whether other channels enter than leave, so that the shortcut has a convolution of its own.
    """
    from fecemo.models.layers import through

    wide = EXPANSION * filters
    strides = {"1x1": (stride, 1), "3x3": (1, stride)}[config.halved_by]
    # Padded by a layer: with a stride, "same" would pad an even side at its end alone.
    middle = convolution(f"{name}_2_", filters, 3, padding="same") if strides[1] == 1 else [
        layers.ZeroPadding2D(1, name=f"{name}_2_pad"), *convolution(f"{name}_2_", filters, 3, stride=strides[1])]
    tensor = through([
        *convolution(f"{name}_1_", filters, 1, stride=strides[0]), layers.Activation("relu", name=f"{name}_1_relu"),
        *middle, layers.Activation("relu", name=f"{name}_2_relu"),
        *convolution(f"{name}_3_", wide, 1),
    ], entering)
    if config.squeeze_ratio is not None:
        tensor = squeeze_and_excitation(name, tensor, config.squeeze_ratio)
    shortcut = through(convolution(f"{name}_shortcut_", wide, 1, stride=stride), entering) if widens else entering
    return layers.Activation("relu", name=f"{name}_relu")(layers.Add(name=f"{name}_add")([tensor, shortcut]))


def squeeze_and_excitation(name: str, tensor: Any, ratio: int) -> Any:
    """Return a tensor whose channels are scaled, each by a number in (0, 1) that follows from the means of all.

    s = σ(W₂ ReLU(W₁ z + b₁) + b₂), z the channels' means and W₁ narrowing them by ``ratio`` (Hu et al. 2018,
    equations 2 to 4).
    """
    from fecemo.models.layers import through

    channels = tensor.shape[-1]
    gate = through([
        layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze"),
        layers.Dense(max(1, channels // ratio), activation="relu", kernel_initializer="he_normal",
                     name=f"{name}_excite_1"),
        layers.Dense(channels, activation="sigmoid", name=f"{name}_excite_2"),
    ], tensor)
    return layers.Multiply(name=f"{name}_scale")([tensor, gate])


def convolution(prefix: str, filters: int, kernel: int, stride: int = 1, padding: str = "valid") -> list[Any]:
    """Return a convolution without bias and the normalization of batches that follows it."""
    return [layers.Conv2D(filters, kernel, strides=stride, padding=padding, use_bias=False,
                          kernel_initializer="he_normal", name=f"{prefix}conv"),
            layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{prefix}norm")]


SMALL_STEM_KERNEL = 5
SMALL_KERNEL = 3


@dataclass(frozen=True)
class SmallResidualConfig(ModelConfig):
    """Sizes of the small encoder, of about 27 million multiplications for a face of 48 pixels a side."""

    #: Of the blocks of each stage. The stem before the first stage and the first block of every later one halve the
    #: side; the features are the last stage's channels, averaged over the image.
    filters: tuple[int, ...] = (32, 64, 128)
    depth: int = 1  #: Blocks of each stage.

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "filters", "depth")

    def check_image(self, shape: Shape) -> None:
        """Raise `ValueError` if nothing is left to halve; see `ModelConfig.check_image`."""
        if shape[0] < 2 ** len(self.filters):
            raise ValueError(f"filters: {list(self.filters)} halve the image {len(self.filters)} times, and it has "
                             f"only {shape[0]} pixels a side")


def small_encoder(config: SmallResidualConfig, shape: Shape, name: str = "encoder", *, averaged: bool = True) -> Any:
    """Return a submodel from pixels to features: rescaling, stem, stages, average over the image.

    Parameters
    ----------
    shape : tuple of int
        Of the image.
    name : str
        Of the submodel.
    averaged : bool
        Whether features are averaged over the image; else they are a map of shape (h, w, channels).
    """
    from fecemo.models.layers import rescaling_layer, submodel, through

    def encode(tensor: Any) -> Any:
        tensor = through([
            rescaling_layer(),
            *convolution("stem_", config.filters[0], SMALL_STEM_KERNEL, stride=2, padding="same"),
            layers.Activation("relu", name="stem_relu"),
        ], tensor)
        for stage, filters in enumerate(config.filters, 1):
            for block in range(1, config.depth + 1):
                tensor = _plain_block(f"stage_{stage}_block_{block}_", tensor, filters,
                                      stride=2 if stage > 1 and block == 1 else 1)
        return layers.GlobalAveragePooling2D(name="average")(tensor) if averaged else tensor

    return submodel(name, shape, encode)


def _plain_block(prefix: str, entering: Any, filters: int, *, stride: int) -> Any:
    """Return two 3×3 convolutions of a tensor, added to it (He et al. 2016, figure 5, left).

    Where it has another shape than they give, it goes through a 1×1 convolution.
    """
    from fecemo.models.layers import through

    tensor = through([
        *convolution(f"{prefix}1_", filters, SMALL_KERNEL, stride=stride, padding="same"),
        layers.Activation("relu", name=f"{prefix}1_relu"),
        *convolution(f"{prefix}2_", filters, SMALL_KERNEL, padding="same")], entering)
    changes = stride > 1 or entering.shape[-1] != filters
    shortcut = through(convolution(f"{prefix}shortcut_", filters, 1, stride=stride), entering) if changes else entering
    return layers.Activation("relu", name=f"{prefix}relu")(layers.Add(name=f"{prefix}add")([tensor, shortcut]))
