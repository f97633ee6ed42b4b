"""Losses by hand, from the equations of the studies that they are taken from."""

import keras
import numpy as np
import pytest

from fecemo.models.loss import LossTerm
from fecemo.models.losses.centres import Centre, WeightedCluster, WeightedSoftmax, class_weights, weights_and_mean
from fecemo.models.losses.numbers import Concordance, VectorError
from fecemo.models.losses.triplets import TripletLoss
from fecemo.models.losses.views import NTXent
from fecemo.training.augmentations.geometric import Flip
from fecemo.training.examples import Examples
from fecemo.training.optimizers import Adam
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

EVERYONE = np.ones(4, np.float32)


def numbers(values):
    return {key: numbers(value) for key, value in values.items()} if isinstance(values, dict) else \
        keras.ops.convert_to_numpy(values)


def tensor(values, dtype="float32"):
    return keras.ops.convert_to_tensor(np.asarray(values, dtype))


def remembered(loss, output_shape, target, n_classes):
    """Return a loss's first state as a training step hands it over."""
    return {key: tensor(values) for key, values in loss.init_state(output_shape, target, n_classes).items()}


class TestClassWeights:
    def test_the_rarest_counts_whole_and_others_in_inverse_proportion(self):
        labels = np.array([0, 0, 0, 0, 1, 1, 3])
        np.testing.assert_array_equal(class_weights(labels, 5), np.array([1 / 4, 1 / 2, 0, 1, 0], np.float32))

    def test_the_published_imbalance(self):
        """Table 3: contempt 4,250 and happy 134,915 images in all, 500 + 500 of each set apart."""
        weights = class_weights(np.repeat([0, 1], [133_915, 3_250]), 2)
        assert weights[0] == pytest.approx(3_250 / 133_915)
        assert weights[1] == 1

    def test_the_mean_weight_of_the_published_faces(self):
        """Table 3, the training column: 8 × 3,250 / 283,651; the printed sum over 30 faces is 2.75 of our means."""
        published = [74_374, 133_915, 24_959, 13_590, 5_878, 3_303, 24_382, 3_250]
        values = weights_and_mean(np.repeat(np.arange(8), published), 8)
        assert values["mean_weight"] == pytest.approx(8 * 3_250 / 283_651, rel=1e-6)
        assert 30 * values["mean_weight"] == pytest.approx(2.75, abs=0.005)
        np.testing.assert_array_equal(values["class_weights"][[1, 7]], np.float32([3_250 / 133_915, 1]))

    def test_weighted_softmax_is_minus_w_log_p_over_the_mean_weight(self):
        loss = WeightedSoftmax()
        state = remembered(loss, (3,), np.array([0, 0, 0, 0, 1]), 3)
        probabilities = tensor([[0.5, 0.25, 0.25], [0.2, 0.7, 0.1]])
        values = numbers(loss.per_example(probabilities, tensor([0, 1], "int32"), tensor([1, 1]), state))
        # W = 1/4 and 1; four faces and one: W̄ = 2/5
        np.testing.assert_allclose(values, [-np.log(0.5) / 4 / 0.4, -np.log(0.7) / 0.4], rtol=1e-6)

    def test_weights_leave_the_mean_loss_of_a_network_at_chance_as_it_was(self):
        """A face of average weight teaches as without weights, however rare the rarest emotion is."""
        labels = np.repeat(np.arange(3, dtype=np.int32), [500, 40, 3])
        loss = WeightedSoftmax()
        state = remembered(loss, (3,), labels, 3)
        values = loss.per_example(tensor(np.full((543, 3), 1 / 3)), tensor(labels, "int32"), tensor(np.ones(543)),
                                  state)
        assert numbers(values).mean() == pytest.approx(np.log(3), rel=1e-5)
        by_class = [numbers(values)[labels == label].sum() for label in range(3)]
        np.testing.assert_allclose(by_class, np.sum(by_class) / 3, rtol=1e-5, err_msg="classes do not count alike")


