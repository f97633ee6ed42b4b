"""Balances of losses: by hand, by what they must not depend on, and as the loop keeps and resumes them."""

import csv

import keras
import numpy as np
import pytest
from small_training import SIDE, weights_of
from test_training import assert_equal_weights

from fecemo.data.variants import variants
from fecemo.models.layers import chain
from fecemo.models.loss import LossTerm
from fecemo.models.losses.classes import CrossEntropy
from fecemo.models.losses.numbers import MeanSquaredError
from fecemo.training.balances import DWA, EMA, DynamicWeightedEMA, Fixed, Geometric, RatedEMA, Uncertainty, balances
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples
from fecemo.training.fit import HISTORY_NAME, train
from fecemo.training.optimizers import SAM, SGD
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep
from fecemo.training.training_job import TrainingJob, TrainingPhase

ALL = [kind() for kind in balances().values()]
KEPT = [DynamicWeightedEMA(), Uncertainty()]
"""Between them, all that any balance keeps: averages, epochs, what the optimizer learns."""
EPOCHS = ((1.0, 1.0), (1.0, 4.0))
"""Means of two epochs, after which the rates are 1 and 4."""


def tensor(values):
    return keras.ops.convert_to_tensor(np.array(values, np.float32))


def begun(balance, n_terms=2):
    return {name: tensor(values) for name, values in balance.init_state(n_terms).items()}


def seen(balance, batches, weights=(1.0, 1.0), counts=(8.0, 8.0), state=None):
    """Return what each batch's total is, and the state after all of them."""
    state = begun(balance, len(weights)) if state is None else state
    totals = []
    for terms in batches:
        state = {**state, **balance.update_state(tensor(terms), tensor(counts), state)}
        totals.append(float(balance.total(tensor(terms), tensor(weights), state)))
    return totals, state


def after_epochs(balance, epochs=EPOCHS):
    """Return the state at the beginning of the epoch after these, one batch each."""
    state = {**begun(balance), **balance.next_epoch(begun(balance))}
    for means in epochs:
        state = seen(balance, [means], state=state)[1]
        state = {**state, **balance.next_epoch(state)}
    return state


class TestByHand:
    def test_averages_begin_at_the_first_value(self):
        totals, state = seen(EMA(beta=0.9), [(2, 100), (1, 90), (4, 110)])
        np.testing.assert_allclose(totals, [2, 1.435407, 2.994636], rtol=1e-6)
        np.testing.assert_allclose(state["averages"], [2.11, 100.1], rtol=1e-6)

    def test_rates_of_two_epochs(self):
        balance = DWA()
        state = after_epochs(balance)
        np.testing.assert_allclose(balance.rates(state), [1, 4])
        np.testing.assert_allclose(balance.factors(state), [0.364851, 1.635149], rtol=1e-5)
        assert float(balance.total(tensor((3, 5)), tensor((1, 1)), state)) == pytest.approx(9.270298, rel=1e-6)

    def test_the_first_two_epochs_are_plain_sums(self):
        for epochs in ((), EPOCHS[:1]):
            state = after_epochs(DWA(), epochs)
            assert seen(DWA(), [(3, 5)], state=state)[0] == [8]

    def test_the_mean_of_an_epoch_is_over_examples_not_over_batches(self):
        state = begun(DWA())
        for terms, counts in (((1, 2), (6, 1)), ((4, 8), (2, 3))):
            state = seen(DWA(), [terms], counts=counts, state=state)[1]
        np.testing.assert_allclose(DWA().next_epoch(state)["last"], [14 / 8, 26 / 4])

    def test_our_readings_scale_before_they_adjust(self):
        """After the epochs (1, 1), (1, 4) with β = 0 a batch of (3, 5) is (1, 1), times rates or factors."""
        rated, weighted = RatedEMA(beta=0), DynamicWeightedEMA(beta=0)
        assert seen(rated, [(3, 5)], state=after_epochs(rated))[0] == [1 + 4]
        assert seen(weighted, [(3, 5)], (2, 1), state=after_epochs(weighted))[0] == pytest.approx(
            [2 * 0.364851 + 1.635149], rel=1e-5)

    def test_uncertainty(self):
        total = float(Uncertainty().total(tensor((2, 3)), tensor((1, 1)), begun(Uncertainty())))
        assert total == pytest.approx(5 / (2 * np.exp(-0.5)) - 0.5, rel=1e-6)

    def test_geometric_means_of_the_published_codes(self):
        """Emotions on four views, and thirty times the emotion's loss beside the mean of the tiles'."""
        assert seen(Geometric(), [(1, 2, 1, 2)], (1,) * 4, (8,) * 4)[0] == pytest.approx([1.414214], rel=1e-6)
        assert seen(Geometric(), [(1.5, 2)], (30, 1))[0] == pytest.approx([9.486833], rel=1e-6)

    def test_a_geometric_mean_is_of_what_a_batch_knows(self):
        assert seen(Geometric(), [(4, 0)], counts=(8, 0))[0] == pytest.approx([4])
        assert seen(Geometric(), [(4, 9)], (1, 0))[0] == pytest.approx([4])
        assert seen(Geometric(), [(0, 0)], counts=(0, 0))[0] == [0]

    @pytest.mark.parametrize("balance", [EMA(), DynamicWeightedEMA()], ids=str)
    def test_constant_losses_come_to_the_number_of_terms(self, balance):
        assert seen(balance, [(7, 0.01)] * 3)[0] == pytest.approx([2, 2, 2], rel=1e-6)

    def test_a_weight_stays_a_factor(self):
        assert seen(EMA(), [(5, 7)], (3, 0.5))[0] == [3.5]

    def test_a_term_without_a_known_example_leaves_its_average(self):
        state = seen(EMA(), [(2, 100)])[1]
        after = EMA().update_state(tensor((4, 0)), tensor((8, 0)), state)
        np.testing.assert_allclose(after["averages"], [2.2, 100], rtol=1e-6)
        first = EMA().update_state(tensor((4, 0)), tensor((8, 0)), begun(EMA()))
        np.testing.assert_allclose(EMA().update_state(tensor((4, 9)), tensor((8, 8)), first)["averages"], [4, 9])


