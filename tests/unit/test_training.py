"""Training: resumed equals unbroken, frozen is frozen, and what cannot go well is said in time."""

import csv
import dataclasses
import math
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from small_training import FACES, fit_settings, small_training, weights_of

from fecemo.errors import InputError, StoredStateError
from fecemo.training.checkpoint import Checkpoint
from fecemo.training.examples import Examples
from fecemo.training.fit import computing_in, train
from fecemo.training.step import TrainingStep, part_of

PROGRAM = Path(__file__).with_name("small_training.py")
PIXELS = Examples(np.arange(4))


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    training = small_training(tmp_path_factory.mktemp("unbroken"))
    begun = weights_of(training)
    return training, begun, train(training), weights_of(training)


def assert_equal_weights(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def killed(folder, *at, kind="plain"):
    command = [sys.executable, PROGRAM, kind, folder, *map(str, at)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(PROGRAM.parents[2])})
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    return done.stderr


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_killed_twice_it_ends_with_the_weights_of_an_unbroken_run(unbroken, tmp_path, capsys):
    killed(tmp_path, "reconstruct", 2, 3)
    assert [(row["phase"], row["epoch"]) for row in rows_of(tmp_path / "history.csv")] == [("reconstruct", "1")]
    output = killed(tmp_path, "classify", 3, 2)
    assert "resuming after epoch 1 of the phase 'reconstruct'" in output
    last = small_training(tmp_path)
    done = train(last)
    assert "resuming after epoch 2 of the phase 'classify'" in capsys.readouterr().err
    assert_equal_weights(weights_of(last), unbroken[3])
    curve = [(record.phase, record.epoch, record.loss, record.accuracy) for record in done.records]
    assert curve == [(record.phase, record.epoch, record.loss, record.accuracy) for record in unbroken[2].records]
    assert done.seconds_before > 0
    assert len(rows_of(tmp_path / "history.csv")) == 6


def test_a_finished_training_is_not_done_again(unbroken):
    training, _, done, weights = unbroken
    again = small_training(training.folder)
    assert [record.loss for record in train(again).records] == [record.loss for record in done.records]
    assert_equal_weights(weights_of(again), weights)


