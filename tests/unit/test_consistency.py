"""Answers that a network is sure of as the target of a second view, altered further: equations, views, a network."""

from dataclasses import dataclass, field

import keras
import numpy as np
import pytest

from fecemo.data.receipts import plain
from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.loss import LossTerm
from fecemo.models.losses.classes import CrossEntropy
from fecemo.models.losses.views import Consistency
from fecemo.study.fit_choices import read_fit
from fecemo.training.augmentation import Augmentation
from fecemo.training.augmentations.geometric import Flip
from fecemo.training.augmentations.photometric import Erase, Noise, Resolution
from fecemo.training.augmentations.second_view import SecondView
from fecemo.training.examples import Examples
from fecemo.training.optimizers import SGD
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

VIEWS = np.array([[[0.96, 0.03, 0.01], [0.50, 0.30, 0.20]],
                  [[0.90, 0.05, 0.05], [0.10, 0.80, 0.10]],
                  [[0.02, 0.97, 0.01], [0.10, 0.80, 0.10]]], np.float32)
SHARES = np.array([0.5, 0.25, 0.25], np.float32)
FACES = np.random.default_rng(0).integers(0, 256, (8, 20, 20, 1)).astype(np.float32)


def tensor(values):
    return keras.ops.convert_to_tensor(np.asarray(values, np.float32))


def numbers(values):
    return keras.ops.convert_to_numpy(values)


def altered(way, faces, seed=1):
    return numbers(way.apply(tensor(faces), keras.random.SeedGenerator(seed)))


class TestLoss:
    def test_by_hand(self):
        """−log .5 and −log .8 where the first view is sure, and nothing for the second face, at .9 of .95."""
        made = Consistency().per_example(tensor(VIEWS), None, tensor([1, 1, 1]), {})
        np.testing.assert_allclose(numbers(made), [0.693147, 0, 0.223144], rtol=1e-5)
        made = Consistency(threshold=0.9).per_example(tensor(VIEWS), None, tensor([1, 1, 1]), {})
        np.testing.assert_allclose(numbers(made)[1], -np.log(0.1), rtol=1e-5)

    def test_answers_are_weighed_by_how_common_they_are_by_hand(self):
        """(.5, .3, .2) times the shares is (2/3, .2, .1333); (.1, .8, .1) is (2/11, 8/11, 1/11)."""
        made = Consistency(tau=1.0).per_example(tensor(VIEWS), None, tensor([1, 1, 1]), {"shares": tensor(SHARES)})
        np.testing.assert_allclose(numbers(made), [0.405465, 0, 0.318454], rtol=1e-5)

    def test_shares_follow_the_answers_that_are_learnt_from_by_hand(self):
        loss = Consistency(tau=1.0)
        np.testing.assert_array_equal(loss.init_state((4,), None, 4)["shares"], np.full(4, 0.25, np.float32))
        state = {"shares": tensor(SHARES)}
        after = numbers(loss.update_state(tensor(VIEWS), None, tensor([1, 1, 1]), state)["shares"])
        np.testing.assert_allclose(after, [0.5, 0.2525, 0.2475], rtol=1e-5)
        after = numbers(loss.update_state(tensor(VIEWS), None, tensor([1, 1, 0]), state)["shares"])
        np.testing.assert_allclose(after, [0.505, 0.2475, 0.2475], rtol=1e-5)
        after = numbers(loss.update_state(tensor(VIEWS[1:2]), None, tensor([1]), state)["shares"])
        np.testing.assert_allclose(after, SHARES, rtol=1e-6, err_msg="no answer was sure")

    def test_it_counts_as_correct_where_both_views_have_one_answer(self):
        made = Consistency().is_correct(tensor(VIEWS), None, tensor([1, 1, 1]))
        np.testing.assert_array_equal(numbers(made), [True, False, True])


