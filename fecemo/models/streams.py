"""The two backbones of POSTER, without the heads that it does not use: IR-50 and MobileFaceNet."""

from collections.abc import Sequence
from typing import Any

from keras import layers

from fecemo.models.approach import Shape
from fecemo.models.layers import submodel, through

MOMENTUM, EPSILON = 0.9, 1e-5


def ir_stream(name: str, shape: Shape, filters: Sequence[int], units: Sequence[int]) -> Any:
    """Return the first stages of IR-50 (Deng et al. 2019, "improved residual" blocks) as a submodel.

    Parameters
    ----------
    shape : tuple of int
        Of the normalized image.
    filters, units : sequence of int
        Of each stage: filters, and blocks, the first of which halves the side.
    """
    def see(tensor: Any) -> Any:
        tensor = through(_convolution("stem_", filters[0], 3), tensor)
        for stage, (width, count) in enumerate(zip(filters, units, strict=True), 1):
            for block in range(1, count + 1):
                tensor = _ir_block(f"stage_{stage}_block_{block}_", tensor, width, 2 if block == 1 else 1)
        return tensor

    return submodel(name, shape, see)


def mobile_face_stream(name: str, shape: Shape, filters: Sequence[int], features: int, units: Sequence[int]) -> Any:
    """Return MobileFaceNet (Chen et al. 2018, table 1) up to its last map, a sixteenth of the side, as a submodel.

    Parameters
    ----------
    shape : tuple of int
        Of the normalized image.
    filters : sequence of two int
        Before and after the third halving.
    features : int
        Channels of the map.
    units : sequence of three int
        Blocks of each stage beside the one that halves the side; 4, 6 and 2 as published.
    """
    first, second = filters

    def see(tensor: Any) -> Any:
        tensor = through([*_convolution("stem_1_", first, 3, 2), *_depthwise("stem_2_", first, 1)], tensor)
        stages = zip((first, second, second), (2 * first, 4 * first, 4 * second), units, strict=True)
        for stage, (width, groups, count) in enumerate(stages, 1):
            tensor = through(_bottleneck(f"stage_{stage}_halving_", groups, width, 2), tensor)
            for block in range(1, count + 1):
                prefix = f"stage_{stage}_block_{block}_"
                deep = through(_bottleneck(prefix, 2 * width, width, 1), tensor)
                tensor = layers.Add(name=f"{prefix}add")([tensor, deep])
        return through(_convolution("features_", features, 1), tensor)

    return submodel(name, shape, see)


def _ir_block(prefix: str, entering: Any, filters: int, stride: int) -> Any:
    tensor = through([
        _norm(f"{prefix}norm"),
        layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{prefix}conv_1"), _prelu(f"{prefix}relu"),
        *_padded(f"{prefix}pad", stride), layers.Conv2D(filters, 3, strides=stride, use_bias=False,
                                                        padding="same" if stride == 1 else "valid",
                                                        name=f"{prefix}conv_2"), _norm(f"{prefix}norm_2")], entering)
    if entering.shape[-1] != filters:
        shortcut = through([layers.Conv2D(filters, 1, strides=stride, use_bias=False, name=f"{prefix}shortcut"),
                            _norm(f"{prefix}shortcut_norm")], entering)
    else:
        shortcut = entering if stride == 1 else layers.MaxPooling2D(1, stride, name=f"{prefix}shortcut")(entering)
    return layers.Add(name=f"{prefix}add")([tensor, shortcut])


def _bottleneck(prefix: str, groups: int, filters: int, stride: int) -> list[Any]:
    return [*_convolution(f"{prefix}1_", groups, 1), *_depthwise(f"{prefix}2_", groups, stride),
            layers.Conv2D(filters, 1, use_bias=False, name=f"{prefix}3_conv"), _norm(f"{prefix}3_norm")]


def _convolution(prefix: str, filters: int, kernel: int, stride: int = 1) -> list[Any]:
    return [*(_padded(f"{prefix}pad", stride)), layers.Conv2D(
        filters, kernel, strides=stride, padding="same" if stride == 1 else "valid", use_bias=False,
        name=f"{prefix}conv"), _norm(f"{prefix}norm"), _prelu(f"{prefix}relu")]


def _depthwise(prefix: str, groups: int, stride: int) -> list[Any]:
    return [*(_padded(f"{prefix}pad", stride)), layers.DepthwiseConv2D(
        3, strides=stride, padding="same" if stride == 1 else "valid", use_bias=False, name=f"{prefix}conv"),
        _norm(f"{prefix}norm"), _prelu(f"{prefix}relu")]


def _padded(name: str, stride: int) -> list[Any]:
    """Return the padding of a 3×3 convolution with a stride: "same" would pad an even side at its end alone."""
    return [layers.ZeroPadding2D(1, name=name)] if stride > 1 else []


def _norm(name: str) -> Any:
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=name)


def _prelu(name: str) -> Any:
    from keras.initializers import Constant

    return layers.PReLU(Constant(0.25), shared_axes=[1, 2], name=name)