def test_concordance_by_hand():
    """1 − 2 · .07 / (.091875 + .065 + .000625), of the moments of a batch; a face that fills it up is in none."""
    output, target = [[0.1], [0.4], [-0.2], [0.6], [9.0]], [[0.0], [0.5], [-0.1], [0.4], [-9.0]]
    values = numbers(Concordance().per_example(tensor(output), tensor(target), tensor([1, 1, 1, 1, 0]), {}))
    np.testing.assert_allclose(values[:4], 1 - 0.888889, atol=1e-5)


class TestCentre:
    centres = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 3.0]], np.float32)
    features = np.array([[3.0, 0.0], [1.0, 2.0], [0.0, 1.0], [9.0, 9.0]], np.float32)
    labels = np.array([0, 0, 2, 1], np.int32)
    weights = np.array([1, 1, 1, 0], np.float32)  # the last fills up the batch: class 1 is absent

    def test_half_the_squared_distance(self):
        values = Centre().per_example(tensor(self.features), tensor(self.labels, "int32"), tensor(self.weights),
                                {"centres": tensor(self.centres)})
        np.testing.assert_allclose(numbers(values)[:3], [2.0, 2.0, 2.0])

    def test_centres_follow_the_faces_of_their_class_alone(self):
        after = numbers(Centre(rate=0.5).update_state(tensor(self.features), tensor(self.labels, "int32"),
                                                    tensor(self.weights), {"centres": tensor(self.centres)}))
        # Δc₀ = ((1,0) − (3,0) + (1,0) − (1,2)) / (1 + 2) = (−2, −2) / 3;  Δc₂ = ((0,3) − (0,1)) / 2
        expected = [[1 + 1 / 3, 1 / 3], [0.0, 0.0], [0.0, 2.5]]
        np.testing.assert_allclose(after["centres"], expected, rtol=1e-6, atol=1e-7)


