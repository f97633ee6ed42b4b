"""A trained model as a transformer of images, or as a classifier, in scikit-learn's manner."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from fecemo.data.receipts import Receipt, require_receipt
from fecemo.data.variants import Variant
from fecemo.errors import InputError, nearest
from fecemo.imaging.descriptors import descriptors
from fecemo.imaging.resize import square_face
from fecemo.models.approach import EMBEDDING, IMAGE, Approach, approaches
from fecemo.study.artifact_kinds import OF_ROW
from fecemo.study.layout import RunLayout
from fecemo.training.backend import import_keras

BATCH_SIZE = 64
Images = np.ndarray | Sequence[np.ndarray]


class Encoder:
    """A trained model, or a descriptor of pictures, as a transformer of images, in scikit-learn's manner.

    Parameters
    ----------
    layout : RunLayout
    row, variant : str
        The cell.

    Attributes
    ----------
    model : keras.Model or None
        Dict in, dict out; None for a descriptor.
    inputs : dict of str to str
        Column that enters each input of the model.
    output : str
        The output that `transform` returns.
    behind : dict of str to Encoder
        Of the rows of whose outputs this one's are made, by the columns that hold these.
    """

    def __init__(self, layout: RunLayout, row: str, variant: str) -> None:
        receipt = require_receipt(layout.model(row, variant), "train")
        self.title = f"{row} {variant}"
        self.approach: Approach = approaches.find(receipt.config["approach"])
        self.variant = Variant(**receipt.config["variant"])
        self.side = int(receipt.config["side"])
        self.output = self.approach.output
        self.config = model_config(receipt)
        self.inputs = input_columns(receipt)
        self.behind = {column: Encoder(layout, row, variant) for column, row in rows_behind(receipt).items()}
        self.model: Any = None
        self._view: Any = None
        self._describe: Any = None
        if self.approach.build is not None:
            import_keras(receipt.config.get("threads"), optional=True)
            from fecemo.training.network_file import MODEL_NAME, load_network

            self.model = load_network(layout.model(row, variant) / MODEL_NAME)

    def transform(self, images: Images | Mapping[str, Any], output: str = "") -> np.ndarray:
        """Return an output of the model for each image, flattened.

        Parameters
        ----------
        images : ndarray of shape (n, height, width[, channels]), list of such images, or mapping of str to array
            Faces of any size, cut square to the face, RGB or gray: uint8, or floating in [0, 255]. A model that takes
            other columns is given a mapping with one array for each of its `inputs`; one of the variant ``aligned``,
            a mapping with the column ``"aligned"``, of shape (n, 200, 200, 1), uint8, as the align stage makes it. Of a
            row that is made of others' outputs, what these take, or their outputs themselves by the columns that hold
            them.
        output : str
            Of the model, such as ``"affect"``; by default `output`.

        Returns
        -------
        ndarray of shape (n, d), float32

        Raises
        ------
        InputError
            If pixels are not in [0, 255], look scaled to [0, 1], an input is missing, or there is no such output.
        """
        known = self.approach.readouts if self.model is None else self.model.output
        if output and output not in known:
            raise InputError(f"{self.title}: {self.approach.name} has no output {output!r}: {nearest(output, known)}")
        faces, vectors, n = self._columns(images)
        if self.model is None:
            return self._described(faces, n)
        return self._outputs(faces, vectors, n, output or self.output)

    def _columns(self, images: Images | Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], int]:
        """Return the faces and the vectors that enter the model, by input, and their number."""
        columns = images if isinstance(images, Mapping) else {IMAGE: images}
        if self.variant.faces in columns:
            columns = {**columns, IMAGE: columns[self.variant.faces]}
        wanted = [column for name, column in self.inputs.items() if not {name, column} & set(columns)]
        columns = {**columns, **{column: self.behind[column].transform(columns) for column in wanted
                                 if column in self.behind}}
        named: dict[str, Any] = {name: columns[name] if name in columns else columns[column]
                                 for name, column in self.inputs.items() if name in columns or column in columns}
        if absent := [column for name, column in self.inputs.items() if name not in named]:
            raise InputError(f"{self.title} takes the columns {', '.join(self.inputs.values())}; missing: "
                             f"{', '.join(absent)}. Pass a mapping of column to array")
        pixels = [name for name, column in self.inputs.items() if column == IMAGE]
        if pixels and self.variant.faces not in ("cut", *columns):
            raise InputError(f"{self.title} takes faces of the kind {self.variant.faces!r}, which are made from "
                             f"landmarks by the align stage; pass a mapping with {self.variant.faces!r}, or take its "
                             "vectors from outputs(row, variant)")
        faces = {name: whole_faces(named[name]) if self.variant.faces == "cut" else np.asarray(named[name], np.uint8)
                 for name in pixels}
        vectors = {name: np.asarray(values, np.float32) for name, values in named.items() if name not in pixels}
        lengths = {len(values) for values in (*faces.values(), *vectors.values())}
        if len(lengths) != 1:
            raise InputError(f"{self.title}: the columns are of {sorted(lengths)} rows, expected one number of them")
        return faces, vectors, lengths.pop()

    def _described(self, faces: dict[str, np.ndarray], n: int) -> np.ndarray:
        if self._describe is None:
            self._describe = descriptors.find(str(self.approach.descriptor)).open(asdict(self.config))
        (pictures,) = faces.values()
        blocks = [self._describe(self.variant.view(pictures[start : start + BATCH_SIZE]))
                  for start in range(0, n, BATCH_SIZE)]
        return np.concatenate(blocks) if blocks else np.empty((0, 0), np.float32)

    def _outputs(self, faces: dict[str, np.ndarray], vectors: dict[str, np.ndarray], n: int,
                 output: str) -> np.ndarray:
        from keras import ops

        from fecemo.training.device_view import DeviceView
        from fecemo.training.step import part_of

        if faces and self._view is None:  # kept with what is compiled for it: faces may come in many blocks
            self._view = DeviceView(self.variant, self.side)
        view, part = self._view, part_of(self.model, (output,))
        made = []
        for start in range(0, n, BATCH_SIZE):
            batch = {name: view.program(ops.convert_to_tensor(values[start : start + BATCH_SIZE]))
                     for name, values in faces.items()} if view is not None else {}
            batch |= {name: ops.convert_to_tensor(values[start : start + BATCH_SIZE])
                      for name, values in vectors.items()}
            made.append(np.asarray(ops.convert_to_numpy(part(batch, training=False)[output]), np.float32))
        if not made:
            return np.empty((0, int(np.prod(part.output[output].shape[1:]))), np.float32)
        return np.concatenate(made).reshape(n, -1)


class Classifier(Encoder):
    """A trained classifier, in scikit-learn's manner.

    Attributes
    ----------
    classes_ : ndarray of shape (c,), str
        In the order of the columns of `predict_proba`.
    """

    def __init__(self, layout: RunLayout, row: str, variant: str) -> None:
        super().__init__(layout, row, variant)
        if self.approach.readouts[self.output] != "argmax":
            raise InputError(f"{self.title}: {self.approach.name} has no class probabilities; its faces are named by "
                             "their clusters: encoder(row, variant).transform(images), then namer(row, variant)")
        self.classes_ = np.array(require_receipt(layout.model(row, variant), "train").summary["classes"], dtype=str)

    def predict_proba(self, images: Images | Mapping[str, Any]) -> np.ndarray:
        """Return the probability of each class: ndarray of shape (n, c), float32; see `Encoder.transform`."""
        return self.transform(images)

    def predict(self, images: Images | Mapping[str, Any]) -> np.ndarray:
        """Return the most probable class of each image: ndarray of shape (n,), str; see `Encoder.transform`."""
        return self.classes_[self.predict_proba(images).argmax(axis=1)]


def model_config(model: Receipt) -> Any:
    """Return the configuration of a trained model, as its approach has it."""
    return approaches.find(model.config["approach"]).config(**{
        name: tuple(value) if isinstance(value, list) else value for name, value in model.config["model"].items()})


def input_columns(model: Receipt) -> dict[str, str]:
    """Return the column that enters each input of a trained model, without loading it."""
    return approaches.find(model.config["approach"]).columns(model_config(model))


def rows_behind(model: Receipt) -> dict[str, str]:
    """Return the rows of whose outputs a trained model's row is made, by the columns that hold these."""
    start = f"outputs{OF_ROW}"
    columns = approaches.find(model.config["approach"]).rows_behind(model_config(model))
    rest = {name.removeprefix(start) for name in model.inputs if name.startswith(start)} - set(columns.values())
    return {**dict.fromkeys([EMBEDDING] * len(rest), "".join(rest)), **columns}


