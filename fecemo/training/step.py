"""One step of training on any Keras backend: a model around the network that knows what is compared with what."""

from typing import Any, Literal

import keras
from keras import ops

from fecemo.training.device_view import WHITE
from fecemo.training.settings import FitSettings

_OPTIMIZERS = {"adam": keras.optimizers.Adam, "adamax": keras.optimizers.Adamax, "sgd": keras.optimizers.SGD}
_PIXEL_LOSSES = {"binary_crossentropy": keras.losses.binary_crossentropy,
                 "mean_squared_error": keras.losses.mean_squared_error}


def _pays_to_fuse(network: keras.Model) -> bool:
    """Tell whether XLA is worth its time where Keras would not use it by itself: TensorFlow on a CPU.

    Measured on one core (benchmarks/README.md): dense layers gain half again, because weights and moments go through
    memory once; convolutions lose half, because XLA's own are slower there than TensorFlow's.
    """
    return keras.backend.backend() == "tensorflow" and not _convolves(network)


def _convolves(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose) or any(
        _convolves(inner) for inner in getattr(layer, "layers", ()))


class TrainingStep(keras.Model):
    """A network with its loss and optimizer, ready for `step`.

    Parameters
    ----------
    network : keras.Model
        Takes float pixels in [0, 255].
    task : {"reconstruct", "classify"}
        The target is the pixels in [0, 1] that came in, or the one-hot emotion.
    fit : FitSettings
    n_classes : int
        Length of a one-hot emotion.
    """

    def __init__(self, network: keras.Model, task: Literal["reconstruct", "classify"], fit: FitSettings,
                 n_classes: int) -> None:
        super().__init__(name="step")
        self.network = network
        self.reconstructs = task == "reconstruct"
        self.n_classes = n_classes
        self.loss_name = fit.loss
        self.accuracy = None if self.reconstructs else keras.metrics.Mean(name="accuracy")
        together = fit.accumulate if fit.accumulate > 1 else None
        self.compile(optimizer=_OPTIMIZERS[fit.optimizer](fit.learning_rate, gradient_accumulation_steps=together),
                     jit_compile=_pays_to_fuse(network) or "auto")
        self.build((fit.batch_size, *network.input_shape[1:]))
        self.optimizer.build(self.trainable_variables)

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Nothing is left to build: the network is."""
        self.built = True

    def call(self, pixels: Any) -> Any:
        """Return what the network makes of pixels of shape (n, side, side, channels)."""
        return self.network(pixels, training=True)

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Any:
        """Return the mean loss over the faces whose weight is 1, a scalar."""
        if self.reconstructs:
            # Keras takes the mean over channels, and clips what is outside of [0, 1] before a logarithm.
            losses = ops.mean(_PIXEL_LOSSES[self.loss_name](x / WHITE, y_pred), axis=(1, 2))
        else:
            losses = keras.losses.categorical_crossentropy(ops.one_hot(y, self.n_classes, dtype="float32"), y_pred)
        return ops.sum(losses * sample_weight) / ops.sum(sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Return the loss and, for emotions, the share that was right."""
        if self.accuracy is not None:
            right = ops.cast(ops.equal(ops.cast(ops.argmax(y_pred, axis=-1), "int32"), ops.cast(y, "int32")), "float32")
            self.accuracy.update_state(right, sample_weight=sample_weight)
        return self.get_metrics_result()

    def step(self, pixels: Any, labels: Any, weights: Any) -> dict[str, float]:
        """Take one step and return the batch's ``loss`` and, for emotions, ``accuracy``.

        Parameters
        ----------
        pixels : array of shape (n, side, side, channels), float32
        labels : array of shape (n,), int32, or None
        weights : array of shape (n,), float32
            1 for faces that count, 0 for those that fill up the batch.
        """
        on_device = [None if given is None else ops.convert_to_tensor(given) for given in (pixels, labels, weights)]
        self.reset_metrics()  # Keras before 3.14 would return the mean over all batches so far
        return self.train_on_batch(on_device[0], on_device[1], sample_weight=on_device[2], return_dict=True)
