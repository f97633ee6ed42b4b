"""Drawings of architectures, from the description that a training stores beside its networks."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fecemo.evaluation.figures.svg import ACCENT, HAIRLINE, INK, PALETTE, QUIET, SECOND, as_svg, new_figure, pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 340.0
ROW, HEADING = 31.0, 26.0
"""Heights in CSS pixels: of a layer with its two lines of text, and of a stack's name."""
MIDDLE, WIDEST = 70.0, 132.0
"""Where the middle of the bars lies, and how wide the widest is."""
FLAT, THICKEST = 3.0, 20.0
"""How thick a flat layer's bar is, and the thickest."""
TEXT = 148.0
MOST_ROWS = 28
"""A longer drawing is folded: repeated blocks are one row, and so is what lies between them at one size of image."""
MOST_KINDS = 3
"""A folded row names so many kinds of layers at the most; above that it tells how many layers they are."""
MOST_BARS = 7
"""Equal layers in a row are drawn as so many bars at the most; the text tells how many they are."""
BLOCK = re.compile(r"block_\d+(?=_)")
"""How the name of a layer begins that is part of a repeated block."""
PADDING, NORMALIZATION = "ZeroPadding", "Normalization"
LEARNS_IMAGES, LEARNS_FLAT, ONLY_SHAPES = ACCENT, SECOND, PALETTE[2]


@dataclass(frozen=True)
class DrawnLayer:
    """A row of the drawing: one layer, or several in a row.

    Parameters
    ----------
    stack : str
        Such as ``"encoder"``.
    count : int
        Equal layers, or repeated blocks: as many bars are drawn.
    what : str
        Such as ``"7 × conv 2D, relu"`` or ``"6 blocks of 3 conv 2D, 2 dense"``.
    output_shape : tuple of int
        Without the batch: height, width and channels, or the width of a flat layer. Of the last of them.
    weights : int
        Weights and biases of all of them.
    """

    stack: str
    count: int
    what: str
    output_shape: tuple[int, ...]
    weights: int

    @property
    def size(self) -> str:
        """str: Shape and weights, such as ``"200×200×32 · 896 weights"``."""
        return shape_words(self.output_shape) + (f" · {self.weights:,} weights" if self.weights else "")


def shape_words(shape: Sequence[int]) -> str:
    """Return a shape in print, such as ``"25×25×128"``."""
    return "×".join(f"{length:,}" if len(shape) == 1 else str(length) for length in shape)


def drawn_layers(layers: Sequence[Mapping[str, Any]]) -> list[DrawnLayer]:
    """Return the rows of a drawing: equal layers in a row together, and blocks together where it would be too long.

    Parameters
    ----------
    layers : sequence of mapping
        As ``networks.json`` holds them: ``stack``, ``name``, ``kind``, ``activation``, ``output_shape``,
        ``parameters``.
    """
    def alike(layer: Mapping[str, Any]) -> tuple[Any, ...]:
        return (layer["stack"], layer["kind"], layer["activation"], tuple(layer["output_shape"]), layer["parameters"])

    rows = [_row(these, _times(len(these)) + _words(these[0]), len(these))
            for these in (list(found) for _, found in groupby(layers, alike))]
    return rows if len(rows) <= MOST_ROWS else [
        row for _, its in groupby(layers, lambda layer: layer["stack"]) for row in _folded(list(its))]


def _folded(layers: Sequence[Mapping[str, Any]]) -> list[DrawnLayer]:
    """Return a row for all blocks of a stack that give images of one side, and for what lies between at one side."""
    rows = []
    for in_blocks, found in groupby(layers, lambda layer: _block(layer) is not None):
        for these in _by_side(list(found)):
            blocks = [list(block) for _, block in groupby(these, _block)]
            rows.append(_row(these, _of_blocks(blocks), len(blocks)) if in_blocks else
                        _row(these, _of_kinds(these), 1))
    return rows


def _block(layer: Mapping[str, Any]) -> str | None:
    found = BLOCK.match(layer["name"])
    return found and found[0]


