"""A trained network as one model that needs nothing of this project: from a caller's faces to names and embedding.

What the stages do around a network is a part of it: a face of any size is cut square and resampled to 200 pixels, its
variant is computed and reduced, numbers are standardized; behind it, the nearest centre's name or the classifier's
probability becomes a calibrated share of every label. `keras.Model.export` then writes all of it as one file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from fecemo.data.variants import FACE_SIDE, LUMA_WEIGHTS, Variant
from fecemo.training.device_view import LUMA_UNIT, WHITE, DeviceView

CUBIC = -0.75
"""Of cubic interpolation, as OpenCV has it."""
FAR = 1e30
MIN_PROBABILITY = 1e-9
SHARES, EMBEDDING, IMAGE = "probabilities", "embedding", "image"


@dataclass(frozen=True)
class NetworkPart:
    """A trained network, and what enters it."""

    model: Any  #: Dict in, dict out.
    output: str  #: The output that is read.
    columns: Mapping[str, str]  #: Column that enters each input.
    variant: Variant  #: Of the faces that enter as ``"image"``.
    side: int  #: Pixels of the view.
    classifies: bool  #: Whether the output are probabilities of classes.
    #: By column, the networks whose outputs enter this one.
    behind: Mapping[str, "NetworkPart"] = field(default_factory=dict)


class PortableView(DeviceView):
    """Faces of any size to the pixels that enter a network: cut square, resampled to 200 pixels, then the variant.

    What shrinks is averaged over areas, what grows is interpolated by cubics, each by one matrix along either axis that
    the graph computes from the picture's size: no format's own resizing agrees with another's. Levels are rounded as
    stored faces are.
    """

    def call(self, faces: Any) -> Any:
        """Return the view, (n, side, side, channels) float32, of faces (n, height, width, channels), uint8."""
        # Channels first: all products are of large matrices then.
        pixels = ops.cast(ops.transpose(faces, (0, 3, 1, 2)), "float32")
        if faces.shape[1:3] != (FACE_SIDE, FACE_SIDE):
            height, width = ops.shape(pixels)[2:]
            # Nothing but a few conditions where faces are of that size already, as those that this project cuts out.
            pixels = ops.cond(ops.logical_and(ops.equal(height, FACE_SIDE), ops.equal(width, FACE_SIDE)),
                              lambda: ops.reshape(pixels, (-1, 3, FACE_SIDE, FACE_SIDE)),
                              lambda: self._resampled(pixels))
        margin, side = self.variant.margin, self.variant.side
        pixels = pixels[:, :, margin : margin + side, margin : margin + side]
        if self.variant.channels != pixels.shape[1]:
            levels = sum(weight * pixels[:, index : index + 1] for index, weight in enumerate(LUMA_WEIGHTS))
            pixels = ops.floor((levels + LUMA_UNIT / 2) / LUMA_UNIT)
        if self.reduces:
            sums = ops.matmul(ops.matmul(self._shares, pixels), self._shares.T)
            pixels = sums * (1.0 / float(self._shares[0].sum()) ** 2)
        return ops.transpose(pixels, (0, 2, 3, 1))

    def _resampled(self, pixels: Any) -> Any:
        """Return pixels of shape (n, 3, 200, 200) of those of shape (n, 3, height, width)."""
        height, width = (ops.cast(length, "float32") for length in ops.shape(pixels)[2:])
        kept = ops.minimum(height, width)
        down, along = (_resampling(ops.shape(pixels)[axis], ops.floor((length - kept) / 2), kept)
                       for axis, length in ((2, height), (3, width)))
        made = ops.matmul(ops.matmul(down, pixels), ops.transpose(along))
        return ops.reshape(ops.floor(ops.clip(made, 0.0, WHITE) + 0.5), (-1, 3, FACE_SIDE, FACE_SIDE))


def _resampling(length: Any, start: Any, kept: Any) -> Any:
    """Return the matrix (200, length) that resamples ``kept`` of ``length`` pixels, from ``start`` on, to 200."""
    place = ops.arange(FACE_SIDE, dtype="float32")[:, None]
    pixel = ops.cast(ops.arange(length), "float32")[None, :] - start
    scale = kept / FACE_SIDE
    overlap = ops.minimum((place + 1) * scale, pixel + 1) - ops.maximum(place * scale, pixel)
    areas = ops.maximum(overlap, 0.0) / scale
    middle = (place + 0.5) * scale - 0.5
    whole = ops.floor(middle)
    rest = middle - whole
    weights = [_cubic_far(rest + 1), _cubic_near(rest), _cubic_near(1 - rest)]
    cubics: Any = 0.0
    for step, weight in enumerate([*weights, 1 - sum(weights)], -1):
        cubics += weight * ops.cast(ops.equal(pixel, ops.clip(whole + step, 0.0, kept - 1)), "float32")
    return ops.where(scale >= 1, areas, cubics)


def _cubic_near(x: Any) -> Any:
    return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1


def _cubic_far(x: Any) -> Any:
    return ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC


class SharesOfClusters(layers.Layer):
    """Vectors to shares of labels, by the margins of named centres: see `fecemo.evaluation.metrics.calibration`.

    Parameters
    ----------
    centres : ndarray of shape (k, d), float32
    names : sequence of str, of length k
        The label of each centre, ``""`` for none: a face of such a cluster has no share of any label.
    labels : sequence of str
        Columns of what comes out. A label that no centre bears has no share.
    """

    def __init__(self, centres: np.ndarray, names: tuple[str, ...], labels: tuple[str, ...],
                 temperature: float) -> None:
        super().__init__(trainable=False, dtype="float32", name=SHARES)
        borne = [label for label in labels if label in names]
        self._centres, self._temperature = np.asarray(centres, np.float32), temperature
        self._is = np.array([[name == label for label in borne] for name in names], bool).reshape(len(names), -1)
        self._named = np.array([[name != "" for name in names]])
        self._columns = np.array([[label == of for of in labels] for label in borne], np.float32)
        self._width = len(labels)

    def call(self, vectors: Any) -> Any:
        """Return shares of shape (n, c), float32."""
        if not len(self._columns):
            return ops.zeros((ops.shape(vectors)[0], self._width))
        distances = ops.sqrt(ops.sum(ops.square(vectors[:, None] - self._centres[None]), axis=2))
        near = ops.min(ops.where(self._is[None], distances[:, :, None], FAR), axis=1)
        far = ops.min(ops.where(self._is[None], FAR, distances[:, :, None]), axis=1)
        both = near + far
        margins = ops.where(both > 0, (far - near) / ops.maximum(both, keras.config.epsilon() ** 4), 0.0)
        shares = ops.matmul(ops.softmax(margins / self._temperature, axis=1), self._columns)
        nearest = (ops.min(ops.where(named, distances, FAR), axis=1, keepdims=True)
                   for named in (self._named, ~self._named))
        return shares * ops.cast(ops.less_equal(*nearest), "float32")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (n, c)."""
        return (input_shape[0], self._width)


