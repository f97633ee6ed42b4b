"""The published sizes ("Categorizing Facial Expressions", sections 4.2 to 4.4), on paper."""

from itertools import pairwise

import keras
import pytest

from fecemo.errors import InputError
from fecemo.models.approach import find_approach
from fecemo.models.plan import distinct_layers, plan_networks


def plan(approach, network, side=200, channels=3, **sizes):
    found = find_approach(approach)
    return found.plan(found.config(**sizes), (side, side, channels), 8)[network]


def layers(planned, stack):
    return [layer for layer in planned.layers if layer.stack == stack]


def test_dense_autoencoder_is_as_published():
    autoencoder = plan("dense_autoencoder", "autoencoder")
    encoder, decoder = layers(autoencoder, "encoder"), layers(autoencoder, "decoder")
    assert [(layer.kind, *layer.output_shape) for layer in encoder] == [
        ("Flatten", 120000), ("Dense", 2000), ("Dense", 1000), ("Dense", 500), ("Dense", 200), ("Dense", 100)]
    assert [(layer.kind, *layer.output_shape) for layer in decoder] == [
        ("Flatten", 100), ("Dense", 200), ("Dense", 500), ("Dense", 1000), ("Dense", 2000), ("Dense", 120000),
        ("Reshape", 200, 200, 3)]
    assert {layer.activation for layer in (*encoder, *decoder) if layer.kind == "Dense"} == {"selu"}
    # Weights both ways, and a bias a unit: the 485 million that section 4.2 could hardly train.
    widths = [120000, 2000, 1000, 500, 200, 100]
    weights = sum(before * after for before, after in pairwise(widths))
    assert autoencoder.parameters() == 2 * weights + sum(widths[1:]) + sum(widths[:-1]) == 485_367_500


def test_the_sound_output_of_the_dense_autoencoder_is_a_switch():
    sound = plan("dense_autoencoder", "autoencoder", output_activation="sigmoid")
    assert layers(sound, "decoder")[-2].activation == "sigmoid"


@pytest.mark.parametrize(("variant", "side", "channels", "sizes", "embedding"), [
    ("rgb", 200, 3, {}, 25 * 25 * 128), ("gray", 200, 1, {}, 25 * 25 * 128),
    ("tight", 150, 3, {"pools": (2, 3, 5)}, 5 * 5 * 128)])
def test_convolutional_autoencoder_is_as_published(variant, side, channels, sizes, embedding):
    autoencoder = plan("conv_autoencoder", "autoencoder", side, channels, **sizes)
    encoder, decoder = layers(autoencoder, "encoder"), layers(autoencoder, "decoder")
    assert [layer.kind for layer in encoder] == ["Rescaling", *(["Conv2D", "Conv2D", "MaxPooling2D"] * 3)]
    assert [layer.output_shape[-1] for layer in encoder if layer.kind == "Conv2D"] == [32, 32, 64, 64, 128, 128]
    assert [layer.kind for layer in decoder] == ["Conv2DTranspose"] * 6 + ["Reshape"]
    assert [layer.output_shape[-1] for layer in decoder[:6]] == [128, 128, 64, 64, 32, channels]
    assert [layer.activation for layer in decoder[:6]] == ["selu"] * 5 + ["sigmoid"]
    assert autoencoder.output_shape == (side, side, channels)
    assert plan("conv_autoencoder", "encoder", side, channels, **sizes).output_shape == (embedding,)
    there, back = [channels, 32, 32, 64, 64, 128, 128], [128, 128, 128, 64, 64, 32, channels]
    weights = sum(9 * before * after for path in (there, back) for before, after in pairwise(path))
    assert autoencoder.parameters() == weights + sum(there[1:]) + sum(back[1:])


