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
from fecemo.training.order import balanced_order, epoch_order, padded_batches
from fecemo.training.step import TrainingStep
from fecemo.training.training_job import TrainingJob, TrainingPhase


def run_epoch(training: TrainingJob, phase: TrainingPhase, step: TrainingStep, loader: Loader, epoch: int,
              bar: Any = None) -> EpochRecord:
    """Go through a phase's examples once, and then through those that are held out.

    Parameters
    ----------
    training, phase
        Of which this is an epoch.
    step : TrainingStep
        Of the phase's part of the model.
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
    order = _order(training, phase, epoch)
    n_steps = -(-len(examples) // fit.batch_size)
    means = _Means()
    step.begin_epoch()
    for number, (inputs, targets, weights, n) in enumerate(_batches(loader, examples, order, fit.batch_size)):
        step.set_rate(fit.learning_rate * fit.schedule.factor(epoch + number / n_steps, fit.epochs))
        figures = step.step(inputs, targets, weights, _chance(training, phase, epoch, number))
        at = f"step {number + 1} of epoch {epoch + 1}"
        _refuse_no_number(training, phase, figures["loss"], "loss", at)
        means.add(figures, n)
        if bar is not None:
            bar.set_postfix_str(f"epoch {epoch + 1}/{fit.epochs}, loss {figures['loss']:.4f}", refresh=False)
            bar.update(n)
    seconds = time.monotonic() - started
    validated = _validate(training, phase, step, loader, epoch)
    return EpochRecord(
        phase.name, epoch + 1, means.loss, means.accuracy, round(seconds, 3), round(len(examples) / seconds, 1),
        valid_loss=validated.loss if validated else None, valid_accuracy=validated.accuracy if validated else None,
        terms={**means.terms, **({f"valid_{name}": value for name, value in validated.terms.items()}
                                 if validated else {})})


def _order(training: TrainingJob, phase: TrainingPhase, epoch: int) -> np.ndarray:
    """Return the order in which an epoch goes through the examples of a phase."""
    targets = phase.examples.targets
    if phase.fit.sampling == "balanced":
        classes = next((targets[term.target_name] for term in phase.fit.losses
                        if term.loss.target_kind == "classes" and term.target_name in targets), None)
        if classes is None:
            raise InputError(f"train {training.title}: the phase {phase.name!r}: sampling: balanced draws classes "
                             "alike, and the only ones are emitted by an augmentation, batch by batch")
        return balanced_order(classes, training.seed, phase.name, epoch)
    return epoch_order(len(phase.examples), training.seed, phase.name, epoch)


def _validate(training: TrainingJob, phase: TrainingPhase, step: TrainingStep, loader: Loader,
              epoch: int) -> "_Means | None":
    """Return the means over what is held out, if anything is: the same faces, altered alike, every epoch."""
    if phase.held_out is None:
        return None
    means = _Means()
    order = np.arange(len(phase.held_out))
    for number, (inputs, targets, weights, n) in enumerate(
            _batches(loader, phase.held_out, order, phase.fit.batch_size)):
        means.add(step.validate(inputs, targets, weights, _chance(training, phase, "valid", number)), n)
    _refuse_no_number(training, phase, means.loss, "validation loss", f"the end of epoch {epoch + 1}")
    return means


class _Means:
    """Means over the examples of many batches: of all of them, and of each term over those that it counted."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, float] = {}

    def add(self, figures: Mapping[str, float], n: int) -> None:
        """Add what a batch of ``n`` examples gave."""
        for name, value in figures.items():
            kind, _, term = name.partition(".")
            if kind == "count":
                continue
            count = float(figures[f"count.{term}"]) if term else n
            self._sums[name] = self._sums.get(name, 0.0) + count * float(value)
            self._counts[name] = self._counts.get(name, 0.0) + count

    @property
    def loss(self) -> float:
        """float: Of all terms."""
        return self._sums["loss"] / self._counts["loss"]

    @property
    def terms(self) -> dict[str, float]:
        """Dict of str to float: Loss and accuracy of each term; 0 where no example was known."""
        names = sorted(self._sums, key=lambda name: not name.startswith("loss."))
        return {name: self._sums[name] / max(self._counts[name], 1.0) for name in names if "." in name}

    @property
    def accuracy(self) -> float | None:
        """Float or None: Of the first term that has one."""
        return next((value for name, value in self.terms.items() if name.startswith("accuracy.")), None)


def _batches(loader: Loader, examples: Examples, order: np.ndarray,
             batch_size: int) -> Iterator[tuple[Any, dict[str, np.ndarray], np.ndarray, int]]:
    """Yield inputs, targets, weights and how many examples count, for each batch of an order."""
    places = loader.positions(examples.rows)
    plan = list(padded_batches(order, batch_size, loader.devices))
    loaded = loader.batches((places[positions].ravel(), n) for positions, n in plan)
    for (positions, n), (batch, _, _) in zip(plan, loaded, strict=True):
        targets = {name: values[positions] for name, values in examples.targets.items()}
        yield batch, targets, (np.arange(len(positions)) < n).astype(np.float32), n


def _chance(training: TrainingJob, phase: TrainingPhase, epoch: int | str, number: int) -> int:
    return zlib.crc32(f"{training.seed}/{phase.name}/{epoch}/{number}".encode())


def _refuse_no_number(training: TrainingJob, phase: TrainingPhase, value: float, quantity: str, at: str) -> None:
    if not math.isfinite(value):
        raise InputError(
            f"train {training.title}: the {quantity} is {value} at {at} of the phase {phase.name!r}; "
            f"lower fit.{phase.name}.learning_rate (now {phase.fit.learning_rate:g}) or choose another loss")