def test_frozen_layers_keep_their_weights_to_the_last_bit(tmp_path):
    training = small_training(tmp_path)
    classify = training.phases[1]
    encoder, head = (training.model.get_layer(name) for name in ("encoder", "head"))
    encoder_before, head_before = encoder.get_weights(), head.get_weights()
    train(dataclasses.replace(training, phases=[classify]))
    for before, after in zip(encoder_before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert all((before != after).any() for before, after in zip(head_before, head.get_weights(), strict=True))
    assert encoder.trainable, "what was frozen for a phase learns again in another"


def test_every_submodel_learns_in_the_phase_that_runs_it(unbroken):
    _, begun, _, ended = unbroken
    assert {name.split("/")[0] for name in begun} == {"encoder", "decoder", "head"}
    assert all((begun[name] != ended[name]).any() for name in begun if name.endswith("kernel"))


def test_history_says_what_each_epoch_gave(unbroken):
    training, _, done, _ = unbroken
    rows = rows_of(training.folder / "history.csv")
    assert list(rows[0]) == ["phase", "epoch", "loss", "accuracy", "seconds", "faces_per_second",
                             "valid_loss", "valid_accuracy", "loss.pixels.binary_crossentropy",
                             "loss.probabilities.cross_entropy", "accuracy.probabilities.cross_entropy"]
    assert [(row["phase"], int(row["epoch"])) for row in rows] == [
        ("reconstruct", 1), ("reconstruct", 2), ("reconstruct", 3), ("classify", 1), ("classify", 2), ("classify", 3)]
    assert [row["accuracy"] == "" for row in rows] == [True] * 3 + [False] * 3
    assert [float(row["loss"]) for row in rows] == [record.loss for record in done.records]
    assert done.records[2].loss < done.records[0].loss
    # The share of 22 faces that were right is a whole number of 22nds.
    right = done.records[-1].accuracy * FACES
    assert abs(right - round(right)) < 1e-4


@pytest.mark.parametrize(("spoil", "reason"), [
    (lambda path: None, "belongs to other settings, inputs or another backend"),
    (lambda path: path.write_bytes(path.read_bytes()[:1000]), "cannot be read")])
def test_a_checkpoint_that_cannot_be_gone_on_from_is_said_and_left(tmp_path, capsys, spoil, reason):
    train(small_training(tmp_path, approach="conv_autoencoder", epochs=1, digest="another"))
    spoil(tmp_path / "checkpoint.npz")
    fresh = small_training(tmp_path, approach="conv_autoencoder", epochs=1)
    done = train(fresh)
    assert reason in capsys.readouterr().err
    assert [record.epoch for record in done.records] == [1]
    assert done.seconds_before == 0
    assert Checkpoint(tmp_path / "checkpoint.npz").digest == "a"


def test_a_checkpoint_with_a_flipped_bit_is_named_and_left(tmp_path):
    train(small_training(tmp_path, epochs=1))
    path = tmp_path / "checkpoint.npz"
    with zipfile.ZipFile(path) as archive:
        largest = max((info for info in archive.infolist() if info.filename < "0010"), key=lambda info: info.file_size)
    whole = bytearray(path.read_bytes())
    whole[largest.header_offset + largest.file_size - 20] ^= 1
    path.write_bytes(whole)
    with pytest.raises(StoredStateError, match=r"checkpoint\.npz is damaged .*remove it and run the same command"):
        train(small_training(tmp_path, epochs=1))
    assert path.read_bytes() == whole


def test_a_checkpoint_is_plain_arrays(unbroken):
    training = unbroken[0]
    with np.load(training.folder / "checkpoint.npz", allow_pickle=False) as stored:
        arrays = [name for name in stored.files if name != "state.json"]
        assert len(arrays) == len(Checkpoint(training.folder / "checkpoint.npz").variables)
        kernel = stored["0000"]
    np.testing.assert_array_equal(kernel, next(iter(unbroken[3].values())))


def test_a_loss_that_is_no_number_stops_with_epoch_and_step(tmp_path):
    training = small_training(tmp_path, approach="conv_autoencoder", optimizer="sgd", learning_rate=1e30,
                              loss="mean_squared_error")
    for layer in training.model.get_layer("decoder").layers:
        if layer.name == "deconv_1a":
            layer.activation = keras.activations.linear  # a sigmoid would keep the loss finite
    with pytest.raises(InputError, match=r"train small: the loss is (nan|inf) at step \d of epoch 1 of the phase "
                                         r"'reconstruct'; lower fit\.reconstruct\.learning_rate \(now 1e\+30\)"):
        train(training)
    assert not (tmp_path / "checkpoint.npz").exists()


def pixel_model(*layers):
    image = keras.Input((4, 4, 1), name="image")
    pixels = image
    for layer in layers:
        pixels = layer(pixels)
    return keras.Model({"image": image}, {"pixels": pixels})


class TestLoss:
    """The loss is Keras's own, over the faces that count."""

    @pytest.mark.parametrize(("name", "loss"), [("binary_crossentropy", keras.losses.BinaryCrossentropy()),
                                                ("mean_squared_error", keras.losses.MeanSquaredError())])
    def test_between_pixels(self, name, loss):
        pixels = np.random.default_rng(0).uniform(0, 255, (6, 4, 4, 1)).astype(np.float32)
        pixels = keras.ops.convert_to_tensor(pixels)
        model = pixel_model(keras.layers.Rescaling(1 / 200, offset=-0.1))
        made = model({"image": pixels})["pixels"]
        assert keras.ops.min(made) < 0 < 1 < keras.ops.max(made), "what is outside of [0, 1] is clipped, as Keras does"
        step = TrainingStep(model, fit_settings(name, "pixels", "image", "sgd", 0.1, 1, batch_size=6), PIXELS, 8)
        weights = keras.ops.convert_to_tensor(np.array([1, 1, 1, 1, 0, 0], np.float32))
        got = float(step.compute_loss(None, None, ({"pixels": made}, {"image": pixels / 255}), weights))
        assert math.isclose(got, float(loss(pixels[:4] / 255, made[:4])), rel_tol=1e-5)

    def test_between_classes(self):
        image = keras.Input((4, 4, 1), name="image")
        classifier = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
        model = keras.Model({"image": image}, {"probabilities": classifier(image)})
        fit = fit_settings("cross_entropy", "probabilities", "label", "sgd", 1e-6, 1, batch_size=4)
        step = TrainingStep(model, fit, PIXELS, 3)
        pixels = np.random.default_rng(0).uniform(0, 1, (4, 4, 4, 1)).astype(np.float32)
        made = keras.ops.convert_to_numpy(classifier(pixels))
        labels = np.array([0, 2, 1, 1], np.int32)
        figures = step.step({"image": pixels}, {"label": labels}, np.array([1, 1, 1, 0], np.float32))
        loss, accuracy = -np.log(made[range(3), labels[:3]]).mean(), (made[:3].argmax(1) == labels[:3]).mean()
        assert math.isclose(figures["loss"], loss, rel_tol=1e-5)
        assert math.isclose(figures["loss.probabilities.cross_entropy"], loss, rel_tol=1e-5)
        assert math.isclose(figures["accuracy.probabilities.cross_entropy"], accuracy, rel_tol=1e-5)
        assert figures["count.probabilities.cross_entropy"] == 3

    def test_a_filled_up_batch_teaches_what_its_faces_alone_teach(self):
        """Faces at no weight change nothing, whatever they show."""
        def taught(filling):
            model = pixel_model(keras.layers.Flatten(),
                                keras.layers.Dense(16, kernel_initializer=keras.initializers.Ones()),
                                keras.layers.Reshape((4, 4, 1)))
            fit = fit_settings("mean_squared_error", "pixels", "image", "sgd", 1e-6, 1, batch_size=4)
            pixels = np.random.default_rng(0).uniform(0, 255, (4, 4, 4, 1)).astype(np.float32)
            pixels[3] = filling
            step = TrainingStep(model, fit, PIXELS, 8)
            step.step({"image": pixels}, {}, np.array([1, 1, 1, 0], np.float32))
            return model.get_weights()

        for expected, actual in zip(taught(0), taught(255), strict=True):
            np.testing.assert_array_equal(expected, actual)


def test_half_precision_learns_nearly_the_same_and_leaves_no_trace(tmp_path):
    whole, half = (small_training(tmp_path / name, precision=name) for name in ("float32", "mixed_bfloat16"))
    with computing_in(part_of(half.model, ("probabilities",)), "mixed_bfloat16"):
        layers = half.model.get_layer("encoder").layers
        assert {layer.compute_dtype for layer in layers if "conv" in layer.name} == {"bfloat16"}
        assert half.model.get_layer("head").layers[-1].compute_dtype == "float32"
    losses = [[record.loss for record in train(training).records] for training in (whole, half)]
    assert losses[0] != losses[1], "nothing was computed in half precision"
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.02)
    for weights in half.model.weights:
        assert weights.dtype == "float32"
    assert {layer.compute_dtype for layer in half.model.get_layer("encoder").layers} == {"float32"}


def test_a_phase_in_which_nothing_would_learn_is_refused(tmp_path):
    training = small_training(tmp_path)
    classify = dataclasses.replace(training.phases[1], frozen=("encoder", "head"))
    with pytest.raises(InputError, match=r"the phase 'classify': all that it runs is frozen \(encoder, head\)"):
        train(dataclasses.replace(training, phases=[classify]))
    with pytest.raises(InputError, match="accumulate is 10, and its 3 epochs of 22 examples have 9 steps of batch_size "
                                         "8: no weight would ever be updated"):
        train(small_training(tmp_path, accumulate=10))


def test_accumulated_batches_teach_what_one_large_batch_teaches(tmp_path):
    def taught(batch_size, accumulate):
        training = small_training(tmp_path / str(batch_size), approach="conv_autoencoder", optimizer="sgd", epochs=1,
                                  batch_size=batch_size, accumulate=accumulate)
        phase = dataclasses.replace(training.phases[0], examples=Examples(np.arange(16)))
        train(dataclasses.replace(training, phases=[phase]))
        return training.model.get_weights()

    for expected, actual in zip(taught(16, 1), taught(4, 4), strict=True):
        np.testing.assert_allclose(expected, actual, rtol=1e-4, atol=1e-6)
