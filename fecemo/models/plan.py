"""An architecture on paper: layers, output shapes and parameter counts, worked out without allocating a weight.

The dense autoencoder at 200 pixels has 485 million parameters; what it will cost is known here before it is built.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]
"""Shape of one face's tensor, without the batch."""

Stacks = Mapping[str, Callable[[Shape], Sequence[Any]]]
"""Stacks of an approach by name: each gives its unbuilt Keras layers for the shape that enters it."""

Networks = Mapping[str, tuple[str, ...]]
"""Networks of an approach by name: the stacks that each runs one after the other. A stack named twice is shared."""


@dataclass(frozen=True)
class LayerPlan:
    """One layer on paper.

    Parameters
    ----------
    stack, name : str
    kind : str
        Keras class, such as ``"Conv2D"``.
    output_shape : tuple of int
        Without the batch.
    parameters : int
        Weights and biases.
    activation : str
        ``""`` for a layer without one.
    """

    stack: str
    name: str
    kind: str
    output_shape: Shape
    parameters: int
    activation: str


@dataclass(frozen=True)
class NetworkPlan:
    """One network on paper.

    Parameters
    ----------
    name : str
    input_shape : tuple of int
        Height, width and channels.
    layers : tuple of LayerPlan
    """

    name: str
    input_shape: Shape
    layers: tuple[LayerPlan, ...]

    @property
    def output_shape(self) -> Shape:
        """Tuple of int: Shape of what the network gives for one face."""
        return self.layers[-1].output_shape

    def parameters(self, without: Sequence[str] = ()) -> int:
        """Return the number of weights and biases, leaving out the stacks named in ``without``."""
        return sum(layer.parameters for layer in self.layers if layer.stack not in without)

    def activations(self, without: Sequence[str] = ()) -> int:
        """Return how many numbers the layers give for one face, leaving out the stacks named in ``without``."""
        return sum(math.prod(layer.output_shape) for layer in self.layers if layer.stack not in without)


def plan_networks(networks: Networks, stacks: Stacks, input_shape: Shape) -> dict[str, NetworkPlan]:
    """Return every network on paper.

    Parameters
    ----------
    networks, stacks
        See `Networks` and `Stacks`.
    input_shape : tuple of int
        Height, width and channels.
    """
    return {name: NetworkPlan(name, input_shape, tuple(_chain(names, stacks, input_shape)))
            for name, names in networks.items()}


def _chain(names: Sequence[str], stacks: Stacks, shape: Shape) -> list[LayerPlan]:
    plans: list[LayerPlan] = []
    for stack in names:
        for layer in stacks[stack](shape):
            parameters = _parameters(layer, shape)
            shape = tuple(layer.compute_output_shape((None, *shape))[1:])
            activation = getattr(layer, "activation", None)
            plans.append(LayerPlan(stack, layer.name, type(layer).__name__, shape, parameters,
                                   "" if activation is None else activation.__name__))
    return plans


def _parameters(layer: Any, shape: Shape) -> int:
    """Count the weights of an unbuilt layer: one bias an output, one weight an output and input it looks at."""
    outputs = getattr(layer, "units", None) or getattr(layer, "filters", None)
    if outputs is None:
        return 0
    return outputs * (shape[-1] * math.prod(getattr(layer, "kernel_size", ())) + 1)
