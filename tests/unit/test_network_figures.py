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


def block(number, side, shortcut):
    """Return a block with a gate, as squeeze and excitation has one: flat numbers in the midst of images."""
    shape = (side, side, 8)
    made = [("1_conv", "Conv2D", shape, 100), ("1_norm", "BatchNormalization", shape, 8),
            ("squeeze", "Pooling", (8,), 0), ("excite_1", "Dense", (4,), 20), ("excite_2", "Dense", (8,), 30),
            ("scale", "Multiply", shape, 0),
            *([("shortcut_conv", "Conv2D", shape, 40)] if shortcut else []), ("add", "Add", shape, 0)]
    return [layer(f"block_{number}_{name}", kind, its, count, stack="stage_1") for name, kind, its, count in made]


def test_a_long_network_is_folded_into_its_blocks():
    head = [layer("pad", "ZeroPadding2D", (22, 22, 3), stack="stage_1"),
            layer("conv", "Conv2D", (16, 16, 8), 50, "linear", "stage_1"),
            layer("norm", "BatchNormalization", (16, 16, 8), 8, stack="stage_1"),
            layer("relu", "Activation", (16, 16, 8), 0, "relu", "stage_1")]
    tail = [layer("pool", "GlobalAveragePooling2D", (8,), stack="head"),
            layer("last", "Dense", (3,), 27, "softmax", "head")]
    blocks = [*block(1, 16, True), *block(2, 16, False), *block(3, 16, False), *block(4, 8, True)]
    drawn = drawn_layers([*head, *blocks, *tail])
    assert [(row.stack, row.what, row.count, row.size) for row in drawn] == [
        ("stage_1", "conv 2D, batch normalization, relu", 1, "16×16×8 · 58 weights"),
        ("stage_1", "3 blocks of 1 conv 2D, 2 dense", 3, "16×16×8 · 514 weights"),
        ("stage_1", "1 block of 2 conv 2D, 2 dense", 1, "8×8×8 · 198 weights"),
        ("head", "global average pooling 2D", 1, "8"),
        ("head", "dense, softmax", 1, "3 · 27 weights"),
    ]
    assert sum(row.weights for row in drawn) == 58 + 514 + 198 + 27


def test_a_long_network_without_blocks_has_a_row_for_each_size_of_image():
    mixed = [layer("wide", "Conv2D", (8, 8, 9), 100), layer("norm", "BatchNorm", (8, 8, 4), 8),
             layer("gate", "Dense", (4,), 20), layer("scale", "Multiply", (8, 8, 4))]
    drawn = drawn_layers([*(12 * mixed), layer("last", "Dense", (3,), 15, "softmax")])
    assert [(row.what, row.size) for row in drawn] == [
        ("48 layers", "8×8×4 · 1,536 weights"), ("dense, softmax", "3 · 15 weights")]


def test_a_network_that_takes_a_vector_shows_no_pixels():
    svg = network_figure("head rgb", {"name": "classifier", "input_shape": [16], "layers": [
        layer("scaling", "BatchNormalization", (16,), 32, stack="scaling"),
        layer("emotions", "Dense", (8,), 136, "softmax", stack="head")]})
    shown = re.findall(r">([^<>]+)</text>", svg)
    assert shown[:2] == ["a vector", "16"]
    assert 'aria-label="Network classifier, 168 weights: a vector 16; scaling: ' in svg