@pytest.mark.parametrize(("kind", "settings", "key"), [
    (EMA, {"beta": 1.0}, "beta"), (DWA, {"temperature": 0}, "temperature"), (RatedEMA, {"beta": -0.1}, "beta"),
    (DynamicWeightedEMA, {"temperature": -1}, "temperature")])
def test_settings_that_are_not_sound_are_refused(kind, settings, key):
    with pytest.raises(ValueError, match=key):
        kind(**settings)


SIZE = 12
VECTORS = np.random.default_rng(0).normal(size=(SIZE, 3)).astype(np.float32)
TARGETS = {"label": np.arange(SIZE, dtype=np.int32) % 3, "size": 0.5 * VECTORS[:, :1] + 0.1}


class OtherUnitsError(MeanSquaredError):
    """Squared differences in units a thousand times as small."""

    def per_example(self, output, target, weights, state):
        """Return 1,000 times the loss."""
        return 1000 * super().per_example(output, target, weights, state)


def slopes(balance, second, first_step=False):
    """Return the slope of one step at the same weights, and the totals' figures; the averages know one step before."""
    keras.utils.set_random_seed(2)
    vector = keras.Input((3,), name="vector")
    deep = keras.layers.Dense(4, "tanh", name="deep")(vector)
    model = keras.Model({"vector": vector}, {"probabilities": keras.layers.Dense(3, "softmax", name="a")(deep),
                                             "size": keras.layers.Dense(1, name="b")(deep)})
    terms = (LossTerm(CrossEntropy(), "probabilities", "label"), LossTerm(second, "size", "size"))
    step = TrainingStep(model, FitSettings(terms, SGD(), 1.0, 1, batch_size=SIZE, balance=balance),
                        Examples(np.arange(SIZE), TARGETS), 3)
    before = model.get_weights()
    if not first_step:
        step.set_rate(0.0)
        step.step({"vector": VECTORS + 0.5}, TARGETS, np.ones(SIZE, np.float32))
        step.set_rate(1.0)
    figures = step.step({"vector": VECTORS}, TARGETS, np.ones(SIZE, np.float32))
    return [old - new for old, new in zip(before, model.get_weights(), strict=True)], figures


def test_a_loss_in_other_units_changes_no_gradient():
    for balance in (EMA(), DynamicWeightedEMA()):
        plain, scaled = slopes(balance, MeanSquaredError())[0], slopes(balance, OtherUnitsError())[0]
        for weight, scaled_weight in zip(plain, scaled, strict=True):
            np.testing.assert_allclose(weight, scaled_weight, rtol=1e-4, atol=1e-7)
    unbalanced = zip(slopes(Fixed(), MeanSquaredError())[0], slopes(Fixed(), OtherUnitsError())[0], strict=True)
    assert any(np.abs(weight - scaled_weight).max() > 1 for weight, scaled_weight in unbalanced)


def test_a_geometric_mean_in_other_units_keeps_its_direction():
    plain, scaled = (np.concatenate([slope.ravel() for slope in slopes(Geometric(), loss)[0]])
                     for loss in (MeanSquaredError(), OtherUnitsError()))
    np.testing.assert_allclose(scaled, 1000**0.5 * plain, rtol=1e-3, atol=1e-5)


def test_without_memory_the_gradient_is_that_of_the_sum_of_logarithms():
    result, figures = slopes(EMA(beta=0), MeanSquaredError())
    parts = [slopes(Fixed(), loss)[0] for loss in (MeanSquaredError(), OtherUnitsError())]
    of_second = [(scaled - plain) / 999 for plain, scaled in zip(*parts, strict=True)]
    of_first = [plain - second for plain, second in zip(parts[0], of_second, strict=True)]
    entropy, error = figures["loss.probabilities.cross_entropy"], figures["loss.size.mean_squared_error"]
    for slope, first, second in zip(result, of_first, of_second, strict=True):
        np.testing.assert_allclose(slope, first / entropy + second / error, rtol=2e-3, atol=2e-6)


