"""Targets that are not one class a face: smoothed, voted by raters, mixed of two faces, several at once; sampling."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from fecemo.data.variants import variants
from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.loss import LossTerm
from fecemo.models.losses.centres import WeightedSoftmax
from fecemo.models.losses.classes import CrossEntropy, LogitAdjusted, SoftCrossEntropy
from fecemo.models.losses.numbers import MeanSquaredError
from fecemo.stages.train import _classes
from fecemo.training.augmentations.jigsaw import Jigsaw
from fecemo.training.augmentations.mixup import Mixup
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples, with_wrong_labels
from fecemo.training.loader import Loader
from fecemo.training.optimizers import SGD
from fecemo.training.order import balanced_order
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep


def softmax(logits):
    powers = np.exp(np.asarray(logits, np.float64))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


def of_one(loss, output, target, state=None):
    return float(loss.per_example(keras.ops.convert_to_tensor(output[None]), keras.ops.convert_to_tensor(target[None]),
                                  keras.ops.ones((1,)), state or {})[0])


class TestSmoothing:
    def test_by_hand(self):
        output, label = softmax([2, 0, -1]), np.array(0, np.int32)
        assert of_one(CrossEntropy(), output, label) == pytest.approx(0.169846, abs=1e-6)
        assert of_one(CrossEntropy(smoothing=0.2), output, label) == pytest.approx(0.503179, abs=1e-6)

    @pytest.mark.parametrize(("logits", "total"), [([2, 0, -1], 1.176205), ([0] * 7, 5.837730), ([0] * 8, 6.238325)])
    def test_twice_smoothed_and_once_plain_is_three_times_smoothed_less(self, logits, total):
        output, label = softmax(logits), np.array(0, np.int32)
        both = 2 * of_one(CrossEntropy(smoothing=0.2), output, label) + of_one(CrossEntropy(), output, label)
        assert both == pytest.approx(total, abs=2e-6)
        assert 3 * of_one(CrossEntropy(smoothing=2 / 15), output, label) == pytest.approx(total, abs=2e-6)

    def test_weights_of_classes_multiply_it(self):
        labels = np.array([0, 0, 0, 1], np.int32)
        loss, output = WeightedSoftmax(smoothing=0.1), np.tile(softmax([1, 0]), (4, 1))
        state = loss.init_state((2,), labels, 2)
        result = keras.ops.convert_to_numpy(loss.per_example(keras.ops.convert_to_tensor(output), labels,
                                                            keras.ops.ones((4,)), state))
        plain = [of_one(CrossEntropy(smoothing=0.1), output[0], label) for label in labels]
        np.testing.assert_allclose(result, plain * state["class_weights"][labels] / state["mean_weight"], rtol=1e-5)

    @pytest.mark.parametrize("kind", [CrossEntropy, SoftCrossEntropy])
    def test_it_is_a_share(self, kind):
        with pytest.raises(ValueError, match="smoothing must be at least 0 and below 1"):
            kind(smoothing=1.0)


class TestVotes:
    def test_by_hand(self):
        output, votes = softmax([2, 0, -1]), np.array([7, 3, 0], np.float32)
        expected = -(0.7 * np.log(output[0]) + 0.3 * np.log(output[1]))
        assert of_one(SoftCrossEntropy(), output, votes) == pytest.approx(expected, rel=1e-5)

    def test_one_voice_is_a_label_and_no_vote_costs_nothing(self):
        output = softmax([2, 0, -1])
        assert of_one(SoftCrossEntropy(smoothing=0.2), output, np.array([10, 0, 0], np.float32)) == pytest.approx(
            0.503179, abs=1e-6)
        assert of_one(SoftCrossEntropy(), output, np.zeros(3, np.float32)) == 0

    def test_rare_emotions_count_as_if_all_were_equally_common(self):
        """One rater says the first emotion to six faces and the second to two; the third has no vote."""
        known = np.array([[4, 0, 0]] * 6 + [[0, 4, 0]] * 2, np.float32)
        loss, output = SoftCrossEntropy(tau=1.0), softmax([2, 0, -1])
        state = loss.init_state((3,), known, 3)
        priors = np.array([6, 2, 0.25]) / 8.25
        np.testing.assert_allclose(np.exp(state["log_priors"]), priors, rtol=1e-6)
        adjusted = output * priors / (output @ priors)
        assert of_one(loss, output, np.array([1, 3, 0], np.float32), state) == pytest.approx(
            -np.log(adjusted[0]) / 4 - 3 * np.log(adjusted[1]) / 4, rel=1e-5)

    def test_where_raters_agree_it_is_the_adjusted_loss_of_labels(self):
        labels, output = np.array([0] * 5 + [1] * 2 + [2], np.int32), softmax([2, 0, -1])
        of_votes, of_labels = SoftCrossEntropy(smoothing=0.1, tau=1.0), LogitAdjusted(smoothing=0.1)
        votes = 10 * np.eye(3, dtype=np.float32)[labels]
        result = of_one(of_votes, output, votes[-1], of_votes.init_state((3,), votes, 3))
        expected = of_one(of_labels, output, labels[-1], of_labels.init_state((3,), labels, 3))
        assert result == pytest.approx(expected, rel=1e-5)

    def test_a_classifier_of_votes_alone_answers_with_the_classes_of_the_target(self):
        columns = ("votes_happy", "votes_sad", "votes_fear")
        faces = {"people": SimpleNamespace(dataset=SimpleNamespace(classes=("happy", "sad", "fear")))}
        for target, approach, expected in (("people", "small_resnet", ("happy", "sad", "fear")),
                                           (None, "small_resnet", ()), ("people", "conv_autoencoder", ())):
            fit = FitSettings((LossTerm(SoftCrossEntropy(), "probabilities", columns),), SGD(), 0.1, 1,
                              data=("people.train",))
            cell = SimpleNamespace(fit={"classify": fit}, approach=approaches.find(approach), recipe_row="votes",
                                   recipe=SimpleNamespace(roles=SimpleNamespace(target=target)))
            assert _classes(cell, faces) == expected

    def test_votes_below_0_are_refused(self):
        with pytest.raises(ValueError, match="votes must be at least 0"):
            SoftCrossEntropy().init_state((2,), np.array([[1, -1]], np.float32), 2)


FACES = np.random.default_rng(0).uniform(0, 255, (6, 6, 6, 1)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, -1, 1], np.int32)


def model(inputs=("image",)):
    keras.utils.set_random_seed(3)
    images = {name: keras.Input((6, 6, 1), name=name) for name in inputs}
    deep = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(5, "tanh")])
    tiles = keras.layers.Dense(81, kernel_initializer="zeros")(deep(images[inputs[-1]]))
    tiles = keras.layers.Softmax()(keras.layers.Reshape((9, 9))(tiles))
    probabilities = keras.layers.Dense(3, "softmax")(deep(images["image"]))
    return keras.Model(images, {"probabilities": probabilities, "tiles": tiles})


def step_of(network, *terms, **over):
    fit = FitSettings(terms, SGD(), 1e-9, 1, batch_size=6, **over)
    return TrainingStep(network, fit, Examples(np.arange(6), {"label": LABELS}), 3)


CLASSES = LossTerm(CrossEntropy(), "probabilities", "label")


class TestMixup:
    @pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
    def test_shares_have_the_moments_of_the_distribution(self, alpha):
        shares = Mixup(alpha).quantiles().astype(np.float64)
        assert shares.mean() == pytest.approx(0.5, abs=1e-3)
        assert shares.var() == pytest.approx(0.25 / (2 * alpha + 1), rel=5e-3)
        assert (np.diff(shares) >= 0).all()

    def test_the_loss_is_that_of_mixed_labels_on_mixed_faces(self, monkeypatch):
        network = model()
        monkeypatch.setattr(Mixup, "quantiles", lambda self: np.full(4096, 0.7, np.float32))
        step = step_of(network, CLASSES, augment=(Mixup(1.0),))
        ratios, before = np.full(6, 0.7), np.roll(np.arange(6), 1)
        mixed = 0.7 * FACES + 0.3 * FACES[before]
        logs = np.log(keras.ops.convert_to_numpy(network({"image": mixed.astype(np.float32)})["probabilities"]))
        weights = np.array([1, 1, 1, 1, 1, 0], np.float32)  # one is not labelled, one fills up the batch
        cost = count = 0.0
        for face in range(6):
            for share, label, counts in ((ratios[face], LABELS[face], weights[face]),
                                         (1 - ratios[face], LABELS[before[face]],
                                          weights[face] * weights[before[face]])):
                if label >= 0 and counts:
                    cost, count = cost - share * logs[face, label], count + share
        figures = step.step({"image": FACES}, {"label": LABELS}, weights, seed=7)
        assert figures["loss"] == pytest.approx(cost / count, rel=1e-4)

    def test_faces_that_are_validated_on_stay_as_they_are(self):
        network, everyone = model(), np.ones(6, np.float32)
        plain, mixing = step_of(network, CLASSES), step_of(network, CLASSES, augment=(Mixup(1.0),))
        figures = [step.validate({"image": FACES}, {"label": LABELS}, everyone)["loss"] for step in (plain, mixing)]
        assert figures[0] == pytest.approx(figures[1])

    def test_a_second_input_would_not_be_mixed(self):
        with pytest.raises(ValueError, match="mixup mixes the pixels of single faces"):
            step_of(model(("image", "shuffled")), CLASSES, augment=(Jigsaw(into="shuffled"), Mixup()))


class TestJigsaw:
    def test_an_untrained_network_guesses_among_nine_at_nine_places(self):
        term = LossTerm(CrossEntropy(), "tiles", "jigsaw")
        figures = step_of(model(), term, augment=(Jigsaw(2 + 1),)).step(
            {"image": FACES}, {}, np.ones(6, np.float32), seed=1)
        assert figures["loss"] == pytest.approx(19.775021, abs=1e-5)
        assert 4 * of_one(CrossEntropy(), softmax([0] * 4), np.array(1, np.int32)) == pytest.approx(5.545177, abs=1e-5)

    def test_only_the_whole_order_is_right(self):
        order = np.array([[0, 1, 2], [0, 2, 1]], np.int32)
        output = keras.ops.one_hot(np.array([[0, 1, 2], [0, 1, 2]]), 3)
        assert keras.ops.convert_to_numpy(CrossEntropy().is_correct(output, order, None)).tolist() == [True, False]

    def test_emotions_are_told_from_whole_faces_where_the_shuffled_have_an_input_of_their_own(self):
        both = (CLASSES, LossTerm(CrossEntropy(), "tiles", "jigsaw"))
        network, everyone = model(("image", "shuffled")), np.ones(6, np.float32)
        figures = step_of(network, *both, augment=(Jigsaw(into="shuffled"),)).step(
            {"image": FACES, "shuffled": FACES}, {"label": LABELS}, everyone, seed=1)
        made = keras.ops.convert_to_numpy(network({"image": FACES, "shuffled": FACES})["probabilities"])
        known = LABELS >= 0
        assert figures["loss.probabilities.cross_entropy"] == pytest.approx(
            -np.log(made[known, LABELS[known]]).mean(), rel=1e-4)
        shuffled = step_of(model(), *both, augment=(Jigsaw(),)).step(
            {"image": FACES}, {"label": LABELS}, everyone, seed=1)
        assert shuffled["loss.probabilities.cross_entropy"] != pytest.approx(
            figures["loss.probabilities.cross_entropy"], rel=1e-3)

    def test_an_input_that_nobody_fills_and_one_that_is_not_there_are_refused(self):
        with pytest.raises(ValueError, match=r"the input 'shuffled' is for faces .*{into: shuffled}.*none does"):
            step_of(model(("image", "shuffled")), CLASSES, augment=(Jigsaw(),))
        with pytest.raises(ValueError, match="jigsaw puts faces into the input 'shuffled', and the model has image"):
            step_of(model(), CLASSES, augment=(Jigsaw(into="shuffled"),))

    def test_tiles_must_divide_the_side(self):
        with pytest.raises(InputError, match="4 pieces do not divide the 6 pixels"):
            step_of(model(), CLASSES, augment=(Jigsaw(4),)).step({"image": FACES}, {"label": LABELS},
                                                                np.ones(6, np.float32))


class TestEmittedNumbers:
    def test_they_have_the_shape_of_the_output(self):
        term = LossTerm(MeanSquaredError(), "probabilities", "jigsaw")
        with pytest.raises(InputError, match=r"probabilities has the shape \(3,\) a face, and .* jigsaw .* \(9,\)"):
            step_of(model(), term, augment=(Jigsaw(3),)).step({"image": FACES}, {"label": LABELS},
                                                              np.ones(6, np.float32))


class TestBalancedSampling:
    def test_rare_classes_are_drawn_as_often_as_common_ones(self):
        classes = np.repeat([0, 1, 2], [900, 90, 10])
        drawn = np.concatenate([classes[balanced_order(classes, 1, "classify", epoch)] for epoch in range(10)])
        np.testing.assert_allclose(np.bincount(drawn) / len(drawn), 1 / 3, atol=0.02)
        once, again = (balanced_order(classes, 1, "classify", 0) for _ in range(2))
        np.testing.assert_array_equal(once, again)
        assert len(once) == len(classes)

    def test_there_must_be_classes(self):
        with pytest.raises(ValueError, match="no loss learns classes"):
            FitSettings((LossTerm(MeanSquaredError(), "out", "out"),), SGD(), 0.1, 1, sampling="balanced")


class TestWrongLabels:
    labels = np.append(np.repeat(np.arange(4), 50), [-1] * 20).astype(np.int32)

    def test_a_share_of_those_that_are_known_becomes_another_class_of_any_kind(self):
        numbers = np.ones((220, 2), np.float32)
        spoilt = with_wrong_labels(Examples(np.arange(220), {"label": self.labels, "affect": numbers}), 0.2, 3)
        wrong = spoilt.targets["label"] != self.labels
        assert wrong.sum() == 40
        assert not wrong[self.labels < 0].any()
        pairs = set(zip(self.labels[wrong].tolist(), spoilt.targets["label"][wrong].tolist(), strict=True))
        assert len(pairs) > 8
        assert set(spoilt.targets["label"].tolist()) == {-1, 0, 1, 2, 3}
        assert spoilt.targets["affect"] is numbers

    def test_the_seed_decides_and_without_noise_nothing_changes(self):
        examples = Examples(np.arange(220), {"label": self.labels})
        made = [with_wrong_labels(examples, 0.2, seed).targets["label"].tolist() for seed in (1, 1, 2)]
        assert made[0] == made[1] != made[2]
        np.testing.assert_array_equal(with_wrong_labels(examples, 0.0, 1).targets["label"], self.labels)


def test_faces_that_enter_two_inputs_are_kept_once():
    faces = np.random.default_rng(0).integers(0, 256, (5, 200, 200, 3), dtype=np.uint8)
    loader = Loader({"image": faces, "shuffled": faces, "other": faces[:, ::-1]}, np.arange(5),
                    DeviceView(variants.find("gray"), 20))
    assert len({id(store) for store in loader._stores.values()}) == 2
    loaded = loader.load(np.array([3, 1]))
    np.testing.assert_array_equal(loaded["image"], loaded["shuffled"])
    np.testing.assert_allclose(loaded["other"], loaded["image"][:, ::-1])
