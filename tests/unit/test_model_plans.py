"""The published sizes ("Categorizing Facial Expressions", sections 4.2 to 4.4), on paper."""

from itertools import pairwise

import pytest

from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.description import describe


def plan(approach, output, side=200, channels=3, **sizes):
    entry = approaches.find(approach)
    outline = entry.outline(entry.config(**sizes), {"image": (side, side, channels)}, 8)
    return describe(outline, [output])


def layers(planned, stack):
    return [layer for layer in planned.layers if layer.stack == stack]


def test_dense_autoencoder_is_as_published():
    autoencoder = plan("dense_autoencoder", "pixels")
    encoder, decoder = layers(autoencoder, "encoder"), layers(autoencoder, "decoder")
    assert [(layer.kind, *layer.output_shape) for layer in encoder] == [
        ("Rescaling", 200, 200, 3), ("Flatten", 120000), ("Dense", 2000), ("Dense", 1000),
        ("Dense", 500), ("Dense", 200), ("Dense", 100)]
    assert [(layer.kind, *layer.output_shape) for layer in decoder] == [
        ("Flatten", 100), ("Dense", 200), ("Dense", 500), ("Dense", 1000), ("Dense", 2000), ("Dense", 120000),
        ("Reshape", 200, 200, 3)]
    assert {layer.activation for layer in (*encoder, *decoder) if layer.kind == "Dense"} == {"selu"}
    # Weights both ways, and a bias a unit: the 485 million that section 4.2 could hardly train.
    widths = [120000, 2000, 1000, 500, 200, 100]
    weights = sum(before * after for before, after in pairwise(widths))
    assert autoencoder.parameters() == 2 * weights + sum(widths[1:]) + sum(widths[:-1]) == 485_367_500


def test_the_sound_output_of_the_dense_autoencoder_is_a_switch():
    sound = plan("dense_autoencoder", "pixels", output_activation="sigmoid")
    assert layers(sound, "decoder")[-2].activation == "sigmoid"


@pytest.mark.parametrize(("variant", "side", "channels", "sizes", "embedding"), [
    ("rgb", 200, 3, {}, 25 * 25 * 128), ("gray", 200, 1, {}, 25 * 25 * 128),
    ("tight", 150, 3, {"pools": (2, 3, 5)}, 5 * 5 * 128)])
def test_convolutional_autoencoder_is_as_published(variant, side, channels, sizes, embedding):
    autoencoder = plan("conv_autoencoder", "pixels", side, channels, **sizes)
    encoder, decoder = layers(autoencoder, "encoder"), layers(autoencoder, "decoder")
    assert [layer.kind for layer in encoder] == ["Rescaling", *(["Conv2D", "Conv2D", "MaxPooling2D"] * 3)]
    assert [layer.output_shape[-1] for layer in encoder if layer.kind == "Conv2D"] == [32, 32, 64, 64, 128, 128]
    assert [layer.kind for layer in decoder] == ["Conv2DTranspose"] * 6 + ["Reshape"]
    assert [layer.output_shape[-1] for layer in decoder[:6]] == [128, 128, 64, 64, 32, channels]
    assert [layer.activation for layer in decoder[:6]] == ["selu"] * 5 + ["sigmoid"]
    assert autoencoder.output_shape == (side, side, channels)
    assert plan("conv_autoencoder", "embedding", side, channels, **sizes).output_shape == (embedding,)
    there, back = [channels, 32, 32, 64, 64, 128, 128], [128, 128, 128, 64, 64, 32, channels]
    weights = sum(9 * before * after for path in (there, back) for before, after in pairwise(path))
    assert autoencoder.parameters() == weights + sum(there[1:]) + sum(back[1:])


def test_semi_supervised_is_the_same_architecture_wider_with_a_head_of_three():
    classifier = plan("semi_supervised", "probabilities")
    filters = [layer.output_shape[-1] for layer in classifier.layers if layer.kind == "Conv2D"]
    assert filters == [128, 128, 256, 256, 512, 512]
    head = [layer for layer in layers(classifier, "head") if layer.kind == "Dense"]
    assert [(*layer.output_shape, layer.activation) for layer in head] == [(256, "selu"), (64, "selu"), (8, "softmax")]
    assert classifier.parameters(without=("encoder",)) == (25 * 25 * 512 + 1) * 256 + (256 + 1) * 64 + (64 + 1) * 8
    assert plan("semi_supervised", "pixels").output_shape == (200, 200, 3)


def test_supervised_is_as_published():
    classifier = plan("supervised", "probabilities")
    convolutions = ["Conv2D"] * 7
    assert [layer.kind for layer in classifier.layers] == [
        "Rescaling", *convolutions, "MaxPooling2D", *convolutions, "MaxPooling2D", *convolutions[:3],
        "Flatten", "Dense", "Dense"]
    entry = [layer for layer in classifier.layers if layer.kind == "Conv2D"]
    assert {(layer.output_shape[-1], layer.activation) for layer in entry} == {(64, "relu")}
    dense = [(*layer.output_shape, layer.activation) for layer in classifier.layers[-2:]]
    assert dense == [(256, "selu"), (8, "softmax")]
    assert classifier.layers[-3].output_shape == (50 * 50 * 64,)
    assert plan("supervised", "probabilities", 150).layers[-3].output_shape == (37 * 37 * 64,)


def test_published_learning_is_in_the_phases():
    phases = approaches.find("semi_supervised").phases
    assert [(phase.name, phase.data, phase.frozen) for phase in phases] == [
        ("reconstruct", "source", ()), ("classify", "target.train", ("encoder",))]


@pytest.mark.parametrize("approach", ["conv_autoencoder", "semi_supervised"])
def test_pools_that_leave_a_rest_are_refused_by_the_recipes_key(approach):
    message = rf"approaches\.{approach}\.model\.pools: \[2, 2, 2\].*150 pixels.*\[2, 3, 5, 6, 10"
    with pytest.raises(InputError, match=message):
        plan(approach, "pixels", side=150)


def test_an_image_too_small_for_the_poolings_is_refused():
    with pytest.raises(InputError, match=r"approaches\.supervised\.model\.groups: .* only 3 pixels"):
        plan("supervised", "probabilities", side=3)


@pytest.mark.parametrize(("approach", "sizes", "key"), [
    ("dense_autoencoder", {"widths": ()}, "widths"), ("dense_autoencoder", {"embedding": 0}, "embedding"),
    ("conv_autoencoder", {"filters": (8, 0, 8)}, "filters"), ("conv_autoencoder", {"pools": (2, 2)}, "pools"),
    ("semi_supervised", {"head": (0,)}, "head"), ("supervised", {"dense": -1}, "dense")])
def test_sizes_that_no_network_can_have_are_refused(approach, sizes, key):
    with pytest.raises(ValueError, match=key):
        approaches.find(approach).config(**sizes)
