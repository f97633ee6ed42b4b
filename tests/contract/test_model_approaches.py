"""Every approach on every variant: dict in, dict out, one step lowers the loss, save and load give equal outputs."""

import math

import keras
import numpy as np
import pytest
from small_models import (
    CELLS,
    N_CLASSES,
    input_shapes,
    small_config,
    small_examples,
    small_fit,
    some_inputs,
)

from fecemo.data.variants import variants
from fecemo.models.approach import PROBABILITIES_OF, approaches
from fecemo.models.description import describe
from fecemo.models.layers import adapt_inputs
from fecemo.study.faces.data_names import read_data_name
from fecemo.training.network_file import load_network, refuse_unstorable, save_network
from fecemo.training.optimizers import SGD
from fecemo.training.step import TrainingStep


class Cell:
    def __init__(self, approach, variant):
        self.approach, self.variant = approaches.find(approach), variants.find(variant)
        self.config = small_config(self.approach)
        self.shapes = input_shapes(self.approach, self.config, self.variant)
        self.model = self.new_model(1)
        self.first_weights = self.model.get_weights()
        self.inputs = some_inputs(self.shapes)
        for name, column in self.approach.columns(self.config).items():
            if column.startswith(PROBABILITIES_OF):
                shares = np.exp(self.inputs[name])
                self.inputs[name] = shares / shares.sum(axis=1, keepdims=True)

    def new_model(self, seed):
        return self.approach.model(self.config, self.shapes, N_CLASSES, seed)


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def cell(request):
    return Cell(*request.param)


def outputs(model, inputs):
    return {name: keras.ops.convert_to_numpy(values) for name, values in model(inputs).items()}


@pytest.mark.parametrize("name", approaches())
def test_an_entry_is_whole(name):
    approach = approaches.find(name)
    assert (approach.build is None) == (approach.descriptor is not None)
    assert approach.title
    assert set(approach.readouts.values()) <= {"clusters", "argmax", "regression"}
    for phase in approach.phases:
        assert read_data_name(phase.data, ("source", "target"))
        assert phase.targets
        assert set(phase.frozen) <= set(approach.submodels)


def test_it_takes_a_dict_and_gives_the_outputs_that_it_declares(cell):
    assert set(cell.model.input) == set(cell.approach.columns(cell.config))
    assert set(cell.model.output) == set(cell.approach.outputs)
    assert {layer.name for layer in cell.model.layers if isinstance(layer, keras.Model)} == set(cell.approach.submodels)


def test_outputs_have_the_shapes_and_ranges_that_their_targets_and_readouts_ask_for(cell):
    made = outputs(cell.model, cell.inputs)
    targets = {output: target for phase in cell.approach.phases for output, target in phase.targets.items()}
    for output, values in made.items():
        assert values.dtype == np.float32
        if targets.get(output) == "image":
            assert values.shape[1:] == next(iter(cell.shapes.values()))
        if cell.approach.readouts.get(output) == "argmax":
            assert values.shape[1:] == (N_CLASSES,)
            np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-5)
    for output in cell.approach.readouts:
        assert made[output].ndim == 2
        assert np.isfinite(made[output]).all()
        assert np.ptp(made[output], axis=0).max() > 0, "the output does not depend on the face"


def test_the_outline_has_the_layers_and_the_weights_of_the_model(cell):
    outline = cell.approach.outline(cell.config, cell.shapes, N_CLASSES)
    assert outline.count_params() == cell.model.count_params()
    for output in cell.approach.outputs:
        described = describe(outline, [output])
        assert described == describe(cell.model, [output])
        assert described.output_shape == cell.model.output[output].shape[1:]
        assert {layer.stack for layer in described.layers} <= {layer.name for layer in cell.model.layers}
    everything = describe(outline, list(cell.approach.outputs))
    assert everything.parameters() == outline.count_params()
    assert everything.activations() == sum(math.prod(layer.output_shape) for layer in everything.layers)


def test_first_weights_follow_from_the_seed(cell):
    same, different = cell.new_model(1), cell.new_model(2)
    for weights, again, other in zip(cell.first_weights, same.get_weights(), different.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, again)
        # Biases, learned positions and the slopes of a PReLU begin at a constant.
        assert weights.ndim < 2 or not np.ptp(weights) or (weights != other).mean() > 0.9
    assert [layer.name for layer in same.layers] == [layer.name for layer in different.layers]


def test_one_step_lowers_the_loss_of_every_phase_and_saved_models_give_equal_outputs(cell, tmp_path):
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 3], np.int32)  # uneven, so that the last biases have something to learn
    everyone = np.ones(8, np.float32)
    adapt_inputs(cell.model, lambda name: cell.inputs[name])
    for phase in cell.approach.phases:
        pixels = "image" in phase.targets.values()
        # Plain descent, of which a compiler makes a fifth of the code that Adam takes for each weight.
        fit = small_fit(phase, learning_rate=1e-5) if pixels else small_fit(phase, optimizer=SGD(), learning_rate=1e-3)
        examples = small_examples(phase, labels)
        step = TrainingStep(cell.model, fit, examples, N_CLASSES)
        inputs = {name: values[examples.rows.ravel()] for name, values in cell.inputs.items()}
        before = step.step(inputs, examples.targets, everyone)["loss"]
        after = step.step(inputs, examples.targets, everyone)["loss"]
        assert math.isfinite(before)
        assert after < before
    refuse_unstorable(cell.model, tmp_path)
    again = cell.new_model(1)
    again.set_weights(cell.model.get_weights())
    save_network(again, tmp_path / "model.keras")
    bytes_of_an_equal_model = (tmp_path / "model.keras").read_bytes()
    save_network(cell.model, tmp_path / "model.keras")
    assert (tmp_path / "model.keras").read_bytes() == bytes_of_an_equal_model
    loaded, mine = outputs(load_network(tmp_path / "model.keras"), cell.inputs), outputs(cell.model, cell.inputs)
    assert loaded.keys() == mine.keys()
    for name in mine:
        np.testing.assert_array_equal(loaded[name], mine[name])
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
