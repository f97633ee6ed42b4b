"""Optimizers and schedules: by hand, and as the loop uses them."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from small_training import small_training

from fecemo.training import epoch
from fecemo.training.fit import train
from fecemo.training.optimizers import SGD, Adam, AdamW, Nadam, RMSprop, optimizers
from fecemo.training.schedules import Constant, Cosine, Halved, schedules

ALL = [*(kind() for kind in optimizers().values()), SGD(momentum=0.9), SGD(weight_decay=0.1),
       RMSprop(momentum=0.9)]


def steps_of(optimizer, rate, slopes, begun=1.0):
    """Return a weight after each step along given slopes."""
    weight = keras.Variable(np.array([begun], np.float32))
    built = optimizer.build(rate, None)
    built.build([weight])
    seen = []
    for slope in slopes:
        built.apply([keras.ops.convert_to_tensor(np.array([slope], np.float32))], [weight])
        seen.append(float(keras.ops.convert_to_numpy(weight)[0]))
    return seen


@pytest.mark.parametrize("optimizer", ALL, ids=str)
def test_what_it_keeps_for_each_weight_is_what_it_says(optimizer):
    weight = keras.Variable(np.ones((3, 5), np.float32))
    built = optimizer.build(0.1, None)
    built.build([weight])
    kept = sum(int(np.prod(variable.shape)) for variable in built.variables if tuple(variable.shape) == (3, 5))
    assert kept == 15 * optimizer.slots


@pytest.mark.parametrize("optimizer", ALL, ids=str)
def test_a_step_goes_down_the_slope(optimizer):
    assert steps_of(optimizer, 0.01, [2.0])[0] < 1 < steps_of(optimizer, 0.01, [-2.0])[0]


def test_momentum_and_decay_by_hand():
    # g = 1, then 0; decay .1 at w = 1: v = −.5 · (1 + .1) = −.55, w = .45;
    # v = .9 · −.55 − .5 · (0 + .045) = −.5175, w = −.0675
    result = steps_of(SGD(momentum=0.9, weight_decay=0.1), 0.5, [1.0, 0.0])
    np.testing.assert_allclose(result, [0.45, -0.0675], rtol=1e-5)


@pytest.mark.parametrize(("kind", "settings"), [
    (Adam, {"beta_1": 0.8, "epsilon": 1e-5}), (AdamW, {"weight_decay": 1e-3}), (RMSprop, {"rho": 0.8, "momentum": 0.5}),
    (Nadam, {}), (SGD, {"momentum": 0.5, "nesterov": True})])
def test_settings_reach_keras(kind, settings):
    built = kind(**settings).build(0.1, 4)
    assert isinstance(built, getattr(keras.optimizers, kind.keras_name))
    assert settings.items() <= built.get_config().items()
    assert built.gradient_accumulation_steps == 4


def test_recipes_name_optimizers_without_importing_keras():
    program = ("import sys\nfrom fecemo.data.choices import choose_one\n"
               "from fecemo.training.optimizers import optimizers\n"
               "choose_one(optimizers, {'sgd': {'momentum': 0.9}}, 'r.yaml')\n"
               "sys.exit('keras' in sys.modules)")
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60,
                   env={"PYTHONPATH": str(Path(epoch.__file__).parents[2])})


def test_adamw_is_adam_with_a_shrunken_weight():
    plain, shrunken = steps_of(Adam(), 0.1, [1.0]), steps_of(AdamW(weight_decay=0.5), 0.1, [1.0])
    assert shrunken[0] == pytest.approx(plain[0] - 0.1 * 0.5 * 1.0, rel=1e-5)


class TestSchedules:
    def test_every_one_begins_and_stays_within_the_rate(self):
        for kind in schedules().values():
            factors = [kind().factor(done, 30) for done in np.arange(0, 30, 0.25)]
            assert factors[0] == 1
            assert all(0 <= factor <= 1 for factor in factors)

    def test_by_hand(self):
        assert {Constant().factor(done, 9) for done in (0, 4.5, 8.9)} == {1.0}
        assert [Halved(every=10).factor(done, 40) for done in (0, 9.9, 10, 20, 39)] == [1, 1, 0.5, 0.25, 0.125]
        cosine = [Cosine(warmup=2).factor(done, 10) for done in (0, 1, 2, 6, 8)]
        np.testing.assert_allclose(cosine, [0, 0.5, 1, 0.5, 0.5 - 0.25 * np.sqrt(2)], atol=1e-12)

    def test_the_loop_sets_the_rate_of_every_step(self, tmp_path, monkeypatch):
        rates = []
        step = epoch.TrainingStep.step

        def watched(self, *arguments):
            rates.append(float(keras.ops.convert_to_numpy(self.optimizer.learning_rate)))
            return step(self, *arguments)

        monkeypatch.setattr(epoch.TrainingStep, "step", watched)
        train(small_training(tmp_path, approach="conv_autoencoder", epochs=3, schedule=Cosine(warmup=1)))
        # three steps an epoch: 22 faces, 8 a step
        expected = [1e-2 * Cosine(warmup=1).factor(number / 3, 3) for number in range(9)]
        np.testing.assert_allclose(rates, expected, rtol=1e-5)
        assert rates[0] == 0 < rates[3] == max(rates)


@pytest.mark.parametrize(("kind", "settings", "key"), [
    (SGD, {"momentum": 1.0}, "momentum"), (SGD, {"weight_decay": -1}, "weight_decay"), (Halved, {"every": 0}, "every"),
    (Cosine, {"warmup": -1}, "warmup"), (AdamW, {"weight_decay": 0}, "adam"),
    (Adam, {"beta_2": 1.0}, "beta_2"), (RMSprop, {"epsilon": 0.0}, "epsilon")])
def test_settings_that_are_not_sound_are_refused(kind, settings, key):
    with pytest.raises(ValueError, match=key):
        kind(**settings)
