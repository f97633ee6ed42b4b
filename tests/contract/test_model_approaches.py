"""Every approach on every variant: shapes, one step lowers the loss, save and load give equal outputs."""

import math

import keras
import numpy as np
import pytest
from small_models import CELLS, N_CLASSES, small_config, small_fit, small_shape, some_pixels

from fecemo.models.approach import find_approach
from fecemo.packs.variant import find_variant
from fecemo.training.network_file import load_network, save_network
from fecemo.training.step import TrainingStep


class Cell:
    def __init__(self, approach, variant):
        self.approach, self.variant = find_approach(approach), find_variant(variant)
        self.shape = small_shape(self.variant)
        self.config = small_config(self.approach)
        self.networks = self.approach.build(self.config, self.shape, N_CLASSES, 1)
        self.pixels = some_pixels(self.shape)


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def cell(request):
    return Cell(*request.param)


def outputs(network, pixels):
    return keras.ops.convert_to_numpy(network(pixels))


def test_the_parts_name_each_other(cell):
    """What phases and the output name is there, and each phase's task fits its faces."""
    assert cell.approach.output in cell.networks
    for phase in cell.approach.phases:
        assert {layer.name for layer in cell.networks[phase.network].layers} >= set(phase.frozen)
        assert (phase.task == "classify") == (phase.faces == "target")
    learns_emotions = any(phase.task == "classify" for phase in cell.approach.phases)
    assert (cell.approach.predicts_by == "classifier") == learns_emotions


def test_outputs_have_the_shapes_and_ranges_that_the_contract_states(cell):
    for phase in cell.approach.phases:
        made = outputs(cell.networks[phase.network], cell.pixels)
        assert made.shape == ((8, *cell.shape) if phase.task == "reconstruct" else (8, N_CLASSES))
        assert made.dtype == np.float32
        if phase.task == "classify":
            np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-5)
    made = outputs(cell.networks[cell.approach.output], cell.pixels)
    assert made.ndim == 2
    assert np.isfinite(made).all()
    assert np.ptp(made, axis=0).max() > 0, "the output does not depend on the face"


def test_the_plan_on_paper_is_the_network_that_is_built(cell):
    plans = cell.approach.plan(cell.config, cell.shape, N_CLASSES)
    assert plans.keys() == cell.networks.keys()
    for name, plan in plans.items():
        network = cell.networks[name]
        assert plan.parameters() == network.count_params()
        assert plan.output_shape == network.output_shape[1:]
        built = [layer for stack in network.layers[1:] for layer in stack.layers]
        assert [layer.name for layer in plan.layers] == [layer.name for layer in built]
        assert [layer.output_shape for layer in plan.layers] == [layer.output.shape[1:] for layer in built]
        assert plan.activations() == sum(math.prod(layer.output_shape) for layer in plan.layers)


def test_first_weights_follow_from_the_seed(cell):
    again = cell.approach.build(cell.config, cell.shape, N_CLASSES, 1)
    other = cell.approach.build(cell.config, cell.shape, N_CLASSES, 2)
    for name, network in cell.approach.build(cell.config, cell.shape, N_CLASSES, 1).items():
        for weights, same, different in zip(network.get_weights(), again[name].get_weights(), other[name].get_weights(),
                                            strict=True):
            np.testing.assert_array_equal(weights, same)
            assert weights.ndim == 1 or (weights != different).mean() > 0.9  # biases begin at zero


def test_one_step_lowers_the_loss_of_every_phase_and_saved_networks_give_equal_outputs(cell, tmp_path):
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 3], np.int32)  # uneven, so that the last biases have something to learn
    everyone = np.ones(8, np.float32)
    for phase in cell.approach.phases:
        # Squared differences, because the slope of a cross-entropy is no guide where pixels are clipped at 0 or 1:
        # there even a small step of a SELU output can cost more than it gains.
        loss = "mean_squared_error" if phase.task == "reconstruct" else "categorical_crossentropy"
        fit = small_fit(phase.task, loss=loss, learning_rate=1e-5 if phase.task == "reconstruct" else 1e-4)
        step = TrainingStep(cell.networks[phase.network], phase.task, fit, N_CLASSES)
        given = labels if phase.task == "classify" else None
        before = step.step(cell.pixels, given, everyone)["loss"]
        after = step.step(cell.pixels, given, everyone)["loss"]
        assert math.isfinite(before)
        assert after < before
    again = cell.approach.build(cell.config, cell.shape, N_CLASSES, 1)
    for name, network in cell.networks.items():
        again[name].set_weights(network.get_weights())
        save_network(again[name], tmp_path / f"{name}.keras")
        bytes_of_an_equal_network = (tmp_path / f"{name}.keras").read_bytes()
        save_network(network, tmp_path / f"{name}.keras")
        assert (tmp_path / f"{name}.keras").read_bytes() == bytes_of_an_equal_network
        np.testing.assert_array_equal(outputs(load_network(tmp_path / f"{name}.keras"), cell.pixels),
                                      outputs(network, cell.pixels))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.keras" for name in cell.networks)