class TestSecondView:
    def test_it_alone_is_altered_each_face_in_its_own_way(self):
        made = altered(SecondView(augment=[{"noise": {"deviation": 20}}]), FACES)
        np.testing.assert_array_equal(made[::2], FACES[::2])
        changes = [(made[place] - FACES[place])[(made[place] > 0) & (made[place] < 255)] for place in range(1, 8, 2)]
        assert all(10 < change.std() < 30 for change in changes)
        assert len({change.tobytes() for change in changes}) == 4

    @pytest.mark.parametrize(("augment", "message"), [
        ([], "one augmentation at least"), ([3], "the name of an augmentation"),
        (["nois"], "noise"), ([{"noise": {"deviation": -1}}], "deviation"), (["jigsaw"], "jigsaw does not go"),
        (["second_view"], "second_view does not go")])
    def test_what_it_cannot_do_is_refused(self, augment, message):
        with pytest.raises(ValueError, match=message):
            SecondView(augment=augment)

    def test_it_needs_a_loss_that_compares_views(self):
        approach = approaches.find("small_resnet")
        document = {"loss": "cross_entropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 1,
                    "augment": [{"second_view": {"augment": ["flip"]}}]}
        with pytest.raises(InputError, match="second_view tells two views of a face apart"):
            read_fit(approach, approach.phases[0], document, "fit.classify")

    def test_a_recipe_states_it_and_receipts_tell_its_settings(self):
        approach = approaches.find("small_resnet")
        document = {"losses": [{"loss": "logit_adjusted"}, {"loss": {"consistency": {"tau": 1.0}}, "target": "views"}],
                    "optimizer": "adam", "learning_rate": 1e-3, "epochs": 1,
                    "augment": ["flip", {"second_view": {"augment": ["noise", {"erase": {"probability": 1.0}}]}}]}
        fit = read_fit(approach, approach.phases[0], document, "fit.classify")
        assert fit.group_size == 2
        assert fit.augment == (Flip(), SecondView(augment=[Noise(), Erase(probability=1.0)]))
        assert "probability" in str(plain(fit.augment[1]))


class TestResolution:
    def test_means_of_areas_by_hand(self):
        """Of 4 pixels two are made, 20 and 60, or three, 15, 40 and 65; between their centres light rises evenly."""
        faces = np.broadcast_to(np.array([10, 30, 50, 70], np.float32)[:, None, None], (200, 4, 4, 1))
        made = altered(Resolution(min_side=0.5), faces)[:, :, 0, 0]
        assert {tuple(np.round(column).astype(int)) for column in made} == {
            (10, 30, 50, 70), (20, 30, 50, 60), (15, 31, 49, 65)}

    def test_the_whole_face_stays_as_it_is(self):
        np.testing.assert_allclose(altered(Resolution(min_side=1.0), FACES), FACES, atol=1e-2)

    def test_light_stays_and_detail_goes(self):
        flat = np.full((30, 20, 20, 3), 90, np.float32)
        np.testing.assert_allclose(altered(Resolution(min_side=0.1), flat), flat, rtol=1e-4)
        board = np.broadcast_to(255.0 * (np.indices((20, 20)).sum(axis=0) % 2)[None, :, :, None], (60, 20, 20, 1))
        contrast = altered(Resolution(min_side=0.2), board).std(axis=(1, 2, 3))
        assert contrast.min() < 5
        assert contrast.max() > 100


@dataclass(frozen=True)
class HideLeft(Augmentation):
    """Darken the left half."""

    name: str = field(default="hide_left", init=False)

    def apply(self, faces, seed_generator):
        return faces * np.repeat([0, 1], 2).astype(np.float32)[None, None, :, None]


def test_a_network_learns_from_faces_without_a_label_what_no_labelled_face_shows():
    """Labelled faces show their class on the left; others left and right, and the second view hides the left.

    Of faces that show it on the right alone, a network that learnt from labels knows nothing.
    """
    chance = np.random.default_rng(0)
    classes = np.arange(64) % 2
    faces = chance.uniform(0, 20, (64, 4, 4, 1)).astype(np.float32)
    faces[np.arange(64), classes, :2] += 190
    only_right = faces[:, :, ::-1].copy()
    faces[8:, :, 2:] = faces[8:, :, 1::-1]
    faces[:8, :, 2:] = 0
    labels = np.where(np.arange(64) < 8, classes, -1).astype(np.int32)
    examples = Examples(np.arange(64), {"label": labels})

    def accuracy(*terms):
        keras.utils.set_random_seed(1)
        image = keras.Input((4, 4, 1), name="image")
        flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
        head = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")
        model = keras.Model({"image": image}, {"probabilities": head(flat)})
        views = (SecondView(augment=[HideLeft()]),) if len(terms) > 1 else ()
        fit = FitSettings(losses=terms, optimizer=SGD(), learning_rate=2.0, epochs=1, batch_size=64,
                          augment=(Flip(probability=0.0), *views))
        step = TrainingStep(model, fit, examples, 2)
        for seed in range(100):
            step.step({"image": faces}, {"label": labels}, np.ones(64, np.float32), seed)
        return (numbers(model({"image": only_right})["probabilities"]).argmax(axis=1) == classes).mean()

    labelled = LossTerm(CrossEntropy(), "probabilities", "label")
    assert accuracy(labelled) < 0.8
    assert accuracy(labelled, LossTerm(Consistency(threshold=0.95), "probabilities", "views")) > 0.95
