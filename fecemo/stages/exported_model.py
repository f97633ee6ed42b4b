"""Exported files of a row: finished when they are written, and asked afterwards, by onnxruntime or LiteRT alone."""

import importlib.util
import json
import logging
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fecemo.errors import InputError, ResourceError
from fecemo.imaging.runtimes import open_litert, open_onnx
from fecemo.machine import install_command

MODEL_NAMES = {"onnx": "model.onnx", "int8": "model.int8.onnx", "litert": "model.tflite"}
SHARES, EMBEDDING, NAME = "probabilities", "embedding", "name"
LABELS = "labels"
"""Of the metadata of a file: its columns of probabilities, as a JSON list."""
NOTICE = ("The names say what a face shows to people who look at it, not what a person feels. Not to be used to judge "
          "people, nor at work or in schools.")
KEPT_EXACT = ("/view", "/probabilities")
"""Parts of the graph whose numbers are not rounded to eight bits: pixels as they enter, and the shares of labels."""
EXTRA = "onnx"


@dataclass(frozen=True)
class ExportedAnswers:
    """What an exported file says of faces."""

    #: Of shape (n, c), float32. Of the labels; 0 throughout where a face's cluster has no name.
    probabilities: np.ndarray
    embedding: np.ndarray  #: Of shape (n, d), float32.
    names: np.ndarray  #: Of shape (n,), str. The most probable label, ``""`` where there is none.


class ExportedModel:
    """An exported file, ready to be asked; from any number of threads where it is ONNX.

    Parameters
    ----------
    title : str
        For messages, such as its path.
    labels : sequence of str, optional
        Columns of the probabilities; those in the file's metadata without it. LiteRT has none.
    threads : int
        That one question may take.

    Raises
    ------
    InputError
        If the file is none that this project exported, or the installed runtime does not read it.
    ResourceError
        If the runtime is not installed.
    """

    def __init__(self, content: bytes, title: str, labels: Sequence[str] | None = None, threads: int = 1) -> None:
        self.title = title
        self._run = _litert(content, title, threads) if title.endswith(".tflite") else None
        self.metadata: dict[str, str] = {}
        if self._run is None:
            self._session = _session(content, title, threads)
            self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
            self._run = self._run_onnx
        try:
            self.labels = tuple(json.loads(self.metadata[LABELS]) if labels is None else labels)
        except (KeyError, ValueError) as error:
            raise InputError(f"{title} has no labels in its metadata: expected a file of 20_export_model.py") from error

    @classmethod
    def read(cls, path: Path, threads: int = 1) -> "ExportedModel":
        """Read an exported file, or ``model.onnx`` in a folder of them."""
        path = path / MODEL_NAMES["onnx"] if path.is_dir() else path
        try:
            return cls(path.read_bytes(), str(path), threads=threads)
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}): expected a file of 20_export_model.py"
                             ) from error

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Tuple of str: What enters: ``"cut"`` for faces cut out of photographs, or columns such as ``"aligned"``."""
        return tuple(json.loads(self.metadata.get("columns", "[]")))

    def answers(self, columns: Mapping[str, np.ndarray]) -> ExportedAnswers:
        """Return what the file says of faces.

        Parameters
        ----------
        columns : mapping of str to ndarray
            By what enters: ``"image"``, uint8 (n, height, width, 3), or a column of numbers, float32 (n, d).
        """
        outputs = self._run({name.replace(".", "_"): values for name, values in columns.items()})  # type: ignore[misc]
        probabilities = outputs[SHARES]
        best = np.where(probabilities.any(axis=1), probabilities.argmax(axis=1), len(self.labels))
        return ExportedAnswers(probabilities, outputs[EMBEDDING], np.array([*self.labels, ""])[best])

    def _run_onnx(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip((SHARES, EMBEDDING), self._session.run([SHARES, EMBEDDING], dict(columns)), strict=True))


def _session(content: bytes, title: str, threads: int) -> Any:
    session = open_onnx(content, title, EXTRA, threads)
    if missing := {SHARES, EMBEDDING} - {output.name for output in session.get_outputs()}:
        raise InputError(f"{title} has no output {', '.join(sorted(missing))}: expected a file of 20_export_model.py")
    return session


def _litert(content: bytes, title: str, threads: int) -> Any:
    interpreter = open_litert(content, title, EXTRA, threads)
    runner = interpreter.get_signature_runner()

    def run(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        n = len(next(iter(columns.values())))
        rows = [runner(**{name: np.ascontiguousarray(values[row : row + 1]) for name, values in columns.items()})
                for row in range(n)]
        return {name: np.concatenate([row[name] for row in rows]) for name in (SHARES, EMBEDDING)}

    return run


def finish_onnx(content: bytes, labels: Sequence[str], about: Mapping[str, str]) -> bytes:
    """Return an ONNX file with the output ``name``, words for what varies, and what it is in its metadata."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(content)
    graph = model.graph
    outputs = {output.name: output for output in graph.output}
    del graph.output[:]
    graph.output.extend([outputs[SHARES], outputs[EMBEDDING]])
    for value in (*graph.input, *graph.output):
        for axis, word in zip(value.type.tensor_type.shape.dim, ("n", "height", "width"), strict=False):
            if not axis.dim_value:
                axis.dim_param = word
    # A column below any share is the largest where there is none, and its label is "".
    constants = {"rest_axis": np.array([1], np.int64), "rest_zero": np.float32(0), "rest_share": np.float32(1e-30),
                 "rest_labels": np.array([*labels, ""], object)}
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items())
    graph.node.extend([
        helper.make_node("ReduceSum", [SHARES, "rest_axis"], ["rest_sum"], keepdims=1),
        helper.make_node("Mul", ["rest_sum", "rest_zero"], ["rest_nothing"]),
        helper.make_node("Add", ["rest_nothing", "rest_share"], ["rest_column"]),
        helper.make_node("Concat", [SHARES, "rest_column"], ["rest_shares"], axis=1),
        helper.make_node("ArgMax", ["rest_shares"], ["rest_best"], axis=1, keepdims=0),
        helper.make_node("Gather", ["rest_labels", "rest_best"], [NAME]),
    ])
    graph.output.append(helper.make_tensor_value_info(NAME, TensorProto.STRING, ["n"]))
    model.doc_string = NOTICE
    helper.set_model_props(model, {**about, LABELS: json.dumps(list(labels), ensure_ascii=False), "notice": NOTICE})
    onnx.checker.check_model(model)
    finished: bytes = model.SerializeToString(deterministic=True)
    return finished


