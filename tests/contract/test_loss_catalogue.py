"""Every loss of the catalogue: slopes by finite differences, faces that only fill up a batch, state in checkpoints."""

import keras
import numpy as np
import pytest

from fecemo.models.loss import LossTerm, losses
from fecemo.training.augmentations.geometric import Flip
from fecemo.training.examples import Examples
from fecemo.training.optimizers import SGD
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

N_CLASSES = 4
EXAMPLES = 5
WIDTH = 6
SHAPES = {"class_batch_attention": (N_CLASSES, 5)}
"""Outputs that have a shape of their own."""
SETTINGS = {"consistency": {"threshold": 0.5}}
"""Of losses that by their usual ones learn nothing from the numbers of the table: answers of which they are unsure."""


class Case:
    """A model that gives each face a row of a table, so that the slope at an output is that of a weight."""

    def __init__(self, name):
        self.loss = losses()[name](**SETTINGS.get(name, {}))
        chance = np.random.default_rng(1)
        faces = EXAMPLES * self.loss.group_size
        per_face = SHAPES.get(name, (N_CLASSES,) if self.loss.has_accuracy and self.loss.target_kind == "classes"
                              else (WIDTH,))
        self.rows = np.arange(faces) if self.loss.group_size == 1 else np.arange(faces).reshape(EXAMPLES, -1)
        numbers = chance.uniform(0.1, 0.9, (EXAMPLES, WIDTH)).astype(np.float32)
        self.target = {"classes": np.array([0, 2, 2, 1, 0], np.int32), "triplet": np.array([0, 1, 2, 0, 1], np.int32),
                       "numbers": numbers, "views": None}[self.loss.target_kind]
        name = self.loss.target_kind if self.loss.target_kind in ("views", "triplet") else "column"
        self.examples = Examples(self.rows, {} if self.target is None else {name: self.target})
        self.pixels = 255 * np.eye(faces, dtype=np.float32).reshape(faces, faces, 1, 1)
        self.table = chance.uniform(0.1, 0.9, (faces, int(np.prod(per_face)))).astype(np.float32)
        dense = keras.layers.Dense(self.table.shape[1], use_bias=False, name="table")
        image = keras.Input(self.pixels.shape[1:], name="image")
        row = dense(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image)))
        self.model = keras.Model({"image": image}, {"output": keras.layers.Reshape(per_face)(row)})
        dense.set_weights([self.table])
        self.fit = FitSettings((LossTerm(self.loss, "output", name, self.loss.default_weight),), SGD(), 1.0, 1,
                               batch_size=EXAMPLES,
                               augment=(Flip(probability=0.0),))  # asked for where views are compared; changes nothing
        self.step = TrainingStep(self.model, self.fit, self.examples, N_CLASSES)
        memory, = self.step.memory.values()
        for variable in memory.values():
            variable.assign(chance.uniform(0.2, 1, variable.shape))
        self.state = {key: keras.ops.copy(variable.value) for key, variable in memory.items()}
        self.per_face = per_face

    def losses_at(self, table, weights, upto=EXAMPLES):
        output = table.reshape(-1, *self.per_face)
        if self.loss.group_size > 1:
            output = output.reshape(-1, self.loss.group_size, *self.per_face)
        result = self.loss.per_example(
            keras.ops.convert_to_tensor(output[:upto].astype(np.float32)),
            None if self.target is None else keras.ops.convert_to_tensor(self.target[:upto]),
            keras.ops.convert_to_tensor(weights[:upto]), self.state)
        return keras.ops.convert_to_numpy(result)


@pytest.fixture(params=losses())
def case(request):
    return Case(request.param)


def test_an_entry_is_whole(case):
    assert type(case.loss).__doc__
    assert losses()[case.loss.name] is type(case.loss)
    assert case.loss.target_kind in ("classes", "numbers", "views", "triplet")
    assert case.loss.group_size == {"views": 2, "triplet": 3}.get(case.loss.target_kind, 1)


def test_one_number_an_example(case):
    result = case.losses_at(case.table, np.ones(EXAMPLES, np.float32))
    assert result.shape == (EXAMPLES,)
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert (result >= 0).all()


def test_slopes_are_those_of_finite_differences(case):
    weights = np.array([1, 1, 1, 1, 0], np.float32)
    metrics = case.step.step({"image": case.pixels}, dict(case.examples.targets), weights)
    slopes = case.table - case.model.get_layer("table").get_weights()[0]

    def mean_loss(table):
        return float((case.loss.default_weight * case.losses_at(table, weights) * weights).astype(np.float64).sum() / 4)

    assert metrics["loss"] == pytest.approx(mean_loss(case.table), rel=1e-5)
    expected = np.zeros_like(case.table)
    for place in np.ndindex(*case.table.shape):
        nudge = np.zeros_like(case.table)
        nudge[place] = 1e-2
        expected[place] = (mean_loss(case.table + nudge) - mean_loss(case.table - nudge)) / 2e-2
    assert np.abs(expected).max() > 1e-3, "there is nothing to compare"
    np.testing.assert_allclose(slopes, expected, atol=0.02 * np.abs(expected).max())
    faces_at_no_weight = slopes[-case.loss.group_size:]
    np.testing.assert_array_equal(faces_at_no_weight, 0)


def test_examples_at_no_weight_touch_no_other(case):
    weights = np.array([1, 1, 1, 0, 0], np.float32)
    spoilt = case.table.copy()
    spoilt[-2 * case.loss.group_size:] = 0.5
    alone = case.losses_at(case.table, weights, upto=3)
    for table in (case.table, spoilt):
        np.testing.assert_allclose(case.losses_at(table, weights)[:3], alone, rtol=1e-5, atol=1e-6)
    state_after = []
    for filling in (0, 1):
        other = Case(case.loss.name)
        pixels = other.pixels.copy()
        pixels[-other.loss.group_size:] = np.roll(pixels[-other.loss.group_size:], filling, axis=1)
        targets = {key: np.concatenate([values[:4], values[filling:filling + 1]])
                   for key, values in other.examples.targets.items()}
        other.step.step({"image": pixels}, targets, np.array([1, 1, 1, 1, 0], np.float32))
        state_after.append([keras.ops.convert_to_numpy(variable) for variable in other.step.state])
    for first, second in zip(*state_after, strict=True):
        np.testing.assert_array_equal(first, second)
