"""What others call the layers of a residual network, and in which order they keep the axes of a kernel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fecemo.registry import Registry

TORCH_VARIABLES = {"layer/kernel": ".weight", "layer/bias": ".bias", "norm/gamma": ".weight", "norm/beta": ".bias",
                   "norm/moving_mean": ".running_mean", "norm/moving_variance": ".running_var"}
CAFFE_PARTS = {"1": "1x1_reduce", "2": "3x3", "3": "1x1_increase", "shortcut": "1x1_proj", "excite_1": "1x1_down",
               "excite_2": "1x1_up"}
KINDS = {"conv": "conv", "norm": "bn", "dense": "dense"}


@dataclass(frozen=True)
class Place:
    """A layer with weights, by its place in a residual network."""

    stage: int  #: 1 to 5.
    block: int  #: From 1; 0 in stage 1.
    #: ``"1"``, ``"2"`` and ``"3"`` for the convolutions of a block, ``"shortcut"`` for the one beside them,
    #: ``"excite_1"`` and ``"excite_2"``; ``""`` in stage 1.
    part: str
    kind: str  #: One of "conv", "norm", "dense".


@dataclass(frozen=True)
class Naming:
    """One way of naming."""

    name: str
    layer: Callable[[Place], str]  #: ``layer(place) -> str``: the name of a `Place`.
    variables: Mapping[str, str]  #: By our name of a variable, ``"norm/gamma"``, what follows the layer's name.
    #: ``kernel(array) -> array``: of axes (height, width, in, out), or (in, out).
    kernel: Callable[[np.ndarray], np.ndarray]
    epsilon: float  #: What is added to the variance of batches.

    def source(self, place: Place, variable: str) -> str:
        """Return what a variable of a layer is called."""
        return self.layer(place) + self.variables[f"{'norm' if place.kind == 'norm' else 'layer'}/{variable}"]


namings = Registry[Naming]("fecemo.models.namings", "NAMING", "naming")


def torch_kernel(kernel: np.ndarray) -> np.ndarray:
    """Return a kernel of axes (out, in, height, width), or (out, in), in Keras's order."""
    return kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T


def _caffe_layer(place: Place) -> str:
    layer = "conv1_7x7_s2" if place.stage == 1 else f"conv{place.stage}_{place.block}_{CAFFE_PARTS[place.part]}"
    return f"{layer}_bn" if place.kind == "norm" else layer


CAFFE = Naming("caffe", _caffe_layer, TORCH_VARIABLES, torch_kernel, epsilon=1e-5)


def _keras_layer(place: Place) -> str:
    if place.stage == 1:
        return f"conv1_{KINDS[place.kind]}"
    part = "0" if place.part == "shortcut" else place.part
    return f"conv{place.stage}_block{place.block}_{part}_{KINDS[place.kind]}"


KERAS = Naming("keras", _keras_layer, {
    f"{kind}/{variable}": f"/{variable}" for kind, variables in {
        "layer": ("kernel", "bias"), "norm": ("gamma", "beta", "moving_mean", "moving_variance")}.items()
    for variable in variables}, kernel=lambda kernel: kernel, epsilon=1.001e-5)


TORCH_PARTS = {("shortcut", "conv"): "downsample.0", ("shortcut", "norm"): "downsample.1",
               ("excite_1", "dense"): "conv4", ("excite_2", "dense"): "conv5",
               **{(str(number), kind): f"{short}{number}" for number in (1, 2, 3)
                  for kind, short in (("conv", "conv"), ("norm", "bn"))}}


def _torch_layer(place: Place) -> str:
    if place.stage == 1:
        return {"conv": "conv1", "norm": "bn1"}[place.kind]
    return f"layer{place.stage - 1}.{place.block - 1}.{TORCH_PARTS[place.part, place.kind]}"


TORCH = Naming("torch", _torch_layer, TORCH_VARIABLES, torch_kernel, epsilon=1e-5)

NAMING = (CAFFE, KERAS, TORCH)
