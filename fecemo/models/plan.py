"""An architecture on paper: layers, output shapes and parameter counts, worked out without allocating a weight.

The dense autoencoder at 200 pixels has 485 million parameters; what it will cost is known here before it is built.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]
"""Shape of one face's tensor, without the batch."""

Stacks = Mapping[str, Callable[[Shape], Sequence[Any]]]
"""Stacks of an approach by name: each gives its parts, in order, for the shape that enters it.

A part is an unbuilt Keras layer, or `Branches` of them.
"""

Networks = Mapping[str, tuple[str, ...]]
"""Networks of an approach by name: the stacks that each runs one after the other. A stack named twice is shared."""


@dataclass(frozen=True)
class Branches:
    """A part of a stack where one tensor goes several ways, which meet again.

    Parameters
    ----------
    ways : tuple of sequence
        The parts of each way; a way of no parts is the tensor itself.
    join : keras.layers.Layer
        Takes what the ways give, as a list: `keras.layers.Add`, `keras.layers.Multiply`.
    """

    ways: tuple[Sequence[Any], ...]
    join: Any


def layers_of(parts: Iterable[Any]) -> Iterator[Any]:
    """Yield the layers of a stack's parts in the order in which they run."""
    for part in parts:
        if isinstance(part, Branches):
            for way in part.ways:
                yield from layers_of(way)
            yield part.join
        else:
            yield part


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

    def parameters(self) -> int:
        """Return the number of weights and biases."""
        return sum(layer.parameters for layer in self.layers)

    def activations(self) -> int:
        """Return how many numbers the layers give for one face."""
        return sum(math.prod(layer.output_shape) for layer in self.layers)


def distinct_layers(plans: Iterable[NetworkPlan], without: Sequence[str] = ()) -> list[LayerPlan]:
    """Return the layers of networks, those that they share once, leaving out the stacks named in ``without``."""
    found = {(layer.stack, layer.name): layer for plan in plans for layer in plan.layers}
    return [layer for layer in found.values() if layer.stack not in without]


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
        shape = _plan_parts(plans, stack, stacks[stack](shape), shape)
    return plans


def _plan_parts(plans: list[LayerPlan], stack: str, parts: Sequence[Any], shape: Shape) -> Shape:
    """Append the layers of some parts to the plans and return the shape that leaves the last part."""
    for part in parts:
        if isinstance(part, Branches):
            joined = [(None, *_plan_parts(plans, stack, way, shape)) for way in part.ways]
            shape = _plan_layer(plans, stack, part.join, 0, joined)
        else:
            shape = _plan_layer(plans, stack, part, _parameters(part, shape), (None, *shape))
    return shape


def _plan_layer(plans: list[LayerPlan], stack: str, layer: Any, parameters: int, entering: Any) -> Shape:
    after = tuple(layer.compute_output_shape(entering)[1:])
    activation = getattr(layer, "activation", None)
    plans.append(LayerPlan(stack, layer.name, type(layer).__name__, after, parameters,
                           "" if activation is None else activation.__name__))
    return after


def _parameters(layer: Any, shape: Shape) -> int:
    """Count the weights of an unbuilt layer: one an output and input it looks at, and one bias an output."""
    from keras import layers

    # By kind, not by what a kind is derived from: a separable convolution has filters too, and fewer weights.
    outputs = {layers.Dense: "units", layers.Conv2D: "filters", layers.Conv2DTranspose: "filters"}
    if type(layer) in outputs:
        inputs = shape[-1] * math.prod(getattr(layer, "kernel_size", ()))
        return getattr(layer, outputs[type(layer)]) * (inputs + layer.use_bias)
    # Other kinds have few weights or none: those of a copy are counted.
    copy = type(layer).from_config(layer.get_config())
    copy.build((None, *shape))
    return copy.count_params()
