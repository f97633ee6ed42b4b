"""Validation, early stop and best weights: decided alike by a run that was killed and by one that was not."""

import csv
import dataclasses

import numpy as np
import pytest
from small_training import joint_training, small_training, weights_of
from test_training import assert_equal_weights, killed

from fecemo.errors import InputError, StoredStateError
from fecemo.training import fit
from fecemo.training.checkpoint import Checkpoint, best_epoch, out_of_patience
from fecemo.training.fit import CHECKPOINT_NAME, scratch_files, train
from fecemo.training.history import EpochRecord
from fecemo.training.step import TrainingStep


def records(*valid_losses, phase="classify"):
    return [EpochRecord(phase, number, 1.0, None, 1.0, 1.0, valid_loss) for number, valid_loss in
            enumerate(valid_losses, 1)]


class TestDecision:
    def test_the_best_epoch_is_the_first_with_the_least_validation_loss(self):
        assert best_epoch(records(3.0, 1.0, 2.0, 1.0), "classify") == 2
        assert best_epoch([*records(0.1, phase="reconstruct"), *records(3.0, 2.0)], "classify") == 2
        assert best_epoch(records(0.1, phase="reconstruct"), "classify") == 0

    @pytest.mark.parametrize(("valid_losses", "patience", "stops"), [
        ((3.0, 2.0, 2.5), 2, False), ((3.0, 2.0, 2.5, 2.4), 2, True), ((3.0, 2.0, 2.0), 1, True),
        ((3.0, 2.0, 2.5, 2.4), None, False), ((), 1, False)])
    def test_patience_ends_after_as_many_epochs_that_were_no_better(self, valid_losses, patience, stops):
        assert out_of_patience(records(*valid_losses), "classify", patience) == stops


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    training = joint_training(tmp_path_factory.mktemp("unbroken"))
    return training, train(training), weights_of(training)


def curve(done):
    return [(record.epoch, record.loss, record.accuracy, record.valid_loss, record.valid_accuracy)
            for record in done.records]


def test_it_stops_where_patience_ends_and_keeps_the_best_weights(unbroken, tmp_path, monkeypatch):
    _, done, weights = unbroken
    best = best_epoch(done.records, "classify")
    assert len(done.records) == best + 2 < 8
    seen = {}
    run_epoch = fit.run_epoch

    def watched(training, phase, step, loader, epoch, bar=None):
        record = run_epoch(training, phase, step, loader, epoch, bar)
        seen[epoch + 1] = weights_of(training)
        return record

    monkeypatch.setattr(fit, "run_epoch", watched)
    train(joint_training(tmp_path))
    assert_equal_weights(seen[best], weights)
    assert any((seen[best + 2][name] != weights[name]).any() for name in weights)


def test_killed_twice_it_ends_with_the_weights_and_the_curve_of_an_unbroken_run(unbroken, tmp_path):
    """With momentum, class centres, chance in every step and the early stop all in what is gone on from."""
    killed(tmp_path, "classify", 2, 3, kind="joint")
    killed(tmp_path, "classify", 3, 1, kind="joint")
    again = joint_training(tmp_path)
    done = train(again)
    assert done.seconds_before > 0
    assert curve(done) == curve(unbroken[1])
    assert_equal_weights(weights_of(again), unbroken[2])
    stored = [Checkpoint(folder / CHECKPOINT_NAME) for folder in (tmp_path, unbroken[0].folder)]
    assert len(stored[0].variables) == len(stored[1].variables)
    assert [path for path in stored[0].variables if "centres" in path]
    for name in range(len(stored[0].variables)):
        first, second = (np.load(checkpoint.path)[f"{name:04d}"] for checkpoint in stored)
        np.testing.assert_array_equal(first, second, err_msg=stored[0].variables[name])


def test_a_finished_training_that_is_run_again_has_its_best_weights(unbroken):
    training, done, weights = unbroken
    again = joint_training(training.folder)
    assert curve(train(again)) == curve(done)
    assert_equal_weights(weights_of(again), weights)


def test_what_an_interrupted_training_needs_is_listed_and_no_more(unbroken):
    training, done, _ = unbroken
    best = best_epoch(done.records, "classify")
    assert scratch_files(training.folder) == [CHECKPOINT_NAME, f"best_0_{best}.npz"]
    assert {path.name for path in training.folder.iterdir()} == {*scratch_files(training.folder), "history.csv"}


def test_lost_best_weights_are_named(tmp_path):
    train(joint_training(tmp_path, epochs=1))
    (tmp_path / "best_0_1.npz").unlink()
    with pytest.raises(StoredStateError, match=r"best_0_1\.npz is missing; delete the checkpoints"):
        train(joint_training(tmp_path, epochs=1))


def test_validation_changes_nothing_of_what_is_learnt(tmp_path):
    plain, watched = small_training(tmp_path / "plain"), small_training(tmp_path / "watched", held_out=True)
    told = [train(training) for training in (plain, watched)]
    assert_equal_weights(weights_of(plain), weights_of(watched))
    assert [record.loss for record in told[0].records] == [record.loss for record in told[1].records]
    assert [record.valid_loss for record in told[0].records] == [None] * 6
    with (tmp_path / "watched" / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["valid_loss"]) for row in rows] == [record.valid_loss for record in told[1].records]
    assert [row["valid_accuracy"] == "" for row in rows] == [True] * 3 + [False] * 3
    # six faces are held out
    assert {round(6 * record.valid_accuracy, 4) % 1 for record in told[1].records[3:]} == {0}


def test_a_validation_loss_that_is_no_number_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(TrainingStep, "validate", lambda *_: {"loss": float("nan")})
    training = small_training(tmp_path, approach="conv_autoencoder", held_out=True)
    with pytest.raises(InputError, match=r"validation loss is nan at the end of epoch 1 of the phase 'reconstruct'"):
        train(training)


def test_the_last_weights_are_kept_where_the_best_are_not_asked_for(tmp_path):
    training = joint_training(tmp_path, epochs=4, patience=None)
    phase = training.phases[0]
    last = dataclasses.replace(phase, fit=dataclasses.replace(phase.fit, keep="last"))
    done = train(dataclasses.replace(training, phases=[last]))
    assert len(done.records) == 4
    assert scratch_files(tmp_path) == [CHECKPOINT_NAME]
