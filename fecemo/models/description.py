"""What a built model is made of, layer by layer: for drawings, pages and the memory that a training takes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class LayerDescription:
    """One layer of a model."""

    #: `stack`, `name`: The submodel that holds it, and its name there.
    stack: str
    name: str
    kind: str  #: Keras class, such as ``"Conv2D"``.
    output_shape: tuple[int, ...]  #: Without the batch.
    parameters: int  #: Weights and biases.
    activation: str  #: ``""`` for a layer without one.


@dataclass(frozen=True)
class ModelDescription:
    """The part of a model that one or several outputs are made of."""

    name: str
    input_shape: tuple[int, ...]  #: Of the first input.
    layers: tuple[LayerDescription, ...]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Tuple of int: Of the last layer."""
        return self.layers[-1].output_shape

    def parameters(self, without: Sequence[str] = ()) -> int:
        """Return the number of weights and biases, but for some submodels."""
        return sum(layer.parameters for layer in self.layers if layer.stack not in without)

    def activations(self, without: Sequence[str] = ()) -> int:
        """Return how many numbers the layers give for one face, but for those of some submodels."""
        return sum(math.prod(layer.output_shape) for layer in self.layers if layer.stack not in without)


def leaves_inside(layer: Any) -> bool:
    """Tell whether a layer is a model whose layers can be walked, and not one that computes by code of its own."""
    return isinstance(layer, keras.Sequential) or hasattr(layer, "operations")


def part_of(model: Any, outputs: Sequence[str], name: str = "part") -> Any:
    """Return the part of a model that gives some of its outputs, a dict of them; it shares all layers."""
    if missing := [output for output in outputs if output not in model.output]:
        raise KeyError(f"the model {model.name} has no output {missing[0]!r}; it has {', '.join(model.output)}")
    return keras.Model(model.input, {output: model.output[output] for output in outputs}, name=name)


def describe(model: Any, outputs: Sequence[str], name: str | None = None) -> ModelDescription:
    """Return the layers behind some outputs, in the order in which they run, those of submodels one by one."""
    # An outline has no weights yet: PyTorch would make them, and stumble over those that are whole numbers.
    with keras.StatelessScope(initialize_variables=False):
        part = part_of(model, outputs)
    inputs = model.input.values()
    return ModelDescription(name or outputs[0], tuple(next(iter(inputs)).shape[1:]),
                            tuple(_descriptions(part, None)))


def _descriptions(model: Any, stack: str | None) -> Iterator[LayerDescription]:
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if leaves_inside(layer):
            yield from _descriptions(layer, stack or layer.name)
            continue
        made = layer.output[0] if isinstance(layer.output, list | tuple) else layer.output
        activation = getattr(layer, "activation", None)
        yield LayerDescription(
            stack or layer.name, layer.name, type(layer).__name__, tuple(made.shape[1:]),
            layer.count_params() if layer.built else 0, getattr(activation, "__name__", "") if activation else "")