class TestWeightedCluster:
    def case(self, **settings):
        loss = WeightedCluster(**settings)
        # N = 4, 1, 2: W = 1/4, 1, 1/2, and W̄ = 3/7
        state = remembered(loss, (2,), np.array([0, 0, 0, 0, 1, 2, 2]), 3)
        return loss, {**state, "centres": tensor([[1, 0], [0, 0], [0, 3]])}

    def test_the_equation_by_hand(self):
        loss, state = self.case()
        # D₀ = 1 + 10, D₁ = 1 + 9, D₂ = 10 + 9; α = 1
        values = loss.per_example(tensor([[3, 0], [1, 1], [0, 1]]), tensor([0, 1, 2], "int32"), tensor([1, 1, 1]),
                                  state)
        expected = np.array([0.5 * 0.25 * 4 / 12, 0.5 * 1 * 2 / 11, 0.5 * 0.5 * 4 / 20]) / (3 / 7)
        np.testing.assert_allclose(numbers(values), expected, rtol=1e-6)

    def test_differences_are_the_published_closed_form(self):
        """Equation 7 over W̄: W (x − c) / (D + α); a face that goes down the slope comes closer to its centre."""
        loss, state = self.case()
        features = np.array([[3, 0], [1, 1], [0, 1]], np.float32)
        labels = np.array([0, 1, 2])
        centres, shares = numbers(state["centres"]), numbers(state["class_weights"])
        away = features - centres[labels]
        slopes = shares[labels, None] * away / np.array([12, 11, 20], np.float32)[:, None] / (3 / 7)

        def total(values):
            return numbers(loss.per_example(tensor(values), tensor(labels, "int32"), tensor([1, 1, 1]), state)).sum()

        # The loss is quadratic: central differences are exact but for rounding.
        steps = 0.25 * np.eye(6, dtype=np.float32).reshape(6, 3, 2)
        differences = [(total(features + step) - total(features - step)) / 0.5 for step in steps]
        np.testing.assert_allclose(np.reshape(differences, (3, 2)), slopes, rtol=1e-4, atol=1e-6)
        assert (np.linalg.norm(features - slopes - centres[labels], axis=1) < np.linalg.norm(away, axis=1)).all()

    def test_centres_move_to_their_faces_by_the_published_step(self):
        loss, state = self.case()
        batch = tensor([[3, 0], [1, 2], [0, 1]]), tensor([0, 0, 2], "int32"), tensor([1, 1, 1])
        after = numbers(loss.update_state(*batch, state))["centres"]
        # Δc₀ = ¼ ((2,0) + (0,2)) / 12, Δc₂ = ½ (0,−2) / 20, and nothing for the absent class
        expected = [[1 + 0.5 / 12, 0.5 / 12], [0, 0], [0, 3 - 1 / 20]]
        np.testing.assert_allclose(after, expected, rtol=1e-6)
        half = numbers(WeightedCluster(rate=0.5).update_state(*batch, state))["centres"]
        begun = numbers(state["centres"])
        np.testing.assert_allclose(half - begun, (after - begun) / 2, atol=1e-6)

    def test_identical_centres_and_faces_stay_finite(self):
        """Uncapped, the published step would take a centre (1 − n) times as far from its n faces, batch after batch."""
        loss = WeightedCluster()
        state = remembered(loss, (4,), np.arange(3), 3)
        features, labels = np.full((30, 4), 2.0, np.float32), np.arange(30, dtype=np.int32) % 3
        for _ in range(50):
            state = {**state, **loss.update_state(tensor(features), tensor(labels, "int32"),
                                                tensor(np.ones(30)), state)}
        np.testing.assert_allclose(numbers(state["centres"]), 2.0, rtol=1e-5)

    def test_extreme_imbalance_stays_finite(self):
        loss = WeightedCluster()
        state = remembered(loss, (4,), np.repeat([0, 1], [1_000_000, 1]), 3)
        chance = np.random.default_rng(0)
        for _ in range(50):
            features = chance.normal(0, 100, (36, 4)).astype(np.float32)
            labels = (np.arange(36) == 0).astype(np.int32)
            batch = tensor(features), tensor(labels, "int32"), tensor(np.ones(36))
            assert np.isfinite(numbers(loss.per_example(*batch, state))).all()
            state = {**state, **loss.update_state(*batch, state)}
        centres = numbers(state["centres"])
        assert np.isfinite(centres).all()
        assert np.abs(centres[:2]).max() < 400
        np.testing.assert_array_equal(centres[2], 0)


class TestTriplet:
    # Embeddings on a line: pairs at 1, odd ones at 3 and 2 → squared distances 1, 9, 4
    near = np.array([[[0.0], [1.0], [3.0]]], np.float32)

    def test_by_hand(self):
        loss = TripletLoss(margins=(0.0, 4.0, 9.0))
        values = [numbers(loss.per_example(tensor(self.near), tensor([kind], "int32"), None, {}))[0]
                 for kind in range(3)]
        # 1 − 9 + δ and 1 − 4 + δ, from zero up
        assert values == [0.0, 1.0, 1.0 + 6.0]

    def test_the_odd_one_is_right_where_the_pair_is_closest(self):
        odd_in_place = np.concatenate([self.near, self.near[:, ::-1], self.near[:, [0, 2, 1]]])
        values = numbers(TripletLoss().is_correct(tensor(odd_in_place), None, None))
        assert values.tolist() == [True, False, False]


