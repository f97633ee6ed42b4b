"""Class batch attention: by hand, alone in a batch, and beside faces that only fill it up."""

import keras
import numpy as np
import pytest

from fecemo.models.approach import approaches
from fecemo.models.losses.class_batch_attention import ClassBatchAttention, attend

QUERIES = [[(1, 0, 0), (0, 1, 0)], [(0, 0, 1), (1, 1, 0)]]
KEYS = [[(1, 1, 0), (0, 2, 0)], [(0, 1, 0), (1, 0, 1)]]
SCORES = np.array([[2, -1], [0, 3]], np.float32)
"""Of two faces and two classes."""
MAPS = np.concatenate([np.array(QUERIES), np.array(KEYS), SCORES[..., None]], axis=-1).astype(np.float32)


def attended(maps, weights=None):
    weights = np.ones(len(maps), np.float32) if weights is None else np.array(weights, np.float32)
    return keras.ops.convert_to_numpy(attend(keras.ops.convert_to_tensor(maps), keras.ops.convert_to_tensor(weights)))


def test_by_hand():
    result = attended(MAPS)
    np.testing.assert_allclose(result, [[1.339523, -0.217719], [1, 0.320954]], atol=1e-6)
    np.testing.assert_allclose(result + SCORES, [[3.339523, -1.217719], [1, 3.320954]], atol=1e-6)


def test_the_loss_is_both_cross_entropies():
    labels, result = np.array([0, 1]), attended(MAPS)
    costs = [np.log(np.exp(scores).sum(axis=1)) - scores[[0, 1], labels] for scores in (result, result + SCORES)]
    loss = ClassBatchAttention().per_example(keras.ops.convert_to_tensor(MAPS), keras.ops.convert_to_tensor(labels),
                                             keras.ops.ones((2,)), {})
    np.testing.assert_allclose(keras.ops.convert_to_numpy(loss), sum(costs), rtol=1e-5)


def test_alone_a_face_keeps_its_scores_and_so_does_a_face_among_copies():
    np.testing.assert_allclose(attended(MAPS[:1]), SCORES[:1], rtol=1e-6)
    np.testing.assert_allclose(attended(np.repeat(MAPS[:1], 3, axis=0)), np.repeat(SCORES[:1], 3, axis=0), rtol=1e-6)


def test_the_order_of_the_faces_does_not_matter_and_without_a_query_scores_are_means():
    maps = np.random.default_rng(0).normal(size=(5, 3, 9)).astype(np.float32)
    order = np.array([3, 1, 4, 0, 2])
    np.testing.assert_allclose(attended(maps[order]), attended(maps)[order], rtol=1e-5)
    maps[..., :4] = 0
    np.testing.assert_allclose(attended(maps), np.tile(maps[..., -1].mean(axis=0), (5, 1)), rtol=1e-5)


def test_faces_that_fill_up_the_batch_touch_no_other():
    filled = np.concatenate([MAPS, 9 * np.ones_like(MAPS[:1])])
    np.testing.assert_allclose(attended(filled, [1, 1, 0])[:2], attended(MAPS), rtol=1e-6)
    assert np.isfinite(attended(filled, [0, 0, 0])).all()


def test_an_output_that_is_no_class_maps_is_refused():
    with pytest.raises(ValueError, match=r"class maps are of the shape \(classes, 2 places \+ 1\)"):
        ClassBatchAttention().init_state((8,), None, 8)
    with pytest.raises(ValueError, match="the output has 2 classes, and the target has the class 2"):
        ClassBatchAttention().init_state((2, 7), np.array([2]), 8)


def test_answers_are_the_softmax_of_the_scores_that_are_attended_to():
    approach = approaches.find("batch_attention")
    model = approach.model(approach.config(filters=(4, 4)), {"image": (32, 32, 1)}, 4, 1)
    made = model({"image": np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 1)).astype(np.float32)})
    scores = keras.ops.convert_to_numpy(made["class_maps"])[..., -1]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(made["probabilities"]),
                               keras.ops.convert_to_numpy(keras.ops.softmax(scores)), rtol=1e-5)
