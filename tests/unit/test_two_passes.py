"""Sharpness-aware minimization: two gradients of one batch, altered alike, around any other optimizer."""

import keras
import numpy as np
import pytest

from fecemo.data.choices import choose_one
from fecemo.data.receipts import plain
from fecemo.errors import InputError
from fecemo.models.loss import LossTerm
from fecemo.models.losses.centres import Centre
from fecemo.models.losses.numbers import MeanSquaredError
from fecemo.training.augmentations.photometric import Noise
from fecemo.training.examples import Examples
from fecemo.training.fit import train
from fecemo.training.optimizers import SAM, SGD, Adam, AdamW, Averaged, optimizers
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep
from fecemo.training.training_job import TrainingJob, TrainingPhase

ONES = np.ones(4, np.float32)


def valley(optimizer):
    """Return a step on f = ½ (w₁² + 4 w₂²) from (1, 1): the mean of two squares, one of them stretched by 2."""
    vector = keras.Input((1,), name="vector")
    weights = keras.layers.Dense(2, use_bias=False, kernel_initializer="ones", name="w")(vector)
    model = keras.Model({"vector": vector}, {"out": keras.layers.Rescaling([1.0, 2.0], name="stretch")(weights)})
    zeros = {"out": np.zeros((4, 2), np.float32)}
    fit = FitSettings((LossTerm(MeanSquaredError(), "out", "out"),), optimizer, 0.1, 1, batch_size=4)
    step = TrainingStep(model, fit, Examples(np.arange(4), zeros), 1)
    return step, lambda: step.step({"vector": np.ones((4, 1), np.float32)}, zeros, ONES), model


def test_by_hand():
    """Here e = (.012127, .048507), and the slope at w + e is (1.012127, 4.194029)."""
    step, take, model = valley(SAM("sgd"))
    figures = take()
    assert figures["loss"] == pytest.approx(2.5), "the loss is that at the weights"
    np.testing.assert_allclose(model.get_weights()[0], [[0.898787, 0.580597]], atol=1e-6)
    ways_up = [keras.ops.convert_to_numpy(variable) for variable in step.optimizer.variables
               if "way_up" in variable.path]
    np.testing.assert_allclose(ways_up, [[[0.012127, 0.048507]]], atol=1e-6)
    assert int(step.optimizer.iterations) == 1


def test_a_mean_of_the_weights_by_hand():
    """From 1 by a rate of .1 on ½ w²: .9, .81, .729; the mean by β = ½ is .9, .855, .792. The other falls by .4."""
    step, take, model = valley(Averaged("sgd", beta=0.5))
    for _ in range(3):
        take()
    np.testing.assert_allclose(model.get_weights()[0], [[0.9**3, 0.6**3]], atol=1e-6)
    step.end_phase()
    second = (0.6 + 0.6**2) / 2 / 2 + 0.6**3 / 2
    np.testing.assert_allclose(model.get_weights()[0], [[0.792, second]], atol=1e-6)


def test_the_mean_is_what_a_finished_training_stored(tmp_path):
    """Three epochs of one batch; a second call finds them done, and must not fall back to the last weights."""
    def training():
        _, _, model = valley(SGD())
        terms = (LossTerm(MeanSquaredError(), "out", "out"),)
        fit = FitSettings(terms, Averaged("sgd", beta=0.5), 0.1, 3, batch_size=4)
        examples = Examples(np.arange(4), {"out": np.zeros((4, 2), np.float32)})
        phase = TrainingPhase("descend", (), fit, {"vector": np.ones((4, 1), np.float32)}, examples)
        return TrainingJob("valley", model, [phase], None, 1, 0, tmp_path, "a")

    for job in (training(), training()):
        train(job)
        assert job.model.get_weights()[0][0, 0] == pytest.approx(0.792)


def test_the_mean_of_other_optimizers_is_put_in_place_at_the_end_of_a_phase_and_not_by_them():
    plainly, averaged = valley(AdamW(weight_decay=0.01)), valley(Averaged({"adamw": {"weight_decay": 0.01}}))
    for _ in range(3):
        plainly[1](), averaged[1]()
    np.testing.assert_allclose(averaged[2].get_weights()[0], plainly[2].get_weights()[0], rtol=1e-6)
    plainly[0].end_phase(), averaged[0].end_phase()
    assert (averaged[2].get_weights()[0] > plainly[2].get_weights()[0]).all(), "it came from above"
    with pytest.raises(ValueError, match="leave one of them out"):
        FitSettings((LossTerm(MeanSquaredError(), "out", "out"),), Averaged(), 0.1, 2, validate_on=0.2, keep="best")


def test_around_adam_a_small_way_up_is_adam():
    climbed, plain_adam = valley(SAM("adam", rho=1e-7)), valley(Adam())
    for _ in range(3):
        climbed[1](), plain_adam[1]()
    np.testing.assert_allclose(climbed[2].get_weights()[0], plain_adam[2].get_weights()[0], rtol=1e-5)


def chancy(optimizer):
    """Return weights after two steps on faces that chance alters, before and inside of the network; and the centres."""
    keras.utils.set_random_seed(1)
    image = keras.Input((4, 4, 1), name="image")
    flat = keras.layers.Dropout(0.5)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image)))
    model = keras.Model({"image": image}, {"out": keras.layers.Dense(3)(flat)})
    labels = {"label": np.array([0, 1, 0, 1], np.int32)}
    fit = FitSettings((LossTerm(Centre(), "out", "label"),), optimizer, 0.5, 1, batch_size=4, augment=(Noise(),))
    step = TrainingStep(model, fit, Examples(np.arange(4), labels), 2)
    faces = np.random.default_rng(0).uniform(0, 255, (4, 4, 4, 1)).astype(np.float32)
    for number in range(2):
        step.step({"image": faces}, labels, ONES, seed=number)
    return [*model.get_weights(), keras.ops.convert_to_numpy(step.state[0])]


def test_both_passes_see_the_same_chance_and_what_a_loss_remembers_moves_once():
    for climbed, plain_sgd in zip(chancy(SAM("sgd", rho=1e-6)), chancy(SGD()), strict=True):
        np.testing.assert_allclose(climbed, plain_sgd, rtol=1e-4, atol=1e-5)


def test_a_recipe_names_the_optimizer_within():
    optimizer_settings = {"sam": {"base": {"adamw": {"weight_decay": 0.01}}, "rho": 0.1}}
    chosen = choose_one(optimizers, optimizer_settings, "a.yaml: optimizer")
    assert chosen == SAM(AdamW(weight_decay=0.01), rho=0.1)
    assert plain(chosen)["base"]["weight_decay"] == 0.01


@pytest.mark.parametrize(("optimizer_settings", "message"), [
    ({"base": "adamm"}, r"base: there is no optimizer 'adamm': did you mean 'adam'"),
    ({"base": {"sgd": {"momentum": 2}}}, r"base.*momentum must be at least 0 and below 1"),
    ({"base": "sam"}, "one gradient of a batch, not sam"), ({"rho": 0}, "rho must be above 0"),
    ({"base": 3}, "expected the name")])
def test_what_is_not_sound_is_refused_by_its_key(optimizer_settings, message):
    with pytest.raises(InputError, match=r"a\.yaml: optimizer\.sam: .*" + message):
        choose_one(optimizers, {"sam": optimizer_settings}, "a.yaml: optimizer")


def test_gradients_are_not_gathered_over_batches_too():
    with pytest.raises(ValueError, match="accumulate must be 1 with sam"):
        FitSettings((LossTerm(MeanSquaredError(), "out", "out"),), SAM(), 0.1, 1, accumulate=2)
