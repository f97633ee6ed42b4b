"""What losses with centres are for: faces of a class draw together, classes draw apart, rare ones as well."""

import keras
import numpy as np
import pytest

from fecemo.models.losses.centre import Centre
from fecemo.models.losses.weighted_cluster import WeightedCluster
from fecemo.models.losses.weighted_softmax import WeightedSoftmax
from fecemo.models.stacks import build_networks
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
    means = np.stack([features[one == LABELS].mean(axis=0) for one in range(3)])
    within = ((features[label == LABELS] - means[label]) ** 2).sum(axis=1).mean()
    return within, np.mean([((means[other] - means[label]) ** 2).sum() for other in range(3) if other != label])


def networks():
    stacks = {"encoder": lambda _: [keras.layers.Rescaling(1 / 255, name="rescaling"),
                                    keras.layers.Flatten(name="flatten"),
                                    keras.layers.Dense(4, use_bias=False, name="deep")],
              "head": lambda _: [keras.layers.Dense(3, "softmax", name="classes")]}
    built = build_networks({"encoder": ("encoder",), "classifier": ("encoder", "head")}, stacks, FACES.shape[1:], 0)
    return {"features": built["encoder"], "probabilities": built["classifier"]}


def step_of(*losses):
    fit = FitSettings(losses, SGD(), 10.0, 1, batch_size=64)
    return TrainingStep(networks(), fit, Examples(np.arange(64), {"label": LABELS}), 3)


def taught(*losses):
    """Return the features after training, and the centres where a loss has any."""
    step = step_of(*losses)
    table = next(variable for variable in step.trainable_variables if tuple(variable.shape) == BEGUN.shape)
    table.assign(BEGUN)
    for _ in range(60):
        step.step(FACES, {"label": LABELS}, np.ones(64, np.float32))
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
        own, *others = (np.linalg.norm(features[label == LABELS] - centres[other], axis=1).mean()
                        for other in (label, (label + 1) % 3, (label + 2) % 3))
        assert own < 0.8 * min(others), "a centre does not stand where its faces are"


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
    step.step(FACES, {"label": LABELS}, np.ones(64, np.float32))
    shares = np.array([8 / 40, 8 / 16, 1])[LABELS, None] / (3 * 8 / 64) if isinstance(term, WeightedCluster) else 1.0
    # One pixel a face, a mean over 64 faces, a rate of 10.
    found = (BEGUN - keras.ops.convert_to_numpy(table)) * 64 / 10
    expected = term.weight * shares * (BEGUN - centres[LABELS]) / divisor(centres)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_stacks_that_two_losses_look_at_run_once():
    assert [layer.name for layer in step_of(WeightedSoftmax(), Centre()).network.layers[1:]] == ["encoder", "head"]