def _by_side(layers: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Part layers by the side of the images that they give; flat ones between two of one side, such as gates, too."""
    runs: list[list[Mapping[str, Any]]] = []
    lengths = [layer["output_shape"][0] if len(layer["output_shape"]) == 3 else None for layer in layers]
    for place, layer in reversed(list(enumerate(layers))):  # padding belongs to what follows it
        if lengths[place] is not None and layer["kind"].startswith(PADDING):
            lengths[place] = lengths[min(place + 1, len(layers) - 1)]
    until = -1
    for place, layer in enumerate(layers):
        if place > until:
            runs.append([])
            until = place
            if lengths[place] is not None:
                until = max(later for later, length in enumerate(lengths) if length == lengths[place])
        runs[-1].append(layer)
    return runs


def _row(layers: Sequence[Mapping[str, Any]], what: str, count: int) -> DrawnLayer:
    return DrawnLayer(layers[0]["stack"], count, what, tuple(layers[-1]["output_shape"]),
                      sum(layer["parameters"] for layer in layers))


def _times(count: int) -> str:
    return f"{count} × " if count > 1 else ""


def _of_blocks(blocks: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Return what learns in the last of repeated blocks, such as ``"6 blocks of 3 conv 2D, 2 dense"``."""
    kinds = Counter(_words({**layer, "activation": ""}) for layer in blocks[-1]
                    if layer["parameters"] and not layer["kind"].endswith(NORMALIZATION))
    its = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or f"{len(blocks[-1])} layers"
    return f"{len(blocks)} block{'s' if len(blocks) > 1 else ''} of {its}"


def _of_kinds(layers: Sequence[Mapping[str, Any]]) -> str:
    named = [layer for layer in layers if not layer["kind"].startswith(PADDING)] or layers
    if len(named) > MOST_KINDS:
        return f"{len(layers)} layers"
    return ", ".join(_words(layer).removesuffix(", linear" if len(named) > 1 else "") for layer in named)


def _words(layer: Mapping[str, Any]) -> str:
    """Return kind and activation of a layer, such as ``"conv 2D, relu"``."""
    if layer["kind"] == "Activation":
        return str(layer["activation"])
    parts = re.findall(r"\dD|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", layer["kind"])
    words = " ".join(part if part[0].isdigit() else part.lower() for part in parts)
    return words + (f", {layer['activation']}" if layer["activation"] else "")


def network_figure(cell: str, network: Mapping[str, Any]) -> str:
    """Draw a network, the image that enters it on top.

    Where a layer gives an image, its bar is as wide as the image, and the thicker the more channels it has, by their
    logarithm; where it gives a flat row of numbers, the bar is thin and as wide as the logarithm of their number.

    Parameters
    ----------
    cell : str
        Which cell, such as ``"conv_autoencoder rgb"``.
    network : mapping
        One of those that ``networks.json`` holds by name: ``name``, ``input_shape`` and ``layers``.

    Returns
    -------
    str
        An SVG element, 340 CSS pixels wide.
    """
    layers = drawn_layers(network["layers"])
    shape = tuple(network["input_shape"])
    stacks = [(stack, list(found)) for stack, found in groupby(layers, lambda layer: layer.stack)]
    height = ROW * (len(layers) + 1) + HEADING * len(stacks) + 2
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    shapes = (shape, *(layer.output_shape for layer in layers))
    scale = _Scale(max((shaped[0] for shaped in shapes if len(shaped) == 3), default=1),
                   max((math.log(shaped[0] + 1) for shaped in shapes if len(shaped) == 1), default=1.0))
    _draw_row(axes, 0.0, scale, shape, 1, QUIET, _entering(shape), shape_words(shape))
    y = ROW
    for stack, its in stacks:
        weights = sum(layer.weights for layer in its)
        axes.plot([0, WIDTH], [y + 4, y + 4], color=HAIRLINE, linewidth=pixels(1))
        axes.text(0, y + 16, stack.replace("_", " "), color=INK, fontsize=pixels(11.5), va="center_baseline",
                  fontweight="bold")
        axes.text(WIDTH, y + 16, f"{weights:,} weights" if weights else "", color=QUIET, fontsize=pixels(10),
                  va="center_baseline", ha="right")
        y += HEADING
        for layer in its:
            _draw_row(axes, y, scale, layer.output_shape, layer.count, _colour(layer), layer.what, layer.size)
            y += ROW
    return as_svg(figure, f"network {cell} {network['name']}", _spoken(network["name"], shape, layers))


@dataclass(frozen=True)
class _Scale:
    """How wide and thick the bars of one network are, in CSS pixels.

    Parameters
    ----------
    side : int
        Of the largest image, which is as wide as the scale.
    widest : float
        Logarithm of the widest flat layer's width, likewise.
    """

    side: int
    widest: float

    def width(self, shape: tuple[int, ...]) -> float:
        part = shape[0] / self.side if len(shape) == 3 else math.log(shape[0] + 1) / self.widest
        return max(3.0, WIDEST * part)

    def thickness(self, shape: tuple[int, ...]) -> float:
        return FLAT if len(shape) != 3 else min(THICKEST, FLAT + 1.6 * math.log2(shape[-1] + 1))


def _draw_row(axes: "Axes", y: float, scale: _Scale, shape: tuple[int, ...], count: int, colour: str, what: str,
              size: str) -> None:
    """Draw one row: a bar for each of equal layers, one under the other, and two lines of text."""
    from matplotlib.patches import FancyBboxPatch

    bars, gap = min(count, MOST_BARS), 1.5
    whole = scale.thickness(shape) if bars == 1 else THICKEST + 2.0
    thickness = (whole - gap * (bars - 1)) / bars
    for number in range(bars):
        bottom = y + (ROW - whole) / 2 + number * (thickness + gap)
        width = scale.width(shape)
        axes.add_patch(FancyBboxPatch((MIDDLE - width / 2, bottom), width, thickness, linewidth=0, facecolor=colour,
                                      boxstyle=f"round,pad=0,rounding_size={min(2.0, thickness / 2)}"))
    axes.text(TEXT, y + 10.5, what, color=INK, fontsize=pixels(11), va="center_baseline")
    axes.text(TEXT, y + 23.5, size, color=QUIET, fontsize=pixels(10), va="center_baseline")


def _entering(shape: tuple[int, ...]) -> str:
    return "pixels" if len(shape) == 3 else "a vector"


def _colour(layer: DrawnLayer) -> str:
    if not layer.weights:
        return ONLY_SHAPES
    return LEARNS_IMAGES if len(layer.output_shape) == 3 else LEARNS_FLAT


def _spoken(name: str, shape: tuple[int, ...], layers: Sequence[DrawnLayer]) -> str:
    rows = "; ".join(f"{layer.stack}: {layer.what}, {layer.size}" for layer in layers)
    return (f"Network {name}, {sum(layer.weights for layer in layers):,} weights: {_entering(shape)} "
            f"{shape_words(shape)}; {rows}.")