def quantized(content: bytes, faces: Iterable[Mapping[str, np.ndarray]]) -> bytes:
    """Return an ONNX file whose products are of eight bits, their ranges chosen by faces: one mapping of columns each.

    Pixels as they enter and the shares of labels stay as they are.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            self._faces = iter(faces)

        def get_next(self) -> dict[str, np.ndarray] | None:
            face = next(self._faces, None)
            return None if face is None else {name.replace(".", "_"): values for name, values in face.items()}

    model = onnx.load_from_string(content)
    exact = [node.name for node in model.graph.node if any(part in node.name for part in KEPT_EXACT)]
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "quantized.onnx"
        quantize_static(model, str(path), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        op_types_to_quantize=["Conv", "MatMul", "Gemm"], nodes_to_exclude=exact)
        made = onnx.load(str(path))
    onnx.helper.set_model_props(made, {prop.key: prop.value for prop in model.metadata_props})
    made.doc_string = model.doc_string
    small: bytes = made.SerializeToString(deterministic=True)
    return small


def quietly(convert: Callable[[], Any]) -> Any:
    """Return what a converter returns, without the lines that it writes of each of its own steps."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return convert()
    finally:
        logging.disable(level)


def require_package(name: str, otherwise: str = "") -> None:
    """Raise `ResourceError` where a package of the extra ``onnx`` is not installed; ``otherwise`` ends the message."""
    if importlib.util.find_spec(name) is None:
        raise ResourceError(f"{name} is not installed, which exported models need: {install_command(EXTRA)}"
                            + otherwise)
