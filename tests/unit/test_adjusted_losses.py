"""Losses beside the two studies', by hand: adjusted logits, the choice of a pair, measurements that are limited."""

import keras
import numpy as np
import pytest

from fecemo.models.losses.classes import LogitAdjusted
from fecemo.models.losses.numbers import VectorError
from fecemo.models.losses.triplets import TripletLoss, TripletSoftmax


def tensor(values, dtype="float32"):
    return keras.ops.convert_to_tensor(np.asarray(values, dtype))


def by_hand(loss, output, target, known=None):
    state = {key: tensor(values) for key, values in loss.init_state(np.shape(output)[1:], known, 3).items()}
    result = loss.per_example(tensor(output), target, tensor(np.ones(len(output))), state)
    return keras.ops.convert_to_numpy(result)


class TestLogitAdjusted:
    LABELS = np.array([0] * 6 + [1] * 3 + [2])
    PROBABILITIES = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])

    def test_probabilities_are_multiplied_by_how_common_emotions_are(self):
        result = by_hand(LogitAdjusted(), self.PROBABILITIES, tensor([0, 2], "int32"), self.LABELS)
        adjusted = self.PROBABILITIES * (0.6, 0.3, 0.1)
        adjusted /= adjusted.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(result, -np.log([adjusted[0, 0], adjusted[1, 2]]), rtol=1e-5)

    def test_without_adjustment_it_is_cross_entropy_and_smoothing_spreads_the_truth(self):
        target = tensor([0, 2], "int32")
        plain = by_hand(LogitAdjusted(tau=0.0), self.PROBABILITIES, target, self.LABELS)
        np.testing.assert_allclose(plain, -np.log([0.5, 0.8]), rtol=1e-5)
        smooth = by_hand(LogitAdjusted(tau=0.0, smoothing=0.3), self.PROBABILITIES, target, self.LABELS)
        np.testing.assert_allclose(smooth[0], -np.log([0.5, 0.3, 0.2]) @ [0.88, 0.09, 0.03], rtol=1e-5)

    def test_it_is_least_for_the_posterior_of_equally_common_emotions(self):
        """Faces of one look, of which emotions show 6, 3 and 1 times: as if equally common, it says nothing."""
        labels = self.LABELS
        even, common = (by_hand(LogitAdjusted(), np.repeat([row], 10, axis=0), tensor(labels, "int32"), self.LABELS)
                        for row in ([1 / 3] * 3, [0.6, 0.3, 0.1]))
        assert even.mean() < common.mean()

    def test_smoothing_gives_rare_emotions_no_more_than_their_share(self):
        """Of a face that tells nothing but how common emotions are, equal probabilities stay the best answer."""
        labels, loss = self.LABELS, LogitAdjusted(smoothing=0.3)
        even, rarer = (by_hand(loss, np.repeat([row], 10, axis=0), tensor(labels, "int32"), self.LABELS)
                       for row in ([1 / 3] * 3, [0.3, 0.3, 0.4]))
        assert even.mean() < rarer.mean()

    def test_an_emotion_that_does_not_occur_leaves_a_number(self):
        result = by_hand(LogitAdjusted(), self.PROBABILITIES, tensor([0, 2], "int32"), np.array([0, 0, 1]))
        assert np.isfinite(result).all()


class TestTripletSoftmax:
    TRIPLETS = np.array([[[1, 0], [0, 1], [-1, 0]], [[1, 0], [-1, 0], [0, 1]]], np.float32)
    """Squared distances 2, 4, 2 and 4, 2, 2, in the order of the losses' pairs: (1, 2), (1, 3), (2, 3)."""

    def test_minus_the_logarithm_of_the_pairs_share(self):
        result = by_hand(TripletSoftmax(scale=0.5), self.TRIPLETS, tensor([0, 1], "int32"))
        shares = np.exp([-1, -2]) / np.array([2 * np.exp(-1) + np.exp(-2)] * 2)
        np.testing.assert_allclose(result, -np.log(shares), rtol=1e-5)

    def test_it_judges_as_the_hinge_does(self):
        triplets = np.concatenate([self.TRIPLETS, self.TRIPLETS[:, ::-1] + [[[0.1, 0]], [[0.3, 0.5]]],
                                   np.random.default_rng(0).normal(size=(20, 3, 2))])
        judged, hinge = (keras.ops.convert_to_numpy(loss.is_correct(tensor(triplets), None, None))
                         for loss in (TripletSoftmax(), TripletLoss()))
        np.testing.assert_array_equal(judged, hinge)
        assert 0 < judged.sum() < len(judged)


def test_a_rare_value_counts_as_no_farther_than_the_farthest():
    vectors = np.zeros((401, 1), np.float32)
    vectors[0] = 1  # twenty deviations from the mean
    loss = VectorError(farthest=3.0)
    np.testing.assert_allclose(by_hand(loss, vectors[:1] + 3, tensor(vectors[:1]), vectors), [1.0],
                               rtol=1e-4)


@pytest.mark.parametrize(("kind", "settings", "key"), [
    (LogitAdjusted, {"tau": -1}, "tau"), (LogitAdjusted, {"smoothing": 1.0}, "smoothing"),
    (TripletSoftmax, {"scale": 0}, "scale"), (VectorError, {"farthest": 0}, "farthest")])
def test_settings_that_are_not_sound_are_refused(kind, settings, key):
    with pytest.raises(ValueError, match=key):
        kind(**settings)