class SharesOfClassifier(layers.Layer):
    """Probabilities to shares of the classes, by the temperature that labelled faces chose."""

    def __init__(self, temperature: float) -> None:
        super().__init__(trainable=False, dtype="float32", name=SHARES)
        self._temperature = temperature

    def call(self, probabilities: Any) -> Any:
        """Return shares of the shape of the probabilities, (n, c)."""
        return ops.softmax(ops.log(ops.maximum(probabilities, MIN_PROBABILITY)) / self._temperature, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the same shape."""
        return input_shape


def portable_model(row: NetworkPart, shares: Any, *, fixed: bool = False) -> Any:
    """Return the whole as a `keras.Model`: by column in, ``probabilities`` and ``embedding`` out.

    A point in a column's name is a line below in the input's. The embedding of a classifier is what enters its last
    layer of weights; of one without weights, those of the classifiers behind it, side by side.

    Parameters
    ----------
    shares : SharesOfClusters or SharesOfClassifier
    fixed : bool
        Take single faces of 200 pixels in the place of any number of any size, for formats without such shapes.
    """
    whole = _Whole(fixed)
    answer, embedding = whole.outputs(row)
    return keras.Model({tensor.name: tensor for tensor in whole.entering.values()},
                       {SHARES: shares(answer), EMBEDDING: embedding}, name="portable")


class _Whole:
    """A row's network and those behind it, joined; what enters several of them enters once, and is viewed once."""

    def __init__(self, fixed: bool) -> None:
        self.fixed = fixed
        self.entering: dict[str, Any] = {}
        self._views: dict[tuple[Variant, int], Any] = {}
        self._networks = 0

    def outputs(self, part: NetworkPart) -> tuple[Any, Any]:
        """Return the part's output, and the embedding of it, both of shape (n, d)."""
        behind = {column: self.outputs(row) for column, row in part.behind.items()}
        feed = {name: behind[column][0] if column in behind else self._entering(part, name, column)
                for name, column in part.columns.items()}
        leaving = [part.model.output[part.output]]
        if part.classifies and part.model.weights:
            leaving.append(_features(leaving[0]))
        self._networks += 1
        network = keras.Model(part.model.input, leaving, name=f"network_{self._networks}")
        answer, *embedding = (layers.Flatten()(tensor) for tensor in network(feed))
        if part.classifies and not embedding:
            embedding = [made for _, made in behind.values()]
        return answer, layers.Concatenate()(embedding) if len(embedding) > 1 else (*embedding, answer)[0]

    def _entering(self, part: NetworkPart, name: str, column: str) -> Any:
        """Return the tensor that enters an input of a part's network, of what enters the whole."""
        pixels = column == IMAGE
        key = (IMAGE if part.variant.faces == "cut" else part.variant.faces) if pixels else column
        if key not in self.entering:
            any_size = pixels and part.variant.faces == "cut" and not self.fixed
            shape = (None, None, 3) if any_size else (
                part.variant.face_shape if pixels else part.model.input[name].shape[1:])
            self.entering[key] = keras.Input(shape, batch_size=1 if self.fixed else None, name=key.replace(".", "_"),
                                             dtype="uint8" if pixels else "float32")
        if not pixels:
            return self.entering[key]
        view = part.variant, part.side
        if view not in self._views:
            self._views[view] = PortableView(*view)(self.entering[key])
        return self._views[view]


def _features(tensor: Any) -> Any:
    """Return what enters the last layer of weights before a tensor."""
    operation, node, _ = tensor._keras_history
    entering = operation._inbound_nodes[node].input_tensors
    if getattr(operation, "layers", None):  # a submodel: what it computes up to its own last layer
        inner = keras.Model(operation.inputs, _features(operation.outputs[0]))
        return inner(entering if len(entering) > 1 else entering[0])
    return entering[0] if getattr(operation, "weights", None) else _features(entering[0])
