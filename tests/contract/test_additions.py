"""Approaches beyond the catalogue: two steps on textured faces, resumed after an interruption, stored and read back."""

import keras
import numpy as np
import pytest
from additions import affect, jigsaw, two_stream, variational

from fecemo.data.variants import variants
from fecemo.errors import InputError
from fecemo.models.layers import adapt_inputs
from fecemo.models.loss import LossTerm, losses
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples
from fecemo.training.fit import train
from fecemo.training.loader import Loader
from fecemo.training.network_file import MODEL_NAME, load_network, refuse_unstorable, save_network
from fecemo.training.optimizers import Adam
from fecemo.training.outputs import write_outputs
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep, part_of
from fecemo.training.training_job import TrainingJob, TrainingPhase

FACES, SIDE = 12, 40
N_CLASSES = 7
ADDITIONS = {module.APPROACH.name: module for module in (affect, jigsaw, two_stream, variational)}


def columns_of(approach):
    chance = np.random.default_rng(0)
    known = {"image": chance.integers(0, 256, (FACES, 200, 200, 3), dtype=np.uint8),
             "landmark_features.distances": chance.normal(3, 2, (FACES, 5)).astype(np.float32)}
    return {name: known[column] for name, column in approach.columns().items()}


def job(module, folder):
    approach, chance = module.APPROACH, np.random.default_rng(1)
    columns = columns_of(approach)
    shapes = {name: (SIDE, SIDE, 1) if values.ndim == 4 else values.shape[1:] for name, values in columns.items()}
    affect_of = chance.uniform(-1, 1, (FACES, 2)).astype(np.float32)
    affect_of[3] = np.nan
    labels = (np.arange(FACES) % N_CLASSES).astype(np.int32)
    labels[5] = -1
    examples = Examples(np.arange(FACES), {"label": labels, "valence+arousal": affect_of})
    terms = tuple(LossTerm(losses()[name](), output, target) for name, output, target in module.TERMS)
    phases = []
    for phase in approach.phases:
        first = tuple(term for term in terms if term.output in phase.targets)
        fit = FitSettings(first, Adam(), 1e-3, epochs=2, batch_size=8, augment=module.AUGMENT)
        phases.append(TrainingPhase(phase.name, phase.frozen, fit, columns, examples))
    model = approach.model(approach.config(), shapes, N_CLASSES, 3)
    adapt_inputs(model, lambda name: columns[name])
    return TrainingJob(approach.name, model, phases, DeviceView(variants.find("gray"), SIDE), N_CLASSES, 3, folder, "a")


def weights_of(training):
    return [keras.ops.convert_to_numpy(variable) for variable in training.model.variables]


@pytest.mark.parametrize("name", ADDITIONS)
def test_it_trains_resumes_is_stored_and_read_back(name, tmp_path, monkeypatch):
    module = ADDITIONS[name]
    whole = job(module, tmp_path / "whole")
    assert set(whole.model.output) == set(module.APPROACH.outputs)
    refuse_unstorable(whole.model, tmp_path)
    begun = weights_of(whole)
    done = train(whole)
    assert all(np.isfinite(record.loss) for record in done.records)
    names = {key for record in done.records for key in record.terms if key.startswith("loss.")}
    assert names == {f"loss.{output}.{loss}" for loss, output, _ in module.TERMS}
    assert any((before != after).any() for before, after in zip(begun, weights_of(whole), strict=True))

    step, steps = TrainingStep.step, []

    def stopping(self, *arguments):
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(TrainingStep, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        train(job(module, tmp_path / "broken"))
    monkeypatch.setattr(TrainingStep, "step", step)
    resumed = job(module, tmp_path / "broken")
    assert [record.loss for record in train(resumed).records] == [record.loss for record in done.records]
    for expected, actual in zip(weights_of(whole), weights_of(resumed), strict=True):
        np.testing.assert_array_equal(expected, actual)

    save_network(whole.model, tmp_path / MODEL_NAME)
    loaded = load_network(tmp_path / MODEL_NAME)
    outputs = tuple(module.APPROACH.readouts)
    loader = Loader(whole.phases[0].columns, np.arange(FACES), whole.view)
    for folder, model in (("mine", whole.model), ("theirs", loaded)):
        paths = {output: tmp_path / folder / f"{output}.npy" for output in outputs}
        write_outputs(paths, part_of(model, outputs), loader, 5, "outputs")
    for output in outputs:
        first, second = (np.load(tmp_path / folder / f"{output}.npy") for folder in ("mine", "theirs"))
        assert first.shape[0] == FACES
        np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6)


def test_a_layer_that_is_not_registered_is_refused_before_it_trains(tmp_path):
    class Unregistered(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    vector = keras.Input((3,), name="vector")
    model = keras.Model({"vector": vector}, {"embedding": Unregistered()(vector)}, name="strange")
    with pytest.raises(InputError, match=r"the model strange cannot be stored and loaded again .*Unregistered.*regis"):
        refuse_unstorable(model, tmp_path)
    assert list(tmp_path.iterdir()) == []
