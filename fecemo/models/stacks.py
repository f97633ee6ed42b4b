"""Build networks of named stacks of layers: an encoder, a decoder, a head; networks share the stacks they both name."""

import zlib

import keras

from fecemo.models.plan import Networks, Shape, Stacks


def build_networks(networks: Networks, stacks: Stacks, input_shape: Shape, seed: int) -> dict[str, keras.Model]:
    """Return every network, built.

    Parameters
    ----------
    networks, stacks
        See `Networks` and `Stacks`.
    input_shape : tuple of int
        Height, width and channels.
    seed : int
        Each layer's first weights follow from it and from the layer's place and name alone.

    Returns
    -------
    dict of str to keras.Model
        Functional models over ``keras.Sequential`` stacks.
    """
    built: dict[str, keras.Sequential] = {}
    models = {}
    for name, stack_names in networks.items():
        inputs = keras.Input(input_shape, name="pixels")
        outputs = inputs
        for stack in stack_names:
            if stack not in built:
                built[stack] = _stack(stack, stacks, tuple(outputs.shape[1:]), seed)
            outputs = built[stack](outputs)
        models[name] = keras.Model(inputs, outputs, name=name)
    return models


def _stack(name: str, stacks: Stacks, input_shape: Shape, seed: int) -> keras.Sequential:
    layers = list(stacks[name](input_shape))
    for layer in layers:
        if hasattr(layer, "kernel_initializer"):
            # Keras would draw the weights of a layer without a seed from a global state.
            settings = {**layer.kernel_initializer.get_config(), "seed": _layer_seed(seed, name, layer.name)}
            layer.kernel_initializer = type(layer.kernel_initializer).from_config(settings)
    # Without a name, Keras would number the input by how many the process has made before.
    return keras.Sequential([keras.Input(input_shape, name=f"{name}_input"), *layers], name=name)


def _layer_seed(seed: int, stack: str, layer: str) -> int:
    return zlib.crc32(f"{seed}/{stack}/{layer}".encode()) & 0x7FFFFFFF
