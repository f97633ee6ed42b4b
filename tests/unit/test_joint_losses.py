"""What losses with centres are for: faces of a class draw together, classes draw apart, rare ones as well."""

import keras
import numpy as np
import pytest

from fecemo.models.layers import chain
from fecemo.models.loss import LossTerm
from fecemo.models.losses.centres import Centre, WeightedCluster, WeightedSoftmax
from fecemo.models.losses.classes import CrossEntropy
from fecemo.models.losses.numbers import MeanSquaredError
from fecemo.training.examples import Examples
from fecemo.training.optimizers import SGD
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

LABELS = np.repeat(np.arange(3, dtype=np.int32), [40, 16, 8])
FACES = 255 * np.eye(64, dtype=np.float32).reshape(64, 8, 8, 1)
"""One pixel each: the weights of a dense layer over them are the features of the faces."""
BEGUN = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)


def spread_of(features, label):
    """Return the mean squared distance of a class's faces to their mean, and of that mean to the others'."""
    means = np.stack([features[label_of == LABELS].mean(axis=0) for label_of in range(3)])
    within = ((features[label == LABELS] - means[label]) ** 2).sum(axis=1).mean()
    return within, np.mean([((means[other] - means[label]) ** 2).sum() for other in range(3) if other != label])


def model():
    image = keras.Input(FACES.shape[1:], name="image")
    encoder = chain("encoder", FACES.shape[1:], [
        keras.layers.Rescaling(1 / 255, name="rescaling"), keras.layers.Flatten(name="flatten"),
        keras.layers.Dense(4, use_bias=False, name="deep")])
    head = chain("head", (4,), [keras.layers.Dense(3, "softmax", name="classes")])
    features = encoder(image)
    return keras.Model({"image": image}, {"features": features, "probabilities": head(features)})


def term_of(loss):
    return LossTerm(loss, "probabilities" if loss.has_accuracy else "features", "label", loss.default_weight)


def step_of(*losses):
    fit = FitSettings(tuple(map(term_of, losses)), SGD(), 10.0, 1, batch_size=64)
    return TrainingStep(model(), fit, Examples(np.arange(64), {"label": LABELS}), 3)


def taught(*losses):
    """Return the features after training, and the centres where a loss has any."""
    step = step_of(*losses)
    table = next(variable for variable in step.trainable_variables if tuple(variable.shape) == BEGUN.shape)
    table.assign(BEGUN)
    for _ in range(60):
        step.step({"image": FACES}, {"label": LABELS}, np.ones(64, np.float32))
    centres = [keras.ops.convert_to_numpy(variable) for variable in step.state if "centres" in variable.path]
    return keras.ops.convert_to_numpy(table), centres


@pytest.fixture(scope="module")
def softmax_alone():
    return taught(WeightedSoftmax())[0]


@pytest.mark.parametrize("term", [Centre(), WeightedCluster()], ids=["centre", "weighted cluster"])
def test_classes_draw_together_and_apart(term, softmax_alone):
    features, (centres,) = taught(WeightedSoftmax(), term)
    for label in range(3):
        (within, between), before = spread_of(features, label), spread_of(BEGUN, label)
        assert within < 0.7 * before[0], "faces of a class did not draw together"
        assert between > 2 * before[1], "classes did not draw apart"
        assert within < 0.8 * spread_of(softmax_alone, label)[0], "the softmax alone does as much"
        to_own, *others = (np.linalg.norm(features[label == LABELS] - centres[other], axis=1).mean()
                        for other in (label, (label + 1) % 3, (label + 2) % 3))
        assert to_own < 0.8 * min(others), "a centre does not stand where its faces are"


@pytest.mark.parametrize(("term", "divisor"), [
    (Centre(), lambda centres: 1.0),
    (WeightedCluster(), lambda centres: ((centres[:, None] - centres[None]) ** 2).sum(axis=(1, 2))[LABELS, None] + 1)],
    ids=["centre", "weighted cluster"])
def test_what_training_goes_down_is_the_published_slope(term, divisor):
    """x − c, and W (x − c) / (D + α) / W̄ (equation 7), by the backend's own differentiation."""
    step = step_of(term)
    centres = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    (table,) = step.trainable_variables
    table.assign(BEGUN)
    next(variable for variable in step.state if "centres" in variable.path).assign(centres)
    step.step({"image": FACES}, {"label": LABELS}, np.ones(64, np.float32))
    shares = np.array([8 / 40, 8 / 16, 1])[LABELS, None] / (3 * 8 / 64) if isinstance(term, WeightedCluster) else 1.0
    # One pixel a face, a mean over 64 faces, a rate of 10.
    result = (BEGUN - keras.ops.convert_to_numpy(table)) * 64 / 10
    expected = term.default_weight * shares * (BEGUN - centres[LABELS]) / divisor(centres)
    np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-5)


