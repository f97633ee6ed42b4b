"""What others call the layers of a residual network, and in which order they keep the axes of a kernel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fecemo.registry import Registry


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
TORCH_VARIABLES = {"layer/kernel": ".weight", "layer/bias": ".bias", "norm/gamma": ".weight", "norm/beta": ".bias",
                   "norm/moving_mean": ".running_mean", "norm/moving_variance": ".running_var"}


def torch_kernel(kernel: np.ndarray) -> np.ndarray:
    """Return a kernel of axes (out, in, height, width), or (out, in), in Keras's order."""
    return kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T
