"""Weights that others have trained: put in place of those of a network, with the same outputs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fecemo.lazy_keras import keras
from fecemo.models.namings import Naming, Place, namings
from fecemo.models.residual import EPSILON

WEIGHTS_NAME = "stages.weights.h5"
STAGE = re.compile(r"stage_(\d)")
STEM = Place(1, 0, "", "conv")
STREAMS = ("image_stream", "landmarks")
"""Submodels of POSTER that begin with such weights, in the place of stages."""


@dataclass(frozen=True)
class Feeding:
    """What a network was fed with while others trained it, and what else of it no weight tells."""

    channels: Literal["rgb", "bgr"]  #: Their order.
    #: Fields of `ResidualConfig` that must be so: mean and deviation of red, green and blue, where the max-pooling
    #: pads, and which convolution halves the side, all of which no shape of a weight tells.
    model: Mapping[str, Any]


FEEDINGS = {
    "vggface2": Feeding("bgr", {"mean": (131.0912, 103.8827, 91.4953), "deviation": (1.0, 1.0, 1.0),
                                "pool_padding": "end", "halved_by": "1x1"}),
    "keras_imagenet": Feeding("bgr", {"mean": (123.68, 116.779, 103.939), "deviation": (1.0, 1.0, 1.0),
                                      "pool_padding": "both", "halved_by": "1x1"}),
    "imagenet": Feeding("rgb", {"mean": (123.675, 116.28, 103.53), "deviation": (58.395, 57.12, 57.375),
                                "pool_padding": "both", "halved_by": "3x3"}),
    "poster": Feeding("rgb", {}),
}
"""By the name of what was trained on; ``"imagenet"`` are the models of PyTorch's own makers, ``"poster"`` the two
streams of POSTER, which its authors feed as those."""


@dataclass(frozen=True)
class Converted:
    """Weights of ours, made of others'."""

    arrays: dict[str, np.ndarray]  #: By ``<stack>/<layer>/<variable>``.
    naming: str  #: Whose names were found.
    unused: tuple[str, ...]  #: Names in the file that nothing was made of.


def convert(tensors: Mapping[str, np.ndarray], network: Any, channels: str) -> Converted:
    """Return the weights of all stages of a network.

    A bias of a convolution, which ours have not, is taken off the mean that is subtracted after it, and a difference
    of what is added to variances is put into them: the outputs stay the same.

    Parameters
    ----------
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
            values = take(source)
            if values is None:
                wrong.append(f"{source} is missing")
                continue
            array = _as_variable(np.asarray(values, np.float32), variable.name, place, naming, channels)
            if variable.name == "moving_mean":
                bias = take(prefix + naming.source(replace(place, kind="conv"), "bias"))
                array = array if bias is None else array - bias.astype(np.float32)
            expected = tuple(variable.shape)
            # Excitation is at times a convolution of kernel 1×1.
            array = array.reshape(expected) if place.kind == "dense" and array.shape[-2:] == expected else array
            if array.shape != expected:
                wrong.append(f"{source} has the shape {np.shape(values)}, and {stack}/{layer.name}/{variable.name} has "
                             f"{expected}")
            elif not np.isfinite(array).all():
                wrong.append(f"{source} holds numbers that are not finite")
            arrays[f"{stack}/{layer.name}/{variable.name}"] = array
    if wrong:
        raise ValueError("; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""))
    return Converted(arrays, naming.name, tuple(sorted(set(tensors) - used)))


def save_weights(converted: Converted, network: Any, path: Path) -> None:
    """Put converted weights into the network that they were made for, and write them as Keras writes weights.

    Parameters
    ----------
    network : keras.Model
    path : Path
        It ends in ``.weights.h5``.
    """
    for name, array in converted.arrays.items():
        submodel, layer, wanted = name.split("/")
        variables = network.get_layer(submodel).get_layer(layer).weights
        next(variable for variable in variables if variable.name == wanted).assign(array)
    _beginning(network).save_weights(path, overwrite=True)


def put_weights(model: Any, path: Path) -> list[str]:
    """Put converted weights into a model and return the layers, of those with weights, that get none.

    Raises `ValueError` if they are of another network.
    """
    beginning = _beginning(model)
    beginning.load_weights(path)
    return [f"{submodel.name}/{layer.name}" for submodel in model.layers if submodel not in beginning.layers
            for layer in getattr(submodel, "layers", ()) if layer.weights]


def _beginning(network: Any) -> Any:
    """Return stages 1 to 5, or both streams, of a network as one network; it shares them."""
    stages = [stack for stack in network.layers if STAGE.fullmatch(stack.name)]
    if not stages:
        streams = [network.get_layer(name) for name in STREAMS]
        faces = keras.Input(streams[0].input_shape[1:], name="normalized")
        return keras.Model(faces, [stream(faces) for stream in streams], name="streams")
    made = entering = keras.Input(stages[0].input_shape[1:], name="normalized")
    for stage in stages:
        made = stage(made)
    return keras.Model(entering, made, name="stages")


def _whose(tensors: Mapping[str, np.ndarray]) -> tuple[Naming, str]:
    """Return the naming, and the prefix of every name."""
    for naming in namings().values():
        first, second = (naming.source(place, "kernel") for place in (STEM, Place(2, 1, "1", "conv")))
        # A block may end alike.
        before = [name.removesuffix(first) for name in tensors
                  if name.endswith(first) and name.removesuffix(first) + second in tensors]
        if len(before) > 1:
            raise ValueError(f"it holds {len(before)} networks, {' and '.join(before)}; save one of them alone")
        if before:
            return naming, before[0]
    expected = " or ".join(naming.source(STEM, "kernel") for naming in namings().values())
    raise ValueError(f"none of its {len(tensors)} names is that of a first convolution, {expected}; the first of them "
                     f"are {', '.join(list(tensors)[:3])}")


def _places(network: Any) -> Iterator[tuple[str, Any, Place]]:
    for stack in network.layers:
        stage = STAGE.fullmatch(stack.name)
        for layer in stack.layers if stage else ():
            if layer.weights:
                yield stack.name, layer, _place(int(stage[1]) if stage else 0, layer.name)


def _place(stage: int, name: str) -> Place:
    match = re.fullmatch(r"block_(\d+)_(excite_\d|\w+?)(?:_(conv|norm))?", name)
    if match is None:
        return Place(stage, 0, "", name)
    return Place(stage, int(match[1]), match[2], match[3] or "dense")


def _as_variable(array: np.ndarray, variable: str, place: Place, naming: Naming, channels: str) -> np.ndarray:
    if variable == "kernel":
        kernel = naming.kernel(array)
        return kernel[:, :, ::-1] if place == STEM and channels == "bgr" else kernel
    return array + np.float32(naming.epsilon - EPSILON) if variable == "moving_variance" else array
