"""Build networks of named stacks of layers: an encoder, a decoder, a head; networks share the stacks they both name."""

import zlib
from collections.abc import Sequence
from typing import Any

import keras

from fecemo.models.plan import Branches, Networks, Shape, Stacks, layers_of


def build_networks(networks: Networks, stacks: Stacks, input_shape: Shape, seed: int) -> dict[str, keras.Model]:
    """Return every network, built.

    Parameters
    ----------
    networks, stacks
        See `Networks` and `Stacks`.
    input_shape : tuple of int
        Height, width and channels, or the length of a vector alone.
    seed : int
        Each layer's first weights follow from it and from the layer's place and name alone.

    Returns
    -------
    dict of str to keras.Model
        Functional models over stacks, each a ``keras.Sequential`` or, where it branches, a functional model.
    """
    built: dict[str, keras.Model] = {}
    inputs = keras.Input(input_shape, name="pixels" if len(input_shape) == 3 else "vector")
    # What a chain of stacks gives is worked out once, for all networks that begin with it.
    given: dict[tuple[str, ...], Any] = {(): inputs}
    for stack_names in networks.values():
        for length, stack in enumerate(stack_names):
            before, after = stack_names[:length], stack_names[: length + 1]
            if after not in given:
                if stack not in built:
                    built[stack] = _stack(stack, stacks, tuple(given[before].shape[1:]), seed)
                given[after] = built[stack](given[before])
    return {name: keras.Model(inputs, given[tuple(stack_names)], name=name) for name, stack_names in networks.items()}


def _stack(name: str, stacks: Stacks, input_shape: Shape, seed: int) -> keras.Model:
    parts = [_seeded(part, name, seed) for part in stacks[name](input_shape)]
    for layer in layers_of(parts):
        if hasattr(layer, "kernel_initializer"):
            # Keras would draw the weights of a layer without a seed from a global state.
            settings = {**layer.kernel_initializer.get_config(), "seed": _layer_seed(seed, name, layer.name)}
            layer.kernel_initializer = type(layer.kernel_initializer).from_config(settings)
    # Without a name, Keras would number the input by how many the process has made before.
    entering = keras.Input(input_shape, name=f"{name}_input")
    if not any(isinstance(part, Branches) for part in parts):
        return keras.Sequential([entering, *parts], name=name)
    return keras.Model(entering, _through(parts, entering), name=name)


def _seeded(part: Any, stack: str, seed: int) -> Any:
    """Return a layer that leaves out by chance with a seed of its own; any other part as it is."""
    if not isinstance(part, keras.layers.Dropout):
        return part
    # As with weights: without a seed, Keras would draw one from a global state.
    return keras.layers.Dropout.from_config({**part.get_config(), "seed": _layer_seed(seed, stack, part.name)})


def _through(parts: Sequence[Any], tensor: Any) -> Any:
    """Return what becomes of a tensor that goes through some parts of a stack."""
    for part in parts:
        join, entering = (part.join, [_through(way, tensor) for way in part.ways]) if isinstance(part, Branches) else (
            part, tensor)
        tensor = join(entering)
    return tensor


def _layer_seed(seed: int, stack: str, layer: str) -> int:
    return zlib.crc32(f"{seed}/{stack}/{layer}".encode()) & 0x7FFFFFFF