@pytest.mark.parametrize("balance", KEPT, ids=str)
def test_the_loss_that_is_told_is_the_plain_sum(balance):
    figures = slopes(balance, MeanSquaredError(), first_step=True)[1]
    assert figures["loss"] == pytest.approx(
        figures["loss.probabilities.cross_entropy"] + figures["loss.size.mean_squared_error"], rel=1e-6)
    assert "plain_loss" not in figures


def job(folder, balance):
    """Return a training of pixels beside classes, whose losses are of unlike size; one of them of two passes."""
    momentum = {"sgd": {"momentum": 0.9}}
    optimizer = SAM(momentum) if isinstance(balance, DynamicWeightedEMA) else SGD(momentum=0.9)
    keras.utils.set_random_seed(5)
    image = keras.Input((SIDE, SIDE, 1), name="image")
    encoder = chain("encoder", (SIDE, SIDE, 1), [keras.layers.Rescaling(1 / 255, name="rescaling"),
                                                 keras.layers.Flatten(name="flatten"),
                                                 keras.layers.Dense(6, "tanh", name="deep")])
    features = encoder(image)
    decoder = chain("decoder", (6,), [keras.layers.Dense(SIDE**2, name="pixels"),
                                      keras.layers.Reshape((SIDE, SIDE, 1), name="reshape")])
    head = chain("head", (6,), [keras.layers.Dense(3, "softmax", name="classes")])
    model = keras.Model({"image": image}, {"pixels": decoder(features), "probabilities": head(features)})
    faces = np.random.default_rng(0).integers(0, 256, (20, 200, 200, 3), dtype=np.uint8)
    examples = Examples(np.arange(20), {"label": np.arange(20, dtype=np.int32) % 3})
    terms = (LossTerm(MeanSquaredError(), "pixels", "image", 1e4), LossTerm(CrossEntropy(), "probabilities", "label"))
    fit = FitSettings(terms, optimizer, 1e-4, 5, batch_size=8, balance=balance, validate_on=0.2, keep="best")
    phase = TrainingPhase("classify", (), fit, {"image": faces}, examples.take(np.arange(16)),
                          examples.take(np.arange(16, 20)))
    return TrainingJob("balanced", model, [phase], DeviceView(variants.find("gray"), SIDE), 3, 5, folder, "a")


def test_every_balance_gives_one_number_and_keeps_the_names_of_its_state():
    for balance in ALL:
        totals, state = seen(balance, [(1, 2), (2, 1)])
        assert np.isfinite(totals).all()
        assert set(state) == set(balance.init_state(2)) >= set(balance.next_epoch(state))


@pytest.mark.parametrize("balance", KEPT, ids=str)
def test_a_resumed_training_is_the_unbroken_one_and_its_yardstick_is_the_plain_sum(balance, tmp_path, monkeypatch):
    whole = job(tmp_path / "whole", balance)
    done = train(whole)
    with (tmp_path / "whole" / HISTORY_NAME).open() as file:
        for row in csv.DictReader(file):
            for before in ("", "valid_"):
                terms = [float(row[f"{before}loss.{name}"]) for name in whole.phases[0].fit.term_names]
                assert float(row[f"{before}loss"]) == pytest.approx(1e4 * terms[0] + terms[1], rel=1e-4)
    step, steps = TrainingStep.step, []

    def stopping(self, *arguments):
        steps.append(1)
        if len(steps) == 8:  # in the fourth epoch, when there are rates
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(TrainingStep, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        train(job(tmp_path / "broken", balance))
    monkeypatch.setattr(TrainingStep, "step", step)
    resumed = job(tmp_path / "broken", balance)
    assert [record.terms for record in train(resumed).records] == [record.terms for record in done.records]
    assert_equal_weights(weights_of(resumed), weights_of(whole))


def test_what_is_learned_of_a_balance_is_learned():
    keras.utils.set_random_seed(2)
    vector = keras.Input((3,), name="vector")
    model = keras.Model({"vector": vector}, {"size": keras.layers.Dense(1, name="b")(vector)})
    terms = (LossTerm(MeanSquaredError(), "size", "size"),)
    step = TrainingStep(model, FitSettings(terms, SGD(), 0.1, 1, batch_size=SIZE, balance=Uncertainty()),
                        Examples(np.arange(SIZE), TARGETS), 3)
    error = step.step({"vector": VECTORS}, TARGETS, np.ones(SIZE, np.float32))["loss"]
    # The slope at s = −½ is ½ − L exp(½) / 2.
    expected = -0.5 - 0.1 * (0.5 - error * np.exp(0.5) / 2)
    assert float(step.balanced["log_variances"].value[0]) == pytest.approx(expected, rel=1e-4)