def test_submodels_that_two_losses_look_at_run_once_and_others_not_at_all():
    assert [layer.name for layer in step_of(WeightedSoftmax(), Centre()).part.layers[1:]] == ["encoder", "head"]
    assert [layer.name for layer in step_of(Centre()).part.layers[1:]] == ["encoder"]


def test_the_same_loss_twice_has_two_states_and_two_columns():
    terms = (term_of(WeightedSoftmax()), LossTerm(Centre(rate=1.0), "features", "label", 0.5),
             LossTerm(Centre(rate=0.1), "features", "label", 0.25))
    fit = FitSettings(terms, SGD(), 0.1, 1, batch_size=64)
    assert fit.term_names == ("probabilities.weighted_softmax", "features.centre", "features.centre.2")
    step = TrainingStep(model(), fit, Examples(np.arange(64), {"label": LABELS}), 3)
    figures = step.step({"image": FACES}, {"label": LABELS}, np.ones(64, np.float32))
    assert figures["loss"] == pytest.approx(
        sum(term.weight * figures[f"loss.{name}"] for name, term in step.terms.items()), rel=1e-5)
    fast, slow = (keras.ops.convert_to_numpy(variable) for variable in step.state if "centres" in variable.path)
    np.testing.assert_allclose(slow, 0.1 * fast, rtol=1e-4, atol=1e-7)


def test_examples_whose_target_is_not_known_are_left_out_of_that_term_alone():
    """Labels of -1 and numbers that are NaN; where none is known, the term is 0."""
    image = keras.Input((2,), name="vector")
    deep = keras.layers.Dense(3, "softmax", name="classes")(image)
    affect = keras.layers.Dense(2, name="affect")(image)
    net = keras.Model({"vector": image}, {"probabilities": deep, "affect": affect})
    terms = (LossTerm(CrossEntropy(), "probabilities", "label"),
             LossTerm(MeanSquaredError(), "affect", ("valence", "arousal")))
    labels = np.array([0, -1, 2, -1], np.int32)
    numbers = np.array([[0.5, 0.1], [0.2, -0.3], [np.nan, 0.0], [0.0, np.nan]], np.float32)
    targets = {"label": labels, "valence+arousal": numbers}
    step = TrainingStep(net, FitSettings(terms, SGD(), 1e-9, 1, batch_size=4), Examples(np.arange(4), targets), 3)
    vectors = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    made = {name: keras.ops.convert_to_numpy(values) for name, values in net({"vector": vectors}).items()}
    figures = step.step({"vector": vectors}, targets, np.ones(4, np.float32))
    entropy = -np.log(made["probabilities"][[0, 2], [0, 2]]).mean()
    error = ((made["affect"][:2] - numbers[:2]) ** 2).mean()
    assert figures["loss.probabilities.cross_entropy"] == pytest.approx(entropy, rel=1e-5)
    assert figures["loss.affect.mean_squared_error"] == pytest.approx(error, rel=1e-5)
    assert figures["loss"] == pytest.approx(entropy + error, rel=1e-5)
    unknown = {"label": np.full(4, -1, np.int32), "valence+arousal": np.full((4, 2), np.nan, np.float32)}
    assert step.step({"vector": vectors}, unknown, np.ones(4, np.float32))["loss"] == 0
    assert all(np.isfinite(weights).all() for weights in net.get_weights())


def test_losses_that_layers_add_count():
    vector = keras.Input((2,), name="vector")
    classes = keras.layers.Dense(3, "softmax", kernel_regularizer=keras.regularizers.L2(0.1), name="classes")
    net = keras.Model({"vector": vector}, {"probabilities": classes(vector)})
    fit = FitSettings((LossTerm(CrossEntropy(), "probabilities", "label"),), SGD(), 1e-3, 1, batch_size=4)
    labels = np.array([0, 1, 2, 0], np.int32)
    step = TrainingStep(net, fit, Examples(np.arange(4), {"label": labels}), 3)
    penalty = 0.1 * float((net.get_weights()[0] ** 2).sum())
    figures = step.step({"vector": np.ones((4, 2), np.float32)}, {"label": labels}, np.ones(4, np.float32))
    assert figures["loss"] == pytest.approx(figures["loss.probabilities.cross_entropy"] + penalty, rel=1e-5)
