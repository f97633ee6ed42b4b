"""Weights that others have trained: put in place of those of a residual network, with the same outputs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fecemo.models.naming import Naming, Place, namings
from fecemo.models.residual_networks import EPSILON

WEIGHTS_NAME = "weights.npz"
STEM = Place(1, 0, "", "conv")


@dataclass(frozen=True)
class Feeding:
    """What a network was fed with while others trained it, and what else of it no weight tells.

    Parameters
    ----------
    channels : {"rgb", "bgr"}
        Their order.
    model : mapping of str to object
        Fields of `ResidualConfig` that must be so: mean and deviation of red, green and blue, and the padding.
    """

    channels: Literal["rgb", "bgr"]
    model: Mapping[str, Any]


FEEDINGS = {
    "vggface2": Feeding("bgr", {"mean": (131.0912, 103.8827, 91.4953), "deviation": (1.0, 1.0, 1.0),
                                "pool_padding": "end"}),
    "keras_imagenet": Feeding("bgr", {"mean": (123.68, 116.779, 103.939), "deviation": (1.0, 1.0, 1.0),
                                      "pool_padding": "both"}),
    "imagenet": Feeding("rgb", {"mean": (123.675, 116.28, 103.53), "deviation": (58.395, 57.12, 57.375),
                                "pool_padding": "both"}),
}
"""By the name of what was trained on."""


@dataclass(frozen=True)
class Converted:
    """Weights of ours, made of others'.

    Parameters
    ----------
    arrays : dict of str to ndarray
        By ``<stack>/<layer>/<variable>``.
    naming : str
        Whose names were found.
    unused : tuple of str
        Names in the file that nothing was made of.
    """

    arrays: dict[str, np.ndarray]
    naming: str
    unused: tuple[str, ...]


def convert(tensors: Mapping[str, np.ndarray], network: Any, channels: str) -> Converted:
    """Return the weights of all stages of a network.

    A bias of a convolution, which ours have not, is taken off the mean that is subtracted after it, and a difference
    of what is added to variances is put into them: the outputs stay the same.

    Parameters
    ----------
    tensors : mapping of str to ndarray
    network : keras.Model
        A residual network of ours.
    channels : {"rgb", "bgr"}
        Order in which the first convolution takes them.

    Raises
    ------
    ValueError
        If names are of no known kind, a tensor is missing, or has another shape than its layer; each is named.
    """
    naming, prefix = _whose(tensors)
    used: set[str] = set()

    def take(source: str) -> np.ndarray | None:
        used.add(source)
        return tensors.get(source)

    arrays: dict[str, np.ndarray] = {}
    wrong: list[str] = []
    for stack, layer, place in _places(network):
        for variable in layer.weights:
            source = prefix + naming.source(place, variable.name)
            found = take(source)
            if found is None:
                wrong.append(f"{source} is missing")
                continue
            array = _ours(np.asarray(found, np.float32), variable.name, place, naming, channels)
            if variable.name == "moving_mean":
                bias = take(prefix + naming.source(replace(place, kind="conv"), "bias"))
                array = array if bias is None else array - bias.astype(np.float32)
            expected = tuple(variable.shape)
            # Excitation is at times a convolution of kernel 1×1.
            array = array.reshape(expected) if place.kind == "dense" and array.shape[-2:] == expected else array
            if array.shape != expected:
                wrong.append(f"{source} has the shape {np.shape(found)}, and {stack}/{layer.name}/{variable.name} has "
                             f"{expected}")
            elif not np.isfinite(array).all():
                wrong.append(f"{source} holds numbers that are not finite")
            arrays[f"{stack}/{layer.name}/{variable.name}"] = array
    if wrong:
        raise ValueError("; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""))
    return Converted(arrays, naming.name, tuple(sorted(set(tensors) - used)))


def put_weights(networks: Mapping[str, Any], path: Path) -> list[str]:
    """Put converted weights into networks and return the layers, of those with weights, that get none.

    Raises
    ------
    ValueError
        If an array fits no variable.
    """
    stacks = {stack.name: stack for network in networks.values() for stack in network.layers}
    variables = {f"{name}/{layer.name}/{variable.name}": variable for name, stack in stacks.items()
                 for layer in getattr(stack, "layers", ()) for variable in layer.weights}
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            if name not in variables or tuple(variables[name].shape) != arrays[name].shape:
                raise ValueError(f"{name} of shape {arrays[name].shape} has no place in the network")
        for name in arrays.files:
            variables[name].assign(arrays[name])
        given = set(arrays.files)
    return list(dict.fromkeys(name.rpartition("/")[0] for name in variables if name not in given))


def _whose(tensors: Mapping[str, np.ndarray]) -> tuple[Naming, str]:
    """Return the naming, and what stands before every name."""
    for naming in namings().values():
        first, second = (naming.source(place, "kernel") for place in (STEM, Place(2, 1, "1", "conv")))
        for name in tensors:
            before = name.removesuffix(first)
            # A block may end alike.
            if before != name and before + second in tensors:
                return naming, before
    expected = " or ".join(naming.source(STEM, "kernel") for naming in namings().values())
    raise ValueError(f"none of its {len(tensors)} names is that of a first convolution, {expected}; the first of them "
                     f"are {', '.join(list(tensors)[:3])}")


def _places(network: Any) -> Iterator[tuple[str, Any, Place]]:
    for stack in network.layers:
        stage = re.fullmatch(r"stage_(\d)", stack.name)
        for layer in stack.layers if stage else ():
            if layer.weights:
                yield stack.name, layer, _place(int(stage[1]) if stage else 0, layer.name)


def _place(stage: int, name: str) -> Place:
    found = re.fullmatch(r"block_(\d+)_(excite_\d|\w+?)(?:_(conv|norm))?", name)
    if found is None:
        return Place(stage, 0, "", name)
    return Place(stage, int(found[1]), found[2], found[3] or "dense")


def _ours(array: np.ndarray, variable: str, place: Place, naming: Naming, channels: str) -> np.ndarray:
    if variable == "kernel":
        kernel = naming.kernel(array)
        return kernel[:, :, ::-1] if place == STEM and channels == "bgr" else kernel
    return array + np.float32(naming.epsilon - EPSILON) if variable == "moving_variance" else array
