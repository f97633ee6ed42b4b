"""What the weighted-cluster loss is for: faces of a class draw together, classes draw apart, rare ones as well."""

import keras
import numpy as np
import pytest

from fecemo.models.losses.centre import Centre
from fecemo.models.losses.weighted_cluster import WeightedCluster
from fecemo.models.losses.weighted_softmax import WeightedSoftmax
from fecemo.models.stacks import build_networks
from fecemo.training.examples import Examples
from fecemo.training.optimizers.sgd import SGD
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

LABELS = np.repeat(np.arange(3, dtype=np.int32), [40, 16, 8])


def spread_of(features):
    """Return the mean squared distance of faces to their class's mean, and that between the means."""
    means = np.stack([features[label == LABELS].mean(axis=0) for label in range(3)])
    within = np.mean([((features[label == LABELS] - means[label]) ** 2).sum(axis=1).mean() for label in range(3)])
    between = np.mean([((means[one] - means[other]) ** 2).sum() for one, other in ((0, 1), (0, 2), (1, 2))])
    return within, between


def taught(*losses, steps=150):
    """Return the spreads before and after, and the centres."""
    chance = np.random.default_rng(0)
    pixels = (128 + 20 * chance.normal(size=(len(LABELS), 3, 3, 1))).astype(np.float32)
    pixels[np.arange(len(LABELS)), LABELS, 0] += 50
    stacks = {"encoder": lambda _: [keras.layers.Rescaling(1 / 255, name="rescaling"),
                                    keras.layers.Conv2D(16, 3, activation="tanh", name="wide"),
                                    keras.layers.Flatten(name="flatten"), keras.layers.Dense(4, name="deep")],
              "head": lambda _: [keras.layers.Dense(3, "softmax", name="classes")]}
    networks = build_networks({"encoder": ("encoder",), "classifier": ("encoder", "head")}, stacks, (3, 3, 1), 0)
    fit = FitSettings(losses, SGD(momentum=0.9), 0.1, 1, batch_size=len(LABELS))
    step = TrainingStep({"features": networks["encoder"], "probabilities": networks["classifier"]}, fit,
                        Examples(np.arange(len(LABELS)), {"label": LABELS}), 3)
    begun = spread_of(keras.ops.convert_to_numpy(networks["encoder"](pixels)))
    for _ in range(steps):
        said = step.step(pixels, {"label": LABELS}, np.ones(len(LABELS), np.float32))
    features = keras.ops.convert_to_numpy(networks["encoder"](pixels))
    centres = [keras.ops.convert_to_numpy(variable) for variable in step.state if variable.ndim == 2]
    return begun, spread_of(features), said, centres, features


@pytest.mark.parametrize("term", [Centre(), WeightedCluster()], ids=["centre", "weighted cluster"])
def test_classes_draw_together_and_apart(term):
    begun, ended, said, centres, features = taught(WeightedSoftmax(), term)
    _, plain, _, _, _ = taught(WeightedSoftmax())
    assert ended[0] / ended[1] < 0.5 * begun[0] / begun[1], "faces of a class did not draw together"
    assert ended[1] > begun[1], "classes did not draw apart"
    assert ended[0] / ended[1] < plain[0] / plain[1], "the softmax alone draws classes together as well"
    assert said["accuracy"] > 0.9
    for label in range(3):
        own = np.linalg.norm(features[label == LABELS] - centres[0][label], axis=1).mean()
        others = [np.linalg.norm(features[label == LABELS] - centres[0][other], axis=1).mean()
                  for other in range(3) if other != label]
        assert own < 0.5 * min(others), "centres do not stand where their faces are"


def test_stacks_that_two_losses_look_at_run_once():
    stacks = {"encoder": lambda _: [keras.layers.Flatten(name="flatten"), keras.layers.Dense(4, name="deep")],
              "head": lambda _: [keras.layers.Dense(3, "softmax", name="classes")]}
    networks = build_networks({"encoder": ("encoder",), "classifier": ("encoder", "head")}, stacks, (3, 3, 1), 0)
    fit = FitSettings((WeightedSoftmax(), Centre()), SGD(), 0.1, 1, batch_size=2)
    step = TrainingStep({"features": networks["encoder"], "probabilities": networks["classifier"]}, fit,
                        Examples(np.arange(2), {"label": np.arange(2, dtype=np.int32)}), 3)
    assert [layer.name for layer in step.network.layers[1:]] == ["encoder", "head"]
