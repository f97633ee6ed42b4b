"""Drawings of architectures say what the description says."""

import re

import pytest

from fecemo.evaluation.figures.networks import drawn_layers, network_figure


def layer(name, kind, shape, parameters=0, activation="", stack="encoder"):
    return {"stack": stack, "name": name, "kind": kind, "output_shape": list(shape), "parameters": parameters,
            "activation": activation}


NETWORK = {"name": "classifier", "input_shape": [8, 8, 3], "layers": [
    layer("conv_1", "Conv2D", (8, 8, 4), 112, "relu"),
    layer("conv_2", "Conv2D", (8, 8, 4), 148, "relu"),
    layer("conv_3", "Conv2D", (8, 8, 4), 148, "relu"),
    layer("pool", "MaxPooling2D", (4, 4, 4)),
    layer("flatten", "Flatten", (64,), stack="head"),
    layer("dense", "Dense", (1000,), 65_000, "softmax", stack="head"),
]}


def test_equal_layers_in_a_row_are_one_row():
    assert [(drawn.what, drawn.size) for drawn in drawn_layers(NETWORK["layers"])] == [
        ("conv 2D, relu", "8×8×4 · 112 weights"),
        ("2 × conv 2D, relu", "8×8×4 · 296 weights"),
        ("max pooling 2D", "4×4×4"),
        ("flatten", "64"),
        ("dense, softmax", "1,000 · 65,000 weights"),
    ]


@pytest.mark.parametrize(("kind", "words"), [
    ("Conv2DTranspose", "conv 2D transpose"), ("BatchNormalization", "batch normalization"), ("SELU", "selu"),
    ("GlobalAveragePooling2D", "global average pooling 2D"), ("Add", "add")])
def test_kinds_of_layers_in_words(kind, words):
    (drawn,) = drawn_layers([layer("one", kind, (2, 2, 2))])
    assert drawn.what == words


def test_the_drawing_shows_every_row_with_its_stack():
    svg = network_figure("supervised rgb", NETWORK)
    assert svg == network_figure("supervised rgb", NETWORK)
    shown = re.findall(r">([^<>]+)</text>", svg)
    for words in ("pixels", "8×8×3", "encoder", "408 weights", "2 × conv 2D, relu", "head", "65,000 weights",
                  "1,000 · 65,000 weights"):
        assert words in shown, words
    assert 'aria-label="Network classifier, 65,408 weights: pixels 8×8×3; encoder: conv 2D, relu' in svg


def test_bars_are_as_wide_as_the_images():
    """The widest is the image that enters; a pooled one is half of it."""
    svg = network_figure("supervised rgb", NETWORK)
    widths = []
    for path in re.findall(r'<path d="(M [^"]*[zZ])', svg):
        along = [float(x) for x in re.findall(r"[MLQC] ([-\d.]+)", path)]
        widths.append(max(along) - min(along))
    bars = [round(width / max(widths), 2) for width in widths]
    assert bars[:5] == [1, 1, 1, 1, pytest.approx(0.5, abs=0.02)]


def test_a_deep_network_has_a_row_for_each_shape():
    """Gates of squeeze and excitation give flat numbers in the midst of images."""
    block = [layer("wide", "Conv2D", (8, 8, 9), 100, stack="stage_1"), layer("norm", "BatchNorm", (8, 8, 4), 8,
                                                                          stack="stage_1"),
             layer("gate", "Dense", (4,), 20, stack="stage_1"), layer("scale", "Multiply", (8, 8, 4), stack="stage_1")]
    tail = [layer("pool", "GlobalAveragePooling2D", (4,), stack="head"), layer("last", "Dense", (3,), 15, "softmax",
                                                                             stack="head")]
    assert [(drawn.stack, drawn.what, drawn.size) for drawn in drawn_layers(12 * block + tail)] == [
        ("stage_1", "48 layers", "8×8×4 · 1,536 weights"),
        ("head", "global average pooling 2D", "4"),
        ("head", "dense, softmax", "3 · 15 weights"),
    ]
