"""Weights that others have trained for the two streams of POSTER, by the names of their PyTorch files.

``ir50.pth`` is IR-50 as face recognition trains it (Deng et al. 2019), of which POSTER takes three of four stages;
``mobilefacenet_model_best.pth.tar`` is MobileFaceNet (Chen et al. 2018) with 68 landmarks as its output.
"""

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

import numpy as np

from fecemo.models.pretrained import STREAMS, Converted

STAGES = 3
"""Of IR-50, of those in its file."""
VARIABLES = {"kernel": "weight", "alpha": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
             "moving_variance": "running_var"}
IR_STEM = {"conv": "input_layer.0", "norm": "input_layer.1", "relu": "input_layer.2"}
IR_BLOCK = {"norm": "res_layer.0", "conv_1": "res_layer.1", "relu": "res_layer.2", "conv_2": "res_layer.3",
            "norm_2": "res_layer.4", "shortcut": "shortcut_layer.0", "shortcut_norm": "shortcut_layer.1"}
MOBILE_STEMS = {"stem_1": "conv1", "stem_2": "conv2_dw", "features": "conv_6_sep"}
MOBILE_HALVINGS, MOBILE_BLOCKS = ("conv_23", "conv_34", "conv_45"), ("conv_3", "conv_4", "conv_5")
MOBILE_PARTS = ("conv", "conv_dw", "project")
MOBILE_KINDS = {"conv": "conv", "norm": "bn", "relu": "prelu"}
FIRST = dict(zip(STREAMS, ("input_layer.0.weight", "conv_6_sep.conv.weight"), strict=True))
"""A name by which the file of each stream is known."""


def stream_sizes(image: Mapping[str, np.ndarray], landmarks: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the fields of `PosterConfig` that weights tell: filters and units, landmark filters, width.

    Parameters
    ----------
    image, landmarks : mapping of str to ndarray
        The files of both streams.

    Raises
    ------
    ValueError
        If a file is of no such network; a name that is missing is told.
    """
    prefix = _prefix(image, STREAMS[0])
    widths: list[int] = []
    while (kernel := image.get(f"{prefix}body.{len(widths)}.res_layer.3.weight")) is not None:
        widths.append(len(kernel))
    stages = [(width, len(list(blocks))) for width, blocks in groupby(widths)]
    if len(stages) < STAGES:
        raise ValueError(f"its body has {len(stages)} stages of blocks, of {', '.join(str(of) for of, _ in stages)} "
                         f"filters; expected at least {STAGES}")
    prefix = _prefix(landmarks, STREAMS[1])
    first, second, last = (len(_known(landmarks, f"{prefix}{name}.weight")) for name in (
        "conv1.conv", "conv_34.project.conv", "conv_6_sep.conv"))
    return {"filters": tuple(width for width, _ in stages[:STAGES]),
            "units": tuple(count for _, count in stages[:STAGES]), "landmark_filters": (first, second), "width": last}


def convert_streams(files: Mapping[str, Mapping[str, np.ndarray]], network: Any) -> Converted:
    """Return the weights of both streams.

    Parameters
    ----------
    files : mapping of str to mapping
        Tensors by their names, of ``"image_stream"`` and of ``"landmarks"``.
    network : keras.Model
        POSTER, in the sizes that `stream_sizes` tells.

    Raises
    ------
    ValueError
        If a tensor is missing, has another shape than its layer, or holds what is no number; each is named.
    """
    arrays: dict[str, np.ndarray] = {}
    wrong: list[str] = []
    unused: list[str] = []
    for stream, tensors in files.items():
        prefix, used = _prefix(tensors, stream), set[str]()
        source = _ir_names(network.get_layer(stream)) if stream == STREAMS[0] else _mobile_name
        for layer in network.get_layer(stream).layers:
            for variable in layer.weights:
                name = f"{prefix}{source(layer.name)}.{VARIABLES[variable.name]}"
                used.add(name)
                if name not in tensors:
                    wrong.append(f"{name} is missing")
                    continue
                array = _in_our_order(np.asarray(tensors[name], np.float32), variable, type(layer).__name__)
                if array.shape != tuple(variable.shape):
                    wrong.append(f"{name} has the shape {tensors[name].shape}, and {stream}/{layer.name}/"
                                 f"{variable.name} has {tuple(variable.shape)}")
                elif not np.isfinite(array).all():
                    wrong.append(f"{name} holds numbers that are not finite")
                arrays[f"{stream}/{layer.name}/{variable.name}"] = array
        unused += sorted(set(tensors) - used)
    if wrong:
        raise ValueError("; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""))
    return Converted(arrays, "IR-50 and MobileFaceNet", tuple(unused))


def _prefix(tensors: Mapping[str, np.ndarray], stream: str) -> str:
    """Return the prefix of every name, such as ``"module."``."""
    before = [name.removesuffix(FIRST[stream]) for name in tensors if name.endswith(FIRST[stream])]
    if len(before) != 1:
        raise ValueError(f"expected the weights of the {stream.replace('_', ' ')}, with one tensor called "
                         f"{FIRST[stream]}, and there are {len(before)}; the first of {len(tensors)} names are "
                         f"{', '.join(list(tensors)[:3])}")
    return before[0]


def _known(tensors: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in tensors:
        raise ValueError(f"{name} is missing")
    return tensors[name]


def _ir_names(stream: Any) -> Callable[[str], str]:
    """Return a function from our name of a layer of the image stream to theirs; they count all blocks in one row."""
    blocks = list(dict.fromkeys(match[0] for layer in stream.layers
                                if (match := re.match(r"stage_\d+_block_\d+_", layer.name))))

    def name_of(layer: str) -> str:
        match = re.match(r"stage_\d+_block_\d+_", layer)
        if match is None:
            return IR_STEM[layer.removeprefix("stem_")]
        return f"body.{blocks.index(match[0])}.{IR_BLOCK[layer.removeprefix(match[0])]}"

    return name_of


def _mobile_name(layer: str) -> str:
    """Return their name of a layer of the landmark stream."""
    begun, kind = layer.rsplit("_", 1)
    if begun in MOBILE_STEMS:
        return f"{MOBILE_STEMS[begun]}.{MOBILE_KINDS[kind]}"
    stage, block, part = re.fullmatch(r"stage_(\d)_(?:halving|block_(\d+))_(\d)", begun).groups()  # type: ignore[union-attr]
    of_stage = MOBILE_HALVINGS[int(stage) - 1] if block is None else (
        f"{MOBILE_BLOCKS[int(stage) - 1]}.model.{int(block) - 1}")
    return f"{of_stage}.{MOBILE_PARTS[int(part) - 1]}.{MOBILE_KINDS[kind]}"


def _in_our_order(array: np.ndarray, variable: Any, layer: str) -> np.ndarray:
    if variable.name == "kernel" and array.ndim == 4:
        return array.transpose(2, 3, 0, 1) if layer == "DepthwiseConv2D" else array.transpose(2, 3, 1, 0)
    return array.reshape(variable.shape) if variable.name == "alpha" and array.size == variable.shape[-1] else array