def test_semi_supervised_is_the_same_architecture_wider_with_a_head_of_three():
    classifier = plan("semi_supervised", "classifier")
    filters = [layer.output_shape[-1] for layer in classifier.layers if layer.kind == "Conv2D"]
    assert filters == [128, 128, 256, 256, 512, 512]
    head = [layer for layer in layers(classifier, "head") if layer.kind == "Dense"]
    assert [(*layer.output_shape, layer.activation) for layer in head] == [(256, "selu"), (64, "selu"), (8, "softmax")]
    learns = sum(layer.parameters for layer in distinct_layers([classifier], without=("encoder",)))
    assert learns == (25 * 25 * 512 + 1) * 256 + (256 + 1) * 64 + (64 + 1) * 8
    assert plan("semi_supervised", "autoencoder").output_shape == (200, 200, 3)


def test_supervised_is_as_published():
    classifier = plan("supervised", "classifier")
    convolutions = ["Conv2D"] * 7
    assert [layer.kind for layer in classifier.layers] == [
        "Rescaling", *convolutions, "MaxPooling2D", *convolutions, "MaxPooling2D", *convolutions[:3],
        "Flatten", "Dense", "Dense"]
    found = [layer for layer in classifier.layers if layer.kind == "Conv2D"]
    assert {(layer.output_shape[-1], layer.activation) for layer in found} == {(64, "relu")}
    dense = [(*layer.output_shape, layer.activation) for layer in classifier.layers[-2:]]
    assert dense == [(256, "selu"), (8, "softmax")]
    assert classifier.layers[-3].output_shape == (50 * 50 * 64,)
    assert plan("supervised", "classifier", 150).layers[-3].output_shape == (37 * 37 * 64,)


def test_weights_of_any_kind_of_layer_are_counted():
    stack = [keras.layers.Conv2D(6, 3, use_bias=False, name="plain"), keras.layers.BatchNormalization(name="norm"),
             keras.layers.SeparableConv2D(8, 3, name="separable"), keras.layers.PReLU(name="rectified"),
             keras.layers.GlobalAveragePooling2D(name="mean"), keras.layers.Dense(4, use_bias=False, name="dense")]
    planned = plan_networks({"all": ("stack",)}, {"stack": lambda _: stack}, (12, 12, 3))["all"]
    counts = {layer.name: layer.parameters for layer in planned.layers}
    # 9 · 3 · 6; scale, shift, mean and variance; 9 · 6 + 6 · 8 + 8; one a place; 8 · 4
    assert counts == {"plain": 162, "norm": 24, "separable": 110, "rectified": 512, "mean": 0, "dense": 32}
    built = keras.Sequential([keras.Input((12, 12, 3)), *stack])
    assert planned.parameters() == built.count_params()


def test_published_learning_is_in_the_phases():
    phases = find_approach("semi_supervised").phases
    assert [(phase.name, phase.faces, phase.frozen) for phase in phases] == [
        ("reconstruct", "source", ()), ("classify", "target", ("encoder",))]


@pytest.mark.parametrize("approach", ["conv_autoencoder", "semi_supervised"])
def test_pools_that_leave_a_rest_are_refused_by_the_recipes_key(approach):
    message = rf"approaches\.{approach}\.model\.pools: \[2, 2, 2\].*150 pixels.*\[2, 3, 5, 6, 10"
    with pytest.raises(InputError, match=message):
        plan(approach, "autoencoder", side=150)


def test_an_image_too_small_for_the_poolings_is_refused():
    with pytest.raises(InputError, match=r"approaches\.supervised\.model\.groups: .* only 3 pixels"):
        plan("supervised", "classifier", side=3)


@pytest.mark.parametrize(("approach", "sizes", "key"), [
    ("dense_autoencoder", {"widths": ()}, "widths"), ("dense_autoencoder", {"embedding": 0}, "embedding"),
    ("conv_autoencoder", {"filters": (8, 0, 8)}, "filters"), ("conv_autoencoder", {"pools": (2, 2)}, "pools"),
    ("semi_supervised", {"head": (0,)}, "head"), ("supervised", {"dense": -1}, "dense")])
def test_sizes_that_no_network_can_have_are_refused(approach, sizes, key):
    with pytest.raises(ValueError, match=key):
        find_approach(approach).config(**sizes)
