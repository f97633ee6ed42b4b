"""Train the networks of an approach, phase by phase; killed at any moment, the next run goes on to the same weights."""

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from fecemo.errors import InputError
from fecemo.progress import progress
from fecemo.training.checkpoint import Progress, find_checkpoint, network_variables, write_checkpoint
from fecemo.training.face_feed import FaceFeed
from fecemo.training.history import EpochRecord, write_history
from fecemo.training.order import epoch_order, padded_batches
from fecemo.training.precision import computing_in
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

CHECKPOINT_NAME = "checkpoint.npz"
HISTORY_NAME = "history.csv"


@dataclass(frozen=True)
class PhaseWork:
    """One phase, with what it learns from.

    Parameters
    ----------
    name : str
    network : str
        Which of the networks is fitted.
    task : {"reconstruct", "classify"}
    frozen : tuple of str
        Layers of the network that do not learn.
    fit : FitSettings
    faces : ndarray of shape (n, 200, 200, 3), uint8
        A pack's memory map.
    rows : ndarray of shape (m,), int64
        Rows that are learnt from.
    labels : ndarray of shape (m,), int32, or None
        Emotions by number, for ``"classify"``.
    """

    name: str
    network: str
    task: Literal["reconstruct", "classify"]
    frozen: tuple[str, ...]
    fit: FitSettings
    faces: np.ndarray
    rows: np.ndarray
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class Training:
    """A training to be done.

    Parameters
    ----------
    title : str
        For progress lines and messages, such as ``"conv_autoencoder rgb"``.
    networks : dict of str to keras.Model
        Their variables are trained in place.
    phases : sequence of PhaseWork
    view : DeviceView
    n_classes : int
    seed : int
        Of the order of faces.
    folder : Path
        Gets ``history.csv``, and ``checkpoint.npz`` while it trains.
    digest : str
        Of everything that shapes the result: a checkpoint of another digest is not gone on from.
    """

    title: str
    networks: Mapping[str, keras.Model]
    phases: Sequence[PhaseWork]
    view: Any
    n_classes: int
    seed: int
    folder: Path
    digest: str


@dataclass(frozen=True)
class Trained:
    """What a finished training gave, beside the networks.

    Parameters
    ----------
    records : list of EpochRecord
        Of every epoch.
    seconds_before : float
        Wall clock of the work that earlier, interrupted runs did and this one went on from.
    """

    records: list[EpochRecord]
    seconds_before: float


def train(training: Training) -> Trained:
    """Do a training, or what is left of it.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        If the loss is no longer a number; phase, epoch and step are named.
    ResourceError
        If a checkpoint cannot be written.
    """
    path = training.folder / CHECKPOINT_NAME
    found, why_not = find_checkpoint(path, training.digest)
    shared = network_variables(training.networks)
    done = Progress()
    if found is not None:
        done = found.progress
        found.restore(shared)
        print(f"train {training.title}: going on after epoch {done.epoch} of the phase "
              f"{training.phases[done.phase].name!r}", file=sys.stderr)
    elif why_not:
        print(f"train {training.title}: {why_not}; training starts again", file=sys.stderr)
    write_history(training.folder / HISTORY_NAME, done.records)
    clock = time.monotonic() - done.seconds

    for index in range(done.phase, len(training.phases)):
        phase = training.phases[index]
        resumed = found is not None and index == found.progress.phase
        first = done.epoch if resumed else 0
        if first == phase.fit.epochs:
            continue
        network = training.networks[phase.network]
        with _frozen(network, phase.frozen), computing_in(network, phase.fit.precision):
            step = TrainingStep(network, phase.task, phase.fit, training.n_classes)
            if resumed and found is not None:
                found.restore(step.optimizer.variables, first=len(shared))
            feed = FaceFeed(phase.faces, phase.rows, training.view)
            with progress(phase.fit.epochs * len(feed), f"train {training.title}: {phase.name}", "face",
                          initial=first * len(feed)) as bar:
                for epoch in range(first, phase.fit.epochs):
                    record = run_epoch(training, phase, step, feed, epoch, bar)
                    done = Progress(index, epoch + 1, [*done.records, record], time.monotonic() - clock)
                    write_checkpoint(path, training.digest, done, [*shared, *step.optimizer.variables])
                    write_history(training.folder / HISTORY_NAME, done.records)
    return Trained(done.records, found.progress.seconds if found is not None else 0.0)


def run_epoch(training: Training, phase: PhaseWork, step: TrainingStep, feed: FaceFeed, epoch: int,
              bar: Any = None) -> EpochRecord:
    """Go through a phase's faces once.

    Parameters
    ----------
    training, phase
        Of which this is an epoch.
    step : TrainingStep
        Of the phase's network.
    feed : FaceFeed
        Of the phase's rows.
    epoch : int
        From 0; it decides the order of the faces.
    bar : tqdm.tqdm, optional
        Told of every step.

    Raises
    ------
    InputError
        If the loss is no longer a number.
    """
    started = time.monotonic()
    sums = {"loss": 0.0, "accuracy": 0.0}
    order = epoch_order(len(feed), training.seed, phase.name, epoch)
    for number, (pixels, positions, n) in enumerate(feed.batches(padded_batches(order, phase.fit.batch_size)), 1):
        labels = None if phase.labels is None else phase.labels[positions]
        weights = (np.arange(len(positions)) < n).astype(np.float32)
        said = step.step(pixels, labels, weights)
        if not math.isfinite(said["loss"]):
            raise InputError(
                f"train {training.title}: the loss is {said['loss']} at step {number} of epoch {epoch + 1} of the "
                f"phase {phase.name!r}; lower fit.{phase.name}.learning_rate (now {phase.fit.learning_rate:g}) or "
                "choose another loss"
            )
        for key in sums:
            sums[key] += n * float(said.get(key, 0.0))
        if bar is not None:
            bar.set_postfix_str(f"epoch {epoch + 1}/{phase.fit.epochs}, loss {said['loss']:.4f}", refresh=False)
            bar.update(n)
    seconds = time.monotonic() - started
    return EpochRecord(phase=phase.name, epoch=epoch + 1, loss=sums["loss"] / len(feed),
                       accuracy=None if phase.labels is None else sums["accuracy"] / len(feed),
                       seconds=round(seconds, 3), faces_per_second=round(len(feed) / seconds, 1))


@contextmanager
def _frozen(network: keras.Model, names: Sequence[str]) -> Iterator[None]:
    """Keep layers of a network from learning while the block runs."""
    layers = [network.get_layer(name) for name in names]
    for layer in layers:
        layer.trainable = False
    try:
        yield
    finally:
        for layer in layers:
            layer.trainable = True
