"""Vectors on their way into a network: which rows, scaled how, and what is left out by chance."""

import numpy as np
import pytest

from fecemo.models.approach import find_approach
from fecemo.models.losses.triplet import TripletLoss
from fecemo.models.measured_groups import chosen_groups
from fecemo.stages.face_vectors import NOWHERE, FaceVectors
from fecemo.training.examples import Examples
from fecemo.training.loader import Loader
from fecemo.training.optimizers import Adam
from fecemo.training.order import padded_batches
from fecemo.training.settings import FitSettings
from fecemo.training.standardize import NEGLIGIBLE, standardize
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


def rated(**sizes):
    approach = find_approach("triplet_landmarks")
    return approach.build(approach.config(dense=8, embedding=3, **sizes), (4,), 8, 5)["encoder"]


class TestStandardize:
    def test_by_hand(self):
        network = rated()
        standardize(network, "scaling", np.array([[0.0, 10, 1, 5], [2, 30, 1, 5], [4, 50, 1, 5]]))
        scaled = np.asarray(network.get_layer("scaling")(np.array([[4, 30, 1, 5]], np.float32)))
        np.testing.assert_allclose(scaled, [[2 / np.sqrt(8 / 3), 0, 0, 0]], atol=1e-5)

    def test_what_hardly_varies_is_not_made_large(self):
        network, values = rated(), np.random.default_rng(0).normal(size=(1000, 4)) * (1, 1, 1, 1e-7)
        standardize(network, "scaling", values)
        scaled = np.asarray(network.get_layer("scaling")(values.astype(np.float32)))
        np.testing.assert_allclose(scaled[:, :3].std(axis=0), 1, rtol=1e-3)
        assert scaled[:, 3].std() < 1e-7 / np.sqrt(NEGLIGIBLE / 2)

    def test_faces_that_are_all_alike_are_no_fault(self):
        network = rated()
        standardize(network, "scaling", np.ones((5, 4)))
        assert np.isfinite(np.asarray(network(np.ones((2, 4), np.float32)))).all()


def test_a_face_of_which_chance_leaves_nothing_has_an_embedding_and_a_slope():
    """Faces at the mean of all are 0 after scaling, so that nothing but biases reaches the embedding."""
    fit = FitSettings((TripletLoss(),), Adam(), 1e-2, epochs=1)
    triplets = Examples(np.zeros((2, 3), np.int64), {"triplet": np.zeros(2, np.int32)})
    network = rated()
    step = TrainingStep({"embedding": network}, fit, triplets, 8)
    for _ in range(2):
        said = step.step(np.zeros((6, 4), np.float32), triplets.targets, np.ones(2, np.float32))
    assert np.isfinite(said["loss"])
    assert all(np.isfinite(weights).all() for weights in network.get_weights())


def test_what_is_left_out_by_chance_follows_from_the_seed():
    seen = [np.asarray(rated()(VALUES, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(*seen)
    network = rated()
    first, second = (np.asarray(network(VALUES, training=True)) for _ in range(2))
    assert (first != second).any(), "each batch is another chance"
    np.testing.assert_array_equal(network(VALUES), network(VALUES))


def test_groups_are_chosen_in_their_stored_order():
    config = find_approach("landmark_features").config
    assert chosen_groups(config()) == ("distances", "blendshapes")
    assert chosen_groups(config(distances=0.0, gradients=0.5)) == ("blendshapes", "gradients")
    with pytest.raises(ValueError, match=r"gradients must be at least 0, not -1"):
        config(gradients=-1.0)
    with pytest.raises(ValueError, match="nothing is left of a face"):
        find_approach("triplet_landmarks").config(distances=False, blendshapes=False, gradients=False)