def whole_faces(images: Images) -> np.ndarray:
    """Return images as stored faces are: square, 200 pixels a side, RGB.

    Parameters
    ----------
    images : ndarray of shape (n, height, width[, 1 or 3]), or sequence of images
        See `Encoder.transform`.

    Returns
    -------
    ndarray of shape (n, 200, 200, 3), uint8

    Raises
    ------
    InputError
        If an image has another shape or its pixels are not in [0, 255].
    """
    return np.stack([_whole_face(np.asarray(image), f"image {number}") for number, image in enumerate(images)]) if (
        len(images)) else np.empty((0, 200, 200, 3), np.uint8)


def _whole_face(image: np.ndarray, title: str) -> np.ndarray:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[-1] not in (1, 3)) or not image.size:
        raise InputError(f"{title} is of shape {image.shape}, expected (height, width), (height, width, 1) or "
                         "(height, width, 3)")
    if image.dtype != np.uint8:
        if not np.issubdtype(image.dtype, np.number):
            raise InputError(f"{title} is of type {image.dtype}, expected uint8 or numbers in [0, 255]")
        low, high = float(image.min()), float(image.max())
        if not 0 <= low <= high <= 255:
            raise InputError(f"{title} has pixels from {low:g} to {high:g}, expected [0, 255]")
        if np.issubdtype(image.dtype, np.floating) and 0 < high <= 1:
            raise InputError(f"{title} has pixels from {low:g} to {high:g}, which looks scaled to [0, 1]; "
                             "pass [0, 255]: multiply by 255")
        image = np.rint(image).astype(np.uint8)
    colour = image[..., None] if image.ndim == 2 else image
    return square_face(np.ascontiguousarray(np.repeat(colour, 3, axis=2) if colour.shape[-1] == 1 else colour))
