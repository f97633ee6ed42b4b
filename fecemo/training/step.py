"""One step of training on any Keras backend: a model around the networks that knows what is held against what."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import keras
import numpy as np
from keras import ops

from fecemo.training.augmentation import augment
from fecemo.training.examples import Examples
from fecemo.training.settings import FitSettings


def _pays_to_fuse(network: keras.Model) -> bool:
    """Tell whether XLA is worth its time where Keras would not use it by itself: TensorFlow on a CPU.

    Measured on one core (benchmarks/README.md): dense layers gain half again, because weights and moments go through
    memory once; convolutions lose half, because XLA's own are slower there than TensorFlow's.
    """
    return keras.backend.backend() == "tensorflow" and not _convolves(network)


def _convolves(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose) or any(
        _convolves(inner) for inner in getattr(layer, "layers", ()))


def joined(networks: Mapping[str, keras.Model]) -> keras.Model:
    """Return one network that gives a dict of what several networks give; stacks that they share run once.

    Parameters
    ----------
    networks : mapping of str to keras.Model
        By the key that their output is to have. Several were built on one input.
    """
    first = next(iter(networks.values()))
    return keras.Model(first.inputs[0], {key: network.outputs[0] for key, network in networks.items()}, name="joined")


class TrainingStep(keras.Model):
    """Networks with their losses and optimizer, ready for `step`.

    Parameters
    ----------
    networks : mapping of str to keras.Model
        The network that gives each kind of output that the losses look at. They take float pixels in [0, 255].
    fit : FitSettings
    examples : Examples
        All that will be learnt from.
    n_classes : int
        Emotions that a label can be.
    """

    def __init__(self, networks: Mapping[str, keras.Model], fit: FitSettings, examples: Examples,
                 n_classes: int) -> None:
        super().__init__(name="step")
        self.only_output = fit.looks_at[0] if len(fit.looks_at) == 1 else None
        self.network = networks[self.only_output] if self.only_output else joined(
            {output: networks[output] for output in fit.looks_at})
        self.terms = fit.loss
        self.together = max(fit.together, examples.faces_each)
        self.copies = self.together // examples.faces_each
        self.augment, self.corrupt = fit.augment, fit.corrupt
        self.seed_generator = keras.random.SeedGenerator(0) if fit.augment or fit.corrupt else None
        self.judge = next((loss for loss in fit.loss if loss.judges), None)
        self.accuracy = keras.metrics.Mean(name="accuracy") if self.judge else None
        self.memory = {
            loss.name: {
                name: self.add_weight(shape=values.shape, initializer=_always(values), trainable=False,
                                      name=f"{loss.name}_{name}")
                for name, values in loss.first_state(
                    networks[loss.looks_at].output_shape[1:], examples.targets, n_classes).items()
            } for loss in fit.loss}
        self.compile(optimizer=fit.optimizer.build(fit.learning_rate, fit.accumulate if fit.accumulate > 1 else None),
                     jit_compile=_pays_to_fuse(self.network) or "auto")
        self.build((fit.batch_size, *self.network.input_shape[1:]))
        self.optimizer.build(self.trainable_variables)
        self.rate: float | None = None

    def set_rate(self, rate: float) -> None:
        """Learn at this rate from the next step on."""
        if rate != self.rate:  # it lies on the device
            self.optimizer.learning_rate = self.rate = rate

    @property
    def state(self) -> list[Any]:
        """List of keras.Variable: What the losses remember, in a fixed order."""
        return [variable for kept in self.memory.values() for variable in kept.values()]

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Nothing is left to build: the network is."""
        self.built = True

    def call(self, pixels: Any, training: bool = False) -> Any:
        """Return what the networks make of pixels of shape (n, side, side, channels), and what that is held against.

        The latter are the pixels as they were before `corrupt`, and the targets that augmentations emit.
        """
        faces = ops.repeat(pixels, self.copies, axis=0) if self.copies > 1 else pixels
        always = training or self.copies > 1
        augmentations = [augmentation for augmentation in self.augment if always or augmentation.targets]
        faces, targets = augment(faces, augmentations, self.seed_generator)
        corrupted, of_corruption = augment(faces, self.corrupt, self.seed_generator)
        made = self.network(corrupted, training=training)
        return {self.only_output: made} if self.only_output else made, faces, {**targets, **of_corruption}

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Any:
        """Return the mean loss over the examples whose weight is 1, a scalar."""
        losses = []
        for loss in self.terms:
            output, target = self._compared(loss, y, y_pred)
            alone = self.together > 1 and loss.together == 1
            weights = ops.repeat(sample_weight, self.together) if alone else sample_weight
            state = {name: ops.convert_to_tensor(variable) for name, variable in self.memory[loss.name].items()}
            of_term = loss.losses(output, target, weights, state)
            if alone:
                of_term = ops.mean(ops.reshape(of_term, (-1, self.together)), axis=1)
            losses.append(loss.weight * of_term)
            if training:
                for name, value in loss.next_state(ops.stop_gradient(output), target, weights, state).items():
                    self.memory[loss.name][name].assign(value)
        return ops.sum(reduce(ops.add, losses) * sample_weight) / ops.sum(sample_weight)

    def _compared(self, loss: Any, targets: Any, made: Any) -> tuple[Any, Any]:
        """Return the output that a loss looks at, and what it is held against."""
        outputs, faces, emitted = made
        output = outputs[loss.looks_at]
        target = faces if loss.learns_from == "face" else {**(targets or {}), **emitted}.get(loss.learns_from)
        if loss.together > 1:
            output = ops.reshape(output, (-1, loss.together, *output.shape[1:]))
        elif self.together > 1 and loss.learns_from != "face" and loss.learns_from not in emitted:
            target = ops.repeat(target, self.together, axis=0)
        return output, target

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Return the loss and, where a loss can judge, the share of examples that is right."""
        if self.judge is not None and self.accuracy is not None:
            output, target = self._compared(self.judge, y, y_pred)
            if self.together > 1 and self.judge.together == 1:
                sample_weight = ops.repeat(sample_weight, self.together)
            right = ops.cast(self.judge.right(output, target, sample_weight), "float32")
            self.accuracy.update_state(right, sample_weight=sample_weight)
        return self.get_metrics_result()

    def step(self, pixels: Any, targets: Mapping[str, Any], weights: Any, chance: int = 0) -> dict[str, float]:
        """Take one step and return the batch's ``loss`` and, where a loss can judge, ``accuracy``.

        Parameters
        ----------
        pixels : array of shape (n · faces of an example, side, side, channels), float32
            The faces of an example one after the other.
        targets : mapping of str to array of shape (n, ...)
        weights : array of shape (n,), float32
            1 for examples that count, 0 for those that fill up the batch.
        chance : int
            Decides, with nothing else, how faces are altered; in [0, 2³²).
        """
        return self._on_batch(self.train_on_batch, pixels, targets, weights, chance)

    def validate(self, pixels: Any, targets: Mapping[str, Any], weights: Any, chance: int = 0) -> dict[str, float]:
        """Return what `step` returns, and learn nothing."""
        return self._on_batch(self.test_on_batch, pixels, targets, weights, chance)

    def _on_batch(self, work: Any, pixels: Any, targets: Mapping[str, Any], weights: Any,
                  chance: int) -> dict[str, float]:
        known = {name: ops.convert_to_tensor(values) for name, values in targets.items()}
        if self.seed_generator is not None:
            # The backends differ in the sign of their seeds.
            state = self.seed_generator.state
            state.assign(np.array([chance, 0], np.uint32).astype(state.dtype))
        self.reset_metrics()  # Keras before 3.14 would return the mean over all batches so far
        return work(ops.convert_to_tensor(pixels), known or None, sample_weight=ops.convert_to_tensor(weights),
                    return_dict=True)


def _always(values: np.ndarray) -> Any:
    """Return an initializer that gives these values."""
    return lambda shape, dtype=None: ops.convert_to_tensor(values, dtype)
