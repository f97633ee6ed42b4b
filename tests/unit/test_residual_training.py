"""A residual network in the training loop: what it knows of batches is stored, and what is frozen stays."""

import keras
import numpy as np
import pytest

from fecemo.data.variants import variants
from fecemo.models.approach import approaches
from fecemo.models.loss import LossTerm
from fecemo.models.losses.centres import WeightedCluster, WeightedSoftmax
from fecemo.training.augmentations.geometric import Flip
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples
from fecemo.training.fit import computing_in, train
from fecemo.training.optimizers import SGD
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep
from fecemo.training.training_job import TrainingJob, TrainingPhase

FACES = 13
SIDE = 20


def training(folder, frozen=(), epochs=3, precision="float32"):
    entry = approaches.find("se_resnet")
    config = entry.config(side=16, blocks=(1, 1, 1, 1), filters=4, features=6)
    terms = (LossTerm(WeightedSoftmax(), "probabilities", "label"), LossTerm(WeightedCluster(), "features", "label"))
    fit = FitSettings(terms, SGD(momentum=0.9, weight_decay=5e-4), 1e-2, epochs,
                      batch_size=5, augment=(Flip(),), precision=precision)
    faces = np.random.default_rng(0).integers(0, 256, (FACES, 200, 200, 3), dtype=np.uint8)
    examples = Examples(np.arange(FACES), {"label": np.arange(FACES, dtype=np.int32) % 8})
    return TrainingJob(title="residual", model=entry.model(config, {"image": (SIDE, SIDE, 3)}, 8, 5), n_classes=8,
                       seed=5, phases=[TrainingPhase("classify", frozen, fit, {"image": faces}, examples)],
                       folder=folder, view=DeviceView(variants.find("rgb"), SIDE), digest="a")


def weights(done):
    return {f"{stack.name}/{layer.name}/{variable.name}": keras.ops.convert_to_numpy(variable.value)
            for stack in done.model.layers[1:] for layer in stack.layers for variable in layer.weights}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    whole = training(tmp_path_factory.mktemp("unbroken"))
    begun = weights(whole)
    losses = [record.loss for record in train(whole).records]
    return begun, weights(whole), losses


def test_resumed_equals_unbroken_to_the_last_bit_with_the_statistics_of_batches(unbroken, tmp_path, monkeypatch):
    step, steps = TrainingStep.step, []

    def stopping(self, *arguments):
        steps.append(arguments)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(TrainingStep, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        train(training(tmp_path))
    monkeypatch.setattr(TrainingStep, "step", step)
    again = training(tmp_path)
    assert [record.loss for record in train(again).records] == unbroken[2]
    ended = weights(again)
    for name, expected in unbroken[1].items():
        np.testing.assert_array_equal(ended[name], expected, err_msg=name)
    assert any(name.endswith("moving_variance") for name in ended)


def test_everything_learns_and_the_loss_falls(unbroken):
    begun, ended, losses = unbroken
    still = [name for name in begun if (begun[name] == ended[name]).all()]
    assert not still
    assert losses[-1] < losses[0]


def test_frozen_stages_stay_with_their_statistics(tmp_path, unbroken):
    done = training(tmp_path, frozen=("stage_1", "stage_2", "stage_3"), epochs=1)
    train(done)
    moved = {name.partition("/")[0] for name, values in weights(done).items() if (values != unbroken[0][name]).any()}
    assert moved == {"stage_4", "stage_5", "features", "head"}
    assert all(stack.trainable for stack in done.model.layers)


def test_half_precision_reaches_into_the_branches(tmp_path):
    done = training(tmp_path, epochs=1, precision="mixed_bfloat16")
    records = train(done).records
    assert np.isfinite(records[0].loss)
    assert all(values.dtype == np.float32 for values in weights(done).values())


def test_pixels_are_resized_and_rescaled_in_single_precision():
    """In half precision a pixel of 163.75 would come out of the resizing as 164."""
    entry = approaches.find("resnet")
    network = entry.model(entry.config(side=32, blocks=(1, 1, 1, 1), filters=4), {"image": (48, 48, 3)}, 8, 0)
    with computing_in(network, "mixed_bfloat16"):
        computes = {layer.name: layer.compute_dtype for stack in network.layers[1:3] for layer in stack.layers}
    assert (computes["resizing"], computes["rescaling"], computes["conv"]) == ("float32", "float32", "bfloat16")
