"""Residual networks: published sizes on paper, blocks by numbers computed by hand, what freezing freezes."""

import dataclasses

import numpy as np
import pytest

from fecemo.models.approach import approaches
from fecemo.models.description import describe
from fecemo.models.residual import ResidualConfig, squeeze_and_excitation
from fecemo.training.backend import import_keras

keras = import_keras()
SMALL = {"side": 16, "blocks": (2, 1, 1, 1), "filters": 4, "features": 6}


def plan(approach, **sizes):
    result = approaches.find(approach)
    return describe(result.outline(result.config(**sizes), {"image": (200, 200, 3)}, 8), ["probabilities"])


def small(approach="se_resnet", side=16, seed=1):
    result = approaches.find(approach)
    return result.model(result.config(**SMALL), {"image": (side, side, 3)}, 8, seed)


def faces(n=6, side=16):
    return np.random.default_rng(0).uniform(0, 255, (n, side, side, 3)).astype(np.float32)


@pytest.mark.parametrize(("approach", "published"), [("resnet", 23_508_032), ("se_resnet", 26_039_024)])
def test_weights_up_to_the_pooling_are_as_many_as_published(approach, published):
    """25,557,032 and 28,088,024 with 1000 classes, without a bias of convolutions; moving statistics are no weights."""
    layers = [layer for layer in plan(approach).layers if layer.stack.startswith("stage_")]
    norms = sum(layer.parameters for layer in layers if layer.kind == "BatchNormalization")
    assert sum(layer.parameters for layer in layers) - norms // 2 == published


def test_stages_have_the_published_sizes_and_the_head_is_added():
    planned = plan("se_resnet")
    last = {layer.stack: layer for layer in planned.layers}
    assert [last[f"stage_{number}"].output_shape for number in range(1, 6)] == [
        (112, 112, 64), (56, 56, 256), (28, 28, 512), (14, 14, 1024), (7, 7, 2048)]
    assert last["features"].output_shape == (512,)
    assert last["features"].parameters == 2049 * 512
    assert (last["head"].output_shape, last["head"].parameters) == ((8,), 513 * 8)
    blocks = [layer.name for layer in planned.layers if layer.kind == "Add"]
    assert len(blocks) == 3 + 4 + 6 + 3
    squeezed = {layer.parameters for layer in planned.layers if layer.name.endswith("excite_1")}
    assert squeezed == {(wide + 1) * wide // 16 for wide in (256, 512, 1024, 2048)}


def test_the_plain_network_is_the_same_without_excitation():
    without = {layer for layer in plan("se_resnet").layers
               if not layer.name.endswith(("squeeze", "excite_1", "excite_2", "scale"))}
    assert without == set(plan("resnet").layers)


def test_squeeze_and_excitation_by_hand():
    entering = keras.Input((2, 2, 2))
    block = keras.Model(entering, squeeze_and_excitation("block", entering, 1))
    block.set_weights([np.array([[1.0, 0.0], [0.0, -1.0]]), np.array([0.0, 1.0]),
                       np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0.0, np.log(3.0)])])
    face = np.stack([[[1.0, 2.0], [3.0, 2.0]], [[4.0, 4.0], [8.0, 4.0]]], axis=-1)[None].astype(np.float32)
    # Means 2 and 5; ReLU of 2 and 1 − 5 gives 2 and 0; σ(2) and σ(log 3) = 3 / 4.
    expected = face * np.array([1 / (1 + np.exp(-2.0)), 0.75], np.float32)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(block(face)), expected, rtol=1e-6)


def test_a_block_adds_what_entered():
    """With the last normalization at zero, a block without a convolution in its shortcut is a ReLU of what entered."""
    network = small("resnet")
    stage = network.get_layer("stage_2")
    stage.get_layer("block_2_3_norm").gamma.assign(np.zeros(16, np.float32))
    through = keras.Model(stage.input, [stage.get_layer("block_1_relu").output, stage.get_layer("block_2_relu").output])
    entered, left = through(np.random.default_rng(1).normal(size=(2, 8, 8, 4)).astype(np.float32))
    entered = keras.ops.convert_to_numpy(entered)
    assert entered.max() > 0
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(left), entered)


@pytest.mark.parametrize(("side", "channels"), [(16, 3), (20, 3), (16, 1)])
def test_faces_are_resized_and_normalized_as_they_enter(side, channels):
    result = approaches.find("resnet")
    entry = result.model(result.config(**SMALL), {"image": (side, side, channels)}, 8, 1).get_layer("entry")
    made = keras.ops.convert_to_numpy(entry(np.full((1, side, side, channels), 127.5, np.float32)))
    assert made.shape == (1, 16, 16, channels)
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (0.5 - mean) / deviation if channels == 3 else [(0.5 - mean.mean()) / deviation.mean()]
    np.testing.assert_allclose(made[0, 5, 5], expected, rtol=1e-4)


def test_frozen_stages_keep_their_statistics_too():
    network = small()
    first = network.get_layer("stage_1").get_layer("norm")
    before = keras.ops.convert_to_numpy(first.moving_mean.value)
    network.get_layer("stage_1").trainable = False
    network(faces(), training=True)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(first.moving_mean.value), before)
    network.get_layer("stage_1").trainable = True
    network(faces(), training=True)
    assert (keras.ops.convert_to_numpy(first.moving_mean.value) != before).all()


def test_pooling_pads_where_the_published_models_do():
    picture = np.zeros((1, 8, 8, 4), np.float32)
    picture[0, 0, 0], picture[0, 2, 2] = 1, 2
    made = {}
    for padding in ("both", "end"):
        result = approaches.find("resnet")
        config = dataclasses.replace(result.config(**SMALL), pool_padding=padding)
        stage = result.model(config, {"image": (16, 16, 3)}, 8, 1).get_layer("stage_2")
        pooled = keras.Model(stage.input, stage.get_layer("pool").output)(picture)
        made[padding] = keras.ops.convert_to_numpy(pooled)[0, :2, :2, 0].tolist()
    assert made == {"both": [[1, 0], [0, 2]], "end": [[2, 2], [2, 2]]}


@pytest.mark.parametrize(("sizes", "message"), [
    ({"blocks": (3, 4, 6, 0)}, "blocks"), ({"deviation": (1.0, 0.0, 1.0)}, "deviation"), ({"side": 3}, "side")])
def test_sizes_that_no_network_can_have_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        ResidualConfig(**sizes)


def test_every_layer_is_named_for_its_place():
    names = [layer.name for layer in small().get_layer("stage_2").layers[1:]]
    assert {"pool_pad", "pool"} <= set(names)
    assert len(names) == len(set(names))
    assert all(name.startswith(("pool", "block_1_", "block_2_")) for name in names)
