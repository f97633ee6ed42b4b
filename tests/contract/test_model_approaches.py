"""Every approach on every variant: shapes, one step lowers the loss, save and load give equal outputs."""

import math

import keras
import numpy as np
import pytest
from small_models import (
    CELLS,
    LOSSES,
    N_CLASSES,
    input_shape,
    networks_of,
    small_config,
    small_examples,
    small_fit,
    some_inputs,
)

from fecemo.data.variant import find_variant
from fecemo.models.approach import find_approach
from fecemo.models.loss import losses
from fecemo.study.faces.example_set import find_example_set
from fecemo.training.network_file import load_network, save_network
from fecemo.training.step import TrainingStep


class Cell:
    def __init__(self, approach, variant):
        self.approach, self.variant = find_approach(approach), find_variant(variant)
        self.shape = input_shape(self.approach, self.variant)
        self.config = small_config(self.approach)
        self.networks = self.approach.build(self.config, self.shape, N_CLASSES, 1)
        self.inputs = some_inputs(self.shape)


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def cell(request):
    return Cell(*request.param)


def outputs(network, inputs):
    return keras.ops.convert_to_numpy(network(inputs))


def test_the_parts_name_each_other(cell):
    """What phases and the output name is there, and each phase can be taught by some loss."""
    assert cell.approach.output in cell.networks
    for phase in cell.approach.phases:
        stacks = {layer.name for network in networks_of(phase, cell.networks).values() for layer in network.layers}
        assert stacks >= set(phase.frozen)
        known = find_example_set(phase.faces).gives
        assert [kind for kind in losses().values() if kind.looks_at in phase.outputs and kind.learns_from in known]
    gives_emotions = any("probabilities" in phase.outputs for phase in cell.approach.phases)
    assert (cell.approach.predicts_by == "classifier") == gives_emotions


def test_outputs_have_the_shapes_and_ranges_that_the_contract_states(cell):
    for phase in cell.approach.phases:
        for output, network in networks_of(phase, cell.networks).items():
            made = outputs(network, cell.inputs)
            assert made.shape[1:] == {"pixels": cell.shape, "probabilities": (N_CLASSES,)}.get(output, made.shape[1:])
            assert made.dtype == np.float32
            if output == "probabilities":
                np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-5)
    made = outputs(cell.networks[cell.approach.output], cell.inputs)
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
        # A stack that branches orders its layers otherwise than they are written down, and counts its input.
        built = {(stack.name, layer.name): (layer.output.shape[1:], layer.count_params())
                 for stack in network.layers[1:] for layer in stack.layers
                 if not isinstance(layer, keras.layers.InputLayer)}
        assert {(layer.stack, layer.name): (layer.output_shape, layer.parameters) for layer in plan.layers} == built
        assert list(dict.fromkeys(layer.stack for layer in plan.layers)) == [
            stack.name for stack in network.layers[1:]]
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
        fit = small_fit(phase, {**LOSSES, "pixels": "mean_squared_error"},
                        learning_rate=1e-5 if "pixels" in phase.outputs else 1e-4)
        examples = small_examples(phase, labels)
        step = TrainingStep(networks_of(phase, cell.networks), fit, examples, N_CLASSES)
        inputs = cell.inputs[examples.rows.ravel()]
        before = step.step(inputs, examples.targets, everyone)["loss"]
        after = step.step(inputs, examples.targets, everyone)["loss"]
        assert math.isfinite(before)
        assert after < before
    again = cell.approach.build(cell.config, cell.shape, N_CLASSES, 1)
    for name, network in cell.networks.items():
        again[name].set_weights(network.get_weights())
        save_network(again[name], tmp_path / f"{name}.keras")
        bytes_of_an_equal_network = (tmp_path / f"{name}.keras").read_bytes()
        save_network(network, tmp_path / f"{name}.keras")
        assert (tmp_path / f"{name}.keras").read_bytes() == bytes_of_an_equal_network
        np.testing.assert_array_equal(outputs(load_network(tmp_path / f"{name}.keras"), cell.inputs),
                                      outputs(network, cell.inputs))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.keras" for name in cell.networks)
