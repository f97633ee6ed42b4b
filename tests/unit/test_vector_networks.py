"""Vectors on their way into a network: which rows, scaled how, and what is left out by chance."""

import keras
import numpy as np
import pytest

from fecemo.imaging.landmarks.features import GROUPS
from fecemo.models.approach import approaches
from fecemo.models.approaches import landmarks
from fecemo.models.layers import NEGLIGIBLE, Standardization, adapt_inputs
from fecemo.models.loss import LossTerm
from fecemo.models.losses.triplets import TripletLoss
from fecemo.stages.face_inputs import NOWHERE, FaceVectors
from fecemo.training.examples import Examples
from fecemo.training.loader import Loader
from fecemo.training.optimizers import Adam
from fecemo.training.order import padded_batches
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

VALUES = np.arange(40, dtype=np.float32).reshape(10, 4)


class TestLoadedVectors:
    def test_batches_are_the_rows_that_are_used_in_the_order_of_the_plan(self):
        loader = Loader({"vector": VALUES}, np.array([2, 3, 5, 7, 9]))
        plan = padded_batches(np.array([4, 0, 3]), 2, loader.devices)
        batches = [(np.asarray(batch["vector"]), positions.tolist(), n)
                   for batch, positions, n in loader.batches(plan)]
        assert [(positions, n) for _, positions, n in batches] == [([4, 0], 2), ([3, 4], 1)]
        np.testing.assert_array_equal(batches[0][0], VALUES[[9, 2]])
        np.testing.assert_array_equal(batches[1][0], VALUES[[7, 9]])
        assert len(loader) == 5

    def test_a_row_that_is_not_there_is_refused(self):
        with pytest.raises(IndexError, match="rows 3 to 10 of the column 'vector' are asked for, of 10 rows"):
            Loader({"vector": VALUES}, np.array([3, 10]))


class TestFaceVectors:
    vectors = FaceVectors(VALUES[:3], np.array([NOWHERE, 0, NOWHERE, 2, 1]), np.array([0, 1, 0, 1, 1], bool))

    def test_faces_have_the_vector_of_their_place(self):
        assert (self.vectors.shape, len(self.vectors)) == ((5, 4), 5)
        np.testing.assert_array_equal(self.vectors[np.array([3, 1])], VALUES[[2, 0]])

    def test_a_face_without_a_vector_is_no_other_face(self):
        with pytest.raises(IndexError, match="1 of 2 faces have no vector"):
            _ = self.vectors[np.array([1, 2])]


def triplet_model(**sizes):
    approach = approaches.find("triplet_landmarks")
    config = approach.config(dense=8, embedding=3, blendshapes=False, gradients=False, **sizes)
    return approach.model(config, {"distances": (4,)}, 8, 5)


def standardized(values, faces, **settings):
    layer = Standardization(**settings)
    layer.build((None, np.shape(values)[1]))
    layer.adapt(np.asarray(values))
    return np.asarray(layer(np.asarray(faces, np.float32)))


class TestStandardization:
    def test_by_hand(self):
        result = standardized([[0.0, 10, 1, 5], [2, 30, 1, 5], [4, 50, 1, 5]], [[4, 30, 1, 5], [4, 30, 2, 5]])
        np.testing.assert_allclose(result, [[2 / np.sqrt(8 / 3), 0, 0, 0]] * 2, atol=1e-5)

    def test_what_hardly_varies_is_not_made_large(self):
        values = np.random.default_rng(0).normal(size=(1000, 4)) * (1, 1, 1, 1e-7)
        scaled = standardized(values, values)
        np.testing.assert_allclose(scaled[:, :3].std(axis=0), 1, rtol=1e-3)
        assert scaled[:, 3].std() < 1e-7 / np.sqrt(NEGLIGIBLE / 2)

    def test_faces_that_are_all_alike_are_no_fault(self):
        assert (standardized(np.ones((5, 4)), np.ones((2, 4))) == 0).all()

    def test_numbers_of_one_unit_keep_their_proportions(self):
        values = np.array([[0, 0], [3, 4]], float)  # standard deviations 1.5 and 2
        np.testing.assert_allclose(standardized(values, [[3, 4]], pooled=True), [[1.5 / 2.5, 2 / 2.5]], rtol=1e-5)

    def test_squares_add_up_to_the_length_and_what_is_far_is_limited(self):
        values = np.random.default_rng(0).normal(size=(1000, 5)) * (1, 2, 3, 4, 5)
        scaled = standardized(values, values, length=0.5)
        assert (scaled**2).sum(axis=1).mean() == pytest.approx(0.25, rel=1e-3)
        far = standardized(values, values + 1e6, length=0.5, limit=4.0)
        np.testing.assert_allclose(far, 4 * 0.5 / np.sqrt(5), rtol=1e-3)

    def test_layers_at_an_input_are_adapted_to_it_keras_s_own_too(self):
        first, second = keras.Input((2,), name="first"), keras.Input((2,), name="second")
        model = keras.Model({"first": first, "second": second}, {"sum": keras.layers.Add()([
            keras.layers.Normalization(name="normalization")(first), Standardization(name="standard")(second)])})
        values = {"first": np.array([[1.0, 2], [3, 2]]), "second": np.array([[0.0, 5], [8, 9]])}
        adapt_inputs(model, lambda name: values[name])
        np.testing.assert_allclose(np.asarray(model.get_layer("normalization").mean).ravel(), [2, 2])
        np.testing.assert_allclose(np.asarray(model.get_layer("standard").mean), [4, 7])


def test_a_face_of_which_chance_leaves_nothing_has_an_embedding_and_a_slope():
    """Faces at the mean of all are 0 after scaling, so that nothing but biases reaches the embedding."""
    fit = FitSettings((LossTerm(TripletLoss(), "embedding", "triplet"),), Adam(), 1e-2, epochs=1)
    triplets = Examples(np.zeros((2, 3), np.int64), {"triplet": np.zeros(2, np.int32)})
    model = triplet_model()
    step = TrainingStep(model, fit, triplets, 8)
    for _ in range(2):
        figures = step.step({"distances": np.zeros((6, 4), np.float32)}, triplets.targets, np.ones(2, np.float32))
    assert np.isfinite(figures["loss"])
    assert all(np.isfinite(weights).all() for weights in model.get_weights())


def test_what_is_left_out_by_chance_follows_from_the_seed():
    inputs = {"distances": VALUES}
    seen = [np.asarray(triplet_model()(inputs, training=True)["embedding"]) for _ in range(2)]
    np.testing.assert_array_equal(*seen)
    model = triplet_model()
    first, second = (np.asarray(model(inputs, training=True)["embedding"]) for _ in range(2))
    assert (first != second).any(), "each batch is another chance"
    np.testing.assert_array_equal(model(inputs)["embedding"], model(inputs)["embedding"])


def test_groups_are_chosen_in_their_stored_order():
    approach = approaches.find("landmark_features")
    assert tuple(GROUPS) == landmarks.GROUPS
    assert approach.columns() == {"distances": "landmark_features.distances",
                                  "blendshapes": "landmark_features.blendshapes"}
    assert list(approach.columns(approach.config(distances=0.0, gradients=0.5))) == ["blendshapes", "gradients"]
    with pytest.raises(ValueError, match=r"gradients must be at least 0, not -1"):
        approach.config(gradients=-1.0)
    with pytest.raises(ValueError, match="nothing is left of a face"):
        approaches.find("triplet_landmarks").config(distances=False, blendshapes=False, gradients=False)
