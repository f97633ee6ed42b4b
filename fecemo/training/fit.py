"""Train the model of an approach, phase by phase; if interrupted, rerun: it ends with the same weights."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from fecemo.errors import InputError
from fecemo.progress import progress
from fecemo.training.checkpoint import (
    BEST_PATTERN,
    Checkpoint,
    Progress,
    drop_others,
    find_checkpoint,
    keep_best,
    out_of_patience,
    restore_best,
    write_checkpoint,
)
from fecemo.training.epoch import run_epoch
from fecemo.training.history import EpochRecord, write_history
from fecemo.training.loader import Loader
from fecemo.training.memory import out_of_memory_explained
from fecemo.training.step import TrainingStep, part_of
from fecemo.training.training_job import TrainingJob, TrainingPhase

CHECKPOINT_NAME = "checkpoint.npz"
HISTORY_NAME = "history.csv"


def scratch_files(folder: Path) -> list[str]:
    """Return the names of the files in a training's folder that only an interrupted training needs."""
    return [CHECKPOINT_NAME, *(path.name for path in folder.glob(BEST_PATTERN))]


@dataclass(frozen=True)
class Trained:
    """What a finished training gave, beside the model."""

    records: list[EpochRecord]  #: Of every epoch.
    seconds_before: float  #: Wall clock of the work that earlier, interrupted runs did and this one resumed.


def train(training: TrainingJob) -> Trained:
    """Do a training, or what is left of it.

    Raises
    ------
    InputError
        If the loss is no longer a number; phase, epoch and step are named. If nothing in a phase would learn.
    StoredStateError
        If a checkpoint is damaged, or the weights of a best epoch are lost.
    ResourceError
        If a checkpoint cannot be written, or memory runs out; then a smaller batch is suggested.
    """
    path = training.folder / CHECKPOINT_NAME
    checkpoint, why_not = find_checkpoint(path, training.digest)
    shared = training.model.variables
    done = Progress()
    if checkpoint is not None:
        done = checkpoint.progress
        checkpoint.restore(shared)
        print(f"train {training.title}: resuming after epoch {done.epoch} of the phase "
              f"{training.phases[done.phase].name!r}", file=sys.stderr)
    elif why_not:
        print(f"train {training.title}: {why_not}; training starts again", file=sys.stderr)
    write_history(training.folder / HISTORY_NAME, done.records)
    clock = time.monotonic() - done.seconds

    for index in range(done.phase, len(training.phases)):
        phase = training.phases[index]
        resumed = checkpoint if checkpoint is not None and index == checkpoint.progress.phase else None
        if resumed is None:
            done = replace(done, phase=index, epoch=0)
        if not _finished(phase, done):
            done = _fit(training, phase, done, resumed, clock, shared)
        if phase.fit.keep == "best":
            restore_best(training.folder, training.digest, done, phase.name, shared)
    return Trained(done.records, checkpoint.progress.seconds if checkpoint is not None else 0.0)


def _finished(phase: TrainingPhase, done: Progress) -> bool:
    return done.epoch == phase.fit.epochs or out_of_patience(done.records, phase.name, phase.fit.patience)


def _fit(training: TrainingJob, phase: TrainingPhase, done: Progress, resumed: Checkpoint | None, clock: float,
         shared: Sequence[Any]) -> Progress:
    """Go on with a phase to its end."""
    where = f"train {training.title}: the phase {phase.name!r}"
    with (out_of_memory_explained(where, phase.fit.batch_size, phase.fit.accumulate),
          _prepared(training.model, phase)):
        try:
            step = TrainingStep(training.model, phase.fit, phase.examples, training.n_classes)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error
        _refuse_no_learning(phase, step, where)
        phase_state = [*step.optimizer.variables, *step.state]
        if resumed is not None:
            resumed.restore(phase_state, first=len(shared))
        loader = Loader(phase.columns, phase.rows, training.view)
        with progress(phase.fit.epochs * len(phase.examples), f"train {training.title}: {phase.name}", "face",
                      initial=done.epoch * len(phase.examples)) as bar:
            while not _finished(phase, done):
                record = run_epoch(training, phase, step, loader, done.epoch, bar)
                done = Progress(done.phase, done.epoch + 1, [*done.records, record], time.monotonic() - clock)
                if _finished(phase, done):
                    step.end_phase()
                if phase.fit.keep == "best":
                    keep_best(training.folder, training.digest, done, phase.name, shared)
                write_checkpoint(training.folder / CHECKPOINT_NAME, training.digest, done, [*shared, *phase_state])
                write_history(training.folder / HISTORY_NAME, done.records)
                drop_others(training.folder, done, phase.name)
    return done


def _refuse_no_learning(phase: TrainingPhase, step: TrainingStep, where: str) -> None:
    if not step.part.trainable_variables:
        raise InputError(f"{where}: all that it runs is frozen ({', '.join(phase.frozen)}): nothing would learn")
    steps = -(-len(phase.examples) // phase.fit.batch_size) * phase.fit.epochs
    if steps < phase.fit.accumulate:
        raise InputError(f"{where}: accumulate is {phase.fit.accumulate}, and its {phase.fit.epochs} epochs of "
                         f"{len(phase.examples)} examples have {steps} steps of batch_size {phase.fit.batch_size}: no "
                         "weight would ever be updated; lower accumulate or batch_size")


@contextmanager
def _prepared(model: keras.Model, phase: TrainingPhase) -> Iterator[None]:
    """Freeze what does not learn in a phase, and compute in its precision, while the block runs."""
    with ExitStack() as undone:
        for name in phase.frozen:
            layer = model.get_layer(name)
            if layer.trainable:
                layer.trainable = False
                undone.callback(setattr, layer, "trainable", True)
        undone.enter_context(computing_in(part_of(model, phase.fit.outputs), phase.fit.precision))
        yield


@contextmanager
def computing_in(model: keras.Model, precision: str) -> Iterator[None]:
    """Let a model's layers compute in another precision while the block runs; their weights stay float32.

    What prepares the faces for the first layer with weights, such as resizing and rescaling, stays in single
    precision, so that they are rounded once, and so does, for every output, everything from its last weights on:
    probabilities and pixels go into logarithms.

    Parameters
    ----------
    precision : {"float32", "mixed_bfloat16"}
    """
    layers = [] if precision == "float32" else _between(model)
    for layer in layers:
        layer.dtype_policy = precision
    try:
        yield
    finally:
        for layer in layers:
            layer.dtype_policy = "float32"


def _between(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers from the first that learns to before the last ones that have weights."""
    leaves = _leaves(model)
    first = next((number for number, layer in enumerate(leaves) if layer.trainable_weights or hasattr(layer, "kernel")),
                 len(leaves))
    last: set[int] = set()
    for tensor in model.output.values():
        end = _leaves(tensor._keras_history.operation)
        weighted = [number for number, layer in enumerate(end) if layer.weights]
        last |= {id(layer) for layer in end[weighted[-1] if weighted else 0:]}
    return [layer for layer in leaves[first:]
            if id(layer) not in last and not isinstance(layer, keras.layers.InputLayer)]


def _leaves(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    inner = getattr(layer, "layers", None)
    return [layer] if inner is None else [leaf for part in inner for leaf in _leaves(part)]