class TestNTXent:
    def test_by_the_double_sum(self):
        views = np.random.default_rng(0).normal(size=(4, 2, 5)).astype(np.float32)
        weights = np.array([1, 1, 1, 0], np.float32)
        values = numbers(NTXent(temperature=0.2).per_example(tensor(views), None, tensor(weights), {}))
        flat = views[:3].reshape(6, 5).astype(np.float64)
        unit = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        scores = np.exp(unit @ unit.T / 0.2)
        of_view = [-np.log(scores[i, i ^ 1] / sum(scores[i, k] for k in range(6) if k != i)) for i in range(6)]
        np.testing.assert_allclose(values[:3], np.reshape(of_view, (3, 2)).mean(axis=1), rtol=1e-4)

    def test_equal_views_of_unlike_faces_cost_least(self):
        apart = np.repeat(np.eye(4, dtype=np.float32)[:, None], 2, axis=1)
        loss = NTXent(temperature=0.1)
        # −log e^10 / (e^10 + 6 e^0)
        np.testing.assert_allclose(numbers(loss.per_example(tensor(apart), None, tensor(EVERYONE), {})),
                                   np.log1p(6 * np.exp(-10.0)), rtol=1e-2, atol=1e-6)
        assert numbers(loss.is_correct(tensor(apart), None, tensor(EVERYONE))).all()
        crossed = np.stack([apart[:, 0], np.roll(apart[:, 1], 1, axis=0)], axis=1)
        assert not numbers(loss.is_correct(tensor(crossed), None, tensor(EVERYONE))).any()

    def test_faces_that_fill_up_a_batch_are_no_rivals(self):
        """Forty faces in a batch of 256, filled up with other views of the same faces, which would be the nearest."""
        rng = np.random.default_rng(0)
        faces = rng.normal(size=(40, 1, 8)).astype(np.float32)
        views = faces + rng.normal(size=(40, 2, 8)).astype(np.float32)
        filling = np.resize(faces + rng.normal(size=(40, 2, 8)).astype(np.float32) / 8, (216, 2, 8))
        weights = np.repeat(np.float32([1, 0]), [40, 216])
        alone = numbers(NTXent().is_correct(tensor(views), None, tensor(weights[:40])))
        filled = numbers(NTXent().is_correct(tensor(np.concatenate([views, filling])), None, tensor(weights)))
        np.testing.assert_array_equal(filled[:40], alone)
        assert 0 < alone.sum() < 40
        terms = (LossTerm(NTXent(), "embedding", "views"),)
        fit = FitSettings(terms, Adam(), 1e-3, 1, augment=(Flip(),), batch_size=256)
        image = keras.Input((1, 1, 8), name="image")
        step = TrainingStep(keras.Model({"image": image}, {"embedding": keras.layers.Flatten()(image)}), fit,
                            Examples(np.arange(40)), 8)
        step.reset_metrics()
        answers = {"embedding": tensor(np.concatenate([views, filling]).reshape(-1, 8))}
        metrics = step.compute_metrics(None, None, (answers, {}), sample_weight=tensor(weights))
        assert float(metrics["accuracy.embedding.nt_xent"]) == pytest.approx(alone.mean())


class TestVectorError:
    def test_numbers_of_any_unit_count_alike_and_constant_ones_not_at_all(self):
        vectors = np.array([[0, 1000, 7], [2, 3000, 7]], np.float32)
        loss = VectorError()
        state = remembered(loss, (3,), vectors, 8)
        values = loss.per_example(tensor([[0, 0, 9], [1, 2, 9]]), tensor(vectors), tensor([1, 1]), state)
        # standardised targets (−1, −1) and (1, 1)
        np.testing.assert_allclose(numbers(values), [(1 + 1) / 2, (0 + 1) / 2], rtol=1e-5)

    def test_a_network_of_another_length_is_refused(self):
        with pytest.raises(ValueError, match=r"shape \(4,\) a face, and the target \(3,\)"):
            VectorError().init_state((4,), np.zeros((2, 3), np.float32), 8)


@pytest.mark.parametrize(("kind", "settings", "key"), [
    (Centre, {"rate": 1.5}, "rate"), (WeightedCluster, {"alpha": 0}, "alpha"),
    (TripletLoss, {"margins": (0.1, -1, 0)}, "margins"), (NTXent, {"temperature": 0}, "temperature")])
def test_settings_that_are_not_sound_are_refused(kind, settings, key):
    with pytest.raises(ValueError, match=key):
        kind(**settings)
