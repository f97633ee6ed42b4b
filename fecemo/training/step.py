"""One step of training on any Keras backend: a part of a model, with the terms of its loss and an optimizer."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from fecemo.errors import InputError
from fecemo.training.augmentation import augment
from fecemo.training.augmentations.mixup import MIXED
from fecemo.training.balances import Fixed
from fecemo.training.examples import Examples
from fecemo.training.settings import FitSettings

IMAGE, VIEWS = "image", "views"
OF_LAYERS = 0x9E3779B9
"""Apart from the seeds of augmentations, which count on from that of the step."""
WHITE = 255.0
"""The brightest pixel that enters a model; as a target it is 1."""


def _pays_to_fuse(model: keras.Model) -> bool:
    """Tell whether XLA is worth its time where Keras would not use it by itself: TensorFlow on a CPU.

    Measured on one core (benchmarks/README.md): dense layers gain half again, because weights and moments go through
    memory once; convolutions lose half, because XLA's own are slower there than TensorFlow's.
    """
    return keras.backend.backend() == "tensorflow" and _only_dense(model)


def _only_dense(layer: keras.layers.Layer) -> bool:
    inner = getattr(layer, "layers", None)
    if inner is not None:
        return all(map(_only_dense, inner))
    return not layer.weights or isinstance(layer, keras.layers.Dense) or not layer.trainable


def part_of(model: keras.Model, outputs: tuple[str, ...]) -> keras.Model:
    """Return the part of a model that gives some of its outputs, as a dict; layers behind others do not run."""
    return keras.Model(model.input, {name: model.output[name] for name in outputs}, name="part")


class TrainingStep(keras.Model):
    """The part of a model that the terms of a loss look at, with their state and an optimizer, ready for `step`.

    The ``loss`` of steps and validation is the sum of the terms by the recipe's weights, whatever balance is descended.

    Parameters
    ----------
    model : keras.Model
        Takes a dict and returns one; images are float pixels in [0, 255].
    examples : Examples
        All that will be learnt from.
    n_classes : int
        Of the labels.
    """

    train_function: Any

    def __init__(self, model: keras.Model, fit: FitSettings, examples: Examples, n_classes: int) -> None:
        super().__init__(name="step")
        self.part = part_of(model, fit.outputs)
        self.terms = dict(zip(fit.term_names, fit.losses, strict=True))
        self.group_size = max(fit.group_size, examples.faces_each)
        self.copies = self.group_size // examples.faces_each
        self.augment, self.corrupt = fit.augment, fit.corrupt
        images = [name for name, tensor in model.input.items() if len(tensor.shape) == 4]
        self.image = next(iter(images), None)
        _refuse_other_inputs(images, set(model.input), fit, self.group_size)
        self.seed_generator = keras.random.SeedGenerator(0) if fit.augment or fit.corrupt else None
        self.plain_loss = keras.metrics.Mean(name="plain_loss")
        self.term_means = {name: keras.metrics.Mean(name=f"loss.{name}") for name in self.terms}
        self.term_counts = {name: keras.metrics.Sum(name=f"count.{name}") for name in self.terms}
        self.accuracies = {name: keras.metrics.Mean(name=f"accuracy.{name}")
                           for name, term in self.terms.items() if term.loss.has_accuracy}
        self.memory = {name: self._memory(name, term, model.output[term.output].shape[1:], examples, n_classes)
                       for name, term in self.terms.items()}
        self.balance, self.passes = fit.balance, fit.optimizer.passes
        self.balanced = self._kept("balance", self.balance.init_state(len(self.terms)), self.balance.learned)
        self.compile(optimizer=fit.optimizer.build(fit.learning_rate, fit.accumulate if fit.accumulate > 1 else None),
                     jit_compile=_pays_to_fuse(self.part) or "auto")
        self.build((fit.batch_size,))
        self.optimizer.build(self.trainable_variables)
        self._programs: dict[bool, Any] = {}
        self.rate: float | None = None

    def _memory(self, name: str, term: Any, output_shape: tuple[int, ...], examples: Examples,
                n_classes: int) -> dict[str, Any]:
        target = examples.targets.get(term.target_name)
        if target is not None:
            target = target[_known(np, target)]
        try:
            state = term.loss.init_state(tuple(output_shape), target, n_classes)
        except ValueError as error:
            raise ValueError(f"the loss {term.loss.name} of {term.output} and {term.target_name}: {error}") from error
        return self._kept(name, state)

    def _kept(self, name: str, state: Mapping[str, np.ndarray], learned: tuple[str, ...] = ()) -> dict[str, Any]:
        return {key: self.add_weight(shape=values.shape, initializer=_always(values), trainable=key in learned,
                                     name=f"{name}_{key}".replace(".", "_")) for key, values in state.items()}

    def set_rate(self, rate: float) -> None:
        """Learn at this rate from the next step on."""
        if rate != self.rate:  # it lies on the device
            self.optimizer.learning_rate = self.rate = rate

    @property
    def state(self) -> list[Any]:
        """List of keras.Variable: What the terms and their balance remember, in a fixed order."""
        return [variable for kept in (*self.memory.values(), self.balanced) for variable in kept.values()]

    def begin_epoch(self) -> None:
        """Tell the balance that an epoch begins."""
        after = self.balance.next_epoch(_values(self.balanced))
        # JAX would let two variables share the memory of one array, and a step could not give it away twice.
        _assign(self.balanced, {key: ops.copy(value) for key, value in after.items()})

    def end_phase(self) -> None:
        """Put the optimizer's mean of the weights in their place, where it keeps one."""
        self.optimizer.finalize_variable_values(self.trainable_variables)

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Nothing is left to build: the model is."""
        self.built = True

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        """Return the outputs for a dict of inputs, and the targets that follow from them: images, emitted ones."""
        inputs = {name: ops.repeat(values, self.copies, axis=0) if self.copies > 1 else values
                  for name, values in inputs.items()}
        emitted: dict[str, Any] = {}
        if self.image is not None:
            always = training or self.copies > 1
            augmentations = [augmentation for augmentation in self.augment if always or augmentation.in_validation]
            faces, emitted = augment(inputs[self.image], augmentations, self.seed_generator)
            corrupted, of_corruption = augment(faces, self.corrupt, self.seed_generator)
            emitted = {**emitted, **of_corruption}
            # An augmentation may emit faces for an input of their own beside those that it leaves as they are.
            of_own = {name: emitted.pop(name) for name in inputs if name in emitted}
            inputs = {**inputs, self.image: corrupted, **of_own}
            emitted[IMAGE] = faces / WHITE
        outputs = self.part(inputs, training=training)
        return {name: ops.cast(values, "float32") for name, values in outputs.items()}, emitted

    def reset_metrics(self) -> None:
        """Nothing: every step begins its metrics anew, within the compiled program where that costs nothing."""

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Any:
        """Return the balanced terms, each the mean over examples that count and are known, and the sum of `losses`."""
        for metric in self.metrics:
            metric.reset_state()
        climbing = self.passes > 1 and self.optimizer.climbing
        means, counts = [], []
        for name, term in self.terms.items():
            output, target, weights = self._compared(term, y, y_pred, sample_weight)
            state = _values(self.memory[name])
            total, count = self._summed(term, output, target, weights, state, y_pred[1], sample_weight)
            mean = total / ops.maximum(count, 1.0)
            self.term_means[name].update_state(mean)
            self.term_counts[name].update_state(count)
            means.append(mean)
            counts.append(count)
            if training and not climbing:
                _assign(self.memory[name], term.loss.update_state(ops.stop_gradient(output), target, weights, state))
        terms = ops.stack(means)
        weights = ops.convert_to_tensor([term.weight for term in self.terms.values()], "float32")
        of_layers = sum(ops.cast(loss, "float32") for loss in self.losses)  # regularizers, and what layers add
        plain = Fixed().total(terms, weights, {}) + of_layers
        self.plain_loss.update_state(plain)
        if not training:
            return plain
        state = _values(self.balanced)
        if climbing or self.passes == 1:  # at the weights themselves; both passes go down one and the same loss
            after = self.balance.update_state(ops.stop_gradient(terms), ops.stack(counts), state)
            _assign(self.balanced, after)
            state |= after
        return self.balance.total(terms, weights, state) + of_layers

    def _compared(self, term: Any, targets: Any, made: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Return the output that a term is computed from, its target, and the weights of the examples."""
        outputs, emitted = made
        output, name = outputs[term.output], term.target_name
        target = emitted[name] if name in emitted else (targets or {}).get(name)
        if target is None and name != VIEWS:
            raise InputError(f"there is no target {name!r}: neither a column nor emitted by an augmentation")
        numbers = name in emitted and term.loss.target_kind == "numbers"
        if numbers and target is not None and target.shape[1:] != output.shape[1:]:
            raise InputError(f"the output {term.output} has the shape {tuple(output.shape[1:])} a face, and the target "
                             f"{name} that it is to learn {tuple(target.shape[1:])}")
        weights = sample_weight
        if term.loss.group_size > 1:
            output = ops.reshape(output, (-1, term.loss.group_size, *output.shape[1:]))
        elif self.group_size > 1:
            weights = ops.repeat(weights, self.group_size)
            target = target if name in emitted else ops.repeat(target, self.group_size, axis=0)
        if name in emitted or target is None or term.loss.group_size > 1:
            return output, target, weights
        known = _known(ops, target)
        if "int" in keras.backend.standardize_dtype(target.dtype):
            target = ops.maximum(target, 0)
        else:
            target = ops.where(ops.isfinite(target), target, ops.zeros_like(target))
        return output, target, weights * ops.cast(known, "float32")

    @staticmethod
    def _summed(term: Any, output: Any, target: Any, weights: Any, state: Mapping[str, Any], emitted: Mapping[str, Any],
                sample_weight: Any) -> tuple[Any, Any]:
        """Return the sum of a term over the examples that count, and how many these are; of mixed faces, in parts."""
        values = term.loss.per_example(output, target, weights, state)
        if MIXED not in emitted or target is None or term.target_name in emitted:
            return ops.sum(values * weights), ops.sum(weights)
        first, second = emitted[MIXED] * weights, ops.roll(weights, 1, axis=0) * sample_weight
        mixed = term.loss.per_example(output, ops.roll(target, 1, axis=0), second, state)
        second = (1 - emitted[MIXED]) * second
        return ops.sum(first * values) + ops.sum(second * mixed), ops.sum(first) + ops.sum(second)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Return the loss, that of each term, how many examples it counted and, where there is one, its accuracy."""
        for name, accuracy in self.accuracies.items():
            term = self.terms[name]
            output, target, weights = self._compared(term, y, y_pred, sample_weight)
            correct = ops.cast(term.loss.is_correct(output, target, weights), "float32")
            accuracy.update_state(correct, sample_weight=weights)
        figures = self.get_metrics_result()
        figures["loss"] = figures.pop("plain_loss")
        return figures

    def step(self, inputs: Mapping[str, Any], targets: Mapping[str, Any], weights: Any,
             seed: int = 0) -> dict[str, float]:
        """Take one step and return the batch's ``loss`` and, a term, ``loss.TERM``, ``count.TERM``, ``accuracy.TERM``.

        Parameters
        ----------
        inputs : mapping of str to array of shape (n · faces of an example, ...), float32
            The faces of an example one after the other.
        targets : mapping of str to array of shape (n, ...)
            Those that are known of the examples.
        weights : array of shape (n,), float32
            1 for examples that count, 0 for those that fill up the batch.
        seed : int
            Decides, with nothing else, how faces are altered; in [0, 2³²).
        """
        if self.passes == 1:
            return self._on_batch(self.train_on_batch, inputs, targets, weights, seed)
        seeds = [variable for variable in self.part.variables if "seed_generator" in variable.path]
        chance = [ops.copy(variable) for variable in seeds]
        self._take(climbing=True)
        figures = self._on_batch(self.train_on_batch, inputs, targets, weights, seed)
        for variable, value in zip(seeds, chance, strict=True):
            variable.assign(value)
        self._take(climbing=False)
        self._on_batch(self.train_on_batch, inputs, targets, weights, seed)
        return figures

    def _take(self, climbing: bool) -> None:
        """Take the program that climbs, or the one that descends; each is compiled once."""
        self._programs[self.optimizer.climbing] = self.train_function
        self.optimizer.climbing = climbing
        self.train_function = self._programs.get(climbing)
        if self.train_function is None:
            # JAX looks compiled programs up by the function that they are made of, and would take the first again.
            self.train_step = partial(keras.Model.train_step, self)

    def validate(self, inputs: Mapping[str, Any], targets: Mapping[str, Any], weights: Any,
                 seed: int = 0) -> dict[str, float]:
        """Return what `step` returns, and learn nothing."""
        return self._on_batch(self.test_on_batch, inputs, targets, weights, seed)

    def _on_batch(self, work: Any, inputs: Mapping[str, Any], targets: Mapping[str, Any], weights: Any,
                  seed: int) -> dict[str, float]:
        known = {name: ops.convert_to_tensor(values) for name, values in targets.items()}
        if keras.backend.backend() == "torch":
            # There a Dropout without a seed draws from the process's chance, which no checkpoint keeps.
            keras.utils.set_random_seed((seed + OF_LAYERS) % 2**32)
        if self.seed_generator is not None:
            # The backends differ in the sign of their seeds.
            state = self.seed_generator.state
            state.assign(np.array([seed, 0], np.uint32).astype(state.dtype))
        return work({name: ops.convert_to_tensor(values) for name, values in inputs.items()}, known or None,
                    sample_weight=ops.convert_to_tensor(weights), return_dict=True)


def _refuse_other_inputs(images: list[str], inputs: set[str], fit: FitSettings, group_size: int) -> None:
    """Raise `ValueError` if an augmentation does not fit the inputs of a model, which would go unnoticed."""
    emitted = {name for augmentation in (*fit.augment, *fit.corrupt) for name in augmentation.targets}
    if waiting := [name for name in images[1:] if name not in emitted]:
        raise ValueError(f"the input {waiting[0]!r} is for faces that an augmentation emits, such as "
                         f"{{jigsaw: {{into: {waiting[0]}}}}}, and none does")
    for augmentation in (*fit.augment, *fit.corrupt):
        into = getattr(augmentation, "into", IMAGE)
        if into not in (IMAGE, *inputs):
            raise ValueError(f"the augmentation {augmentation.name} puts faces into the input {into!r}, and the model "
                             f"has {', '.join(sorted(inputs))}")
    if MIXED in emitted and (group_size > 1 or len(inputs) > 1):
        raise ValueError("mixup mixes the pixels of single faces; it fits no views, triplets or second inputs")


def _known(module: Any, target: Any) -> Any:
    """Return which examples have a target, −1 and NaN being none: of shape (n,), bool; ``module`` is np or ops."""
    if "int" in str(target.dtype):
        return target >= 0
    known = module.isfinite(target)
    return module.all(known, axis=tuple(range(1, len(target.shape)))) if len(target.shape) > 1 else known


def _values(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {key: ops.convert_to_tensor(variable) for key, variable in kept.items()}


def _assign(kept: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        kept[key].assign(value)


def _always(values: np.ndarray) -> Any:
    """Return an initializer that gives these values."""
    return lambda shape, dtype=None: ops.convert_to_tensor(values, dtype)
