"""Go through the examples of a phase once: to learn from them, or to see how well others are done."""

import math
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fecemo.errors import InputError
from fecemo.training.examples import Examples
from fecemo.training.history import EpochRecord
from fecemo.training.loader import Loader
from fecemo.training.order import epoch_order, padded_batches
from fecemo.training.phase_work import PhaseWork, Training
from fecemo.training.step import TrainingStep


def run_epoch(training: Training, phase: PhaseWork, step: TrainingStep, loader: Loader, epoch: int,
              bar: Any = None) -> EpochRecord:
    """Go through a phase's examples once, and then through those that are held out.

    Parameters
    ----------
    training, phase
        Of which this is an epoch.
    step : TrainingStep
        Of the phase's networks.
    loader : Loader
        Of the phase's rows.
    epoch : int
        From 0; it decides the order of the examples and how their faces are altered.
    bar : tqdm.tqdm, optional
        Told of every step.

    Raises
    ------
    InputError
        If the loss is no longer a number; phase, epoch and step are named.
    """
    started = time.monotonic()
    fit, examples = phase.fit, phase.examples
    order = epoch_order(len(examples), training.seed, phase.name, epoch)
    n_steps = -(-len(examples) // fit.batch_size)
    means = _Means()
    for number, (pixels, targets, weights, n) in enumerate(_batches(loader, examples, order, fit.batch_size)):
        step.set_rate(fit.learning_rate * fit.schedule.factor(epoch + number / n_steps, fit.epochs))
        said = step.step(pixels, targets, weights, _chance(training, phase, epoch, number))
        at = f"step {number + 1} of epoch {epoch + 1}"
        _refuse_no_number(training, phase, said["loss"], "loss", at)
        means.add(said, n)
        if bar is not None:
            bar.set_postfix_str(f"epoch {epoch + 1}/{fit.epochs}, loss {said['loss']:.4f}", refresh=False)
            bar.update(n)
    seconds = time.monotonic() - started
    validated = _validate(training, phase, step, loader, epoch)
    loss, accuracy = means.of(len(examples))
    return EpochRecord(phase.name, epoch + 1, loss, accuracy, round(seconds, 3), round(len(examples) / seconds, 1),
                       *validated)


def _validate(training: Training, phase: PhaseWork, step: TrainingStep, loader: Loader,
              epoch: int) -> tuple[float | None, float | None]:
    """Return loss and accuracy on what is held out, if anything is: the same faces, altered alike, every epoch."""
    if phase.held_out is None:
        return None, None
    means = _Means()
    order = np.arange(len(phase.held_out))
    for number, (pixels, targets, weights, n) in enumerate(
            _batches(loader, phase.held_out, order, phase.fit.batch_size)):
        means.add(step.validate(pixels, targets, weights, _chance(training, phase, "valid", number)), n)
    loss, accuracy = means.of(len(phase.held_out))
    _refuse_no_number(training, phase, loss, "validation loss", f"the end of epoch {epoch + 1}")
    return loss, accuracy


class _Means:
    """Means over examples, of what each batch says of its own."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}

    def add(self, said: Mapping[str, float], n: int) -> None:
        for name, value in said.items():
            self._sums[name] = self._sums.get(name, 0.0) + n * float(value)

    def of(self, n: int) -> tuple[float, float | None]:
        return self._sums["loss"] / n, self._sums["accuracy"] / n if "accuracy" in self._sums else None


def _batches(loader: Loader, examples: Examples, order: np.ndarray,
             batch_size: int) -> Iterator[tuple[Any, dict[str, np.ndarray], np.ndarray, int]]:
    """Yield pixels, targets, weights and how many examples count, for each batch of an order."""
    places = loader.positions(examples.rows)
    plan = list(padded_batches(order, batch_size, loader.devices))
    loaded = loader.batches((places[positions].ravel(), n) for positions, n in plan)
    for (positions, n), (batch, _, _) in zip(plan, loaded, strict=True):
        targets = {name: values[positions] for name, values in examples.targets.items()}
        pixels, = batch.values()
        yield pixels, targets, (np.arange(len(positions)) < n).astype(np.float32), n


def _chance(training: Training, phase: PhaseWork, epoch: int | str, number: int) -> int:
    return zlib.crc32(f"{training.seed}/{phase.name}/{epoch}/{number}".encode())


def _refuse_no_number(training: Training, phase: PhaseWork, value: float, what: str, at: str) -> None:
    if not math.isfinite(value):
        raise InputError(
            f"train {training.title}: the {what} is {value} at {at} of the phase {phase.name!r}; "
            f"lower fit.{phase.name}.learning_rate (now {phase.fit.learning_rate:g}) or choose another loss")
