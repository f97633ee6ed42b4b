"""Export a model: a finished row of a run → one file that takes a caller's faces and gives names and embedding."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, digest_bytes, digest_file
from fecemo.encoder import Encoder
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.evaluation.results import RESULTS_NAME
from fecemo.machine import install_command
from fecemo.models.approach import approaches
from fecemo.progress import progress
from fecemo.run import Run
from fecemo.stages.exported_model import MODEL_NAMES, ExportedModel, finish_onnx, quantized, quietly, require_package
from fecemo.stages.model_card import CARD_NAMES, Check, card_document, card_text
from fecemo.stages.row_columns import block_of_rows, row_columns
from fecemo.stages.run_readout import RunReadout
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.faces.columns import RunFaces

if TYPE_CHECKING:
    from fecemo.training.portable import NetworkPart

STAGE = "export_model"
Format = Literal["onnx", "int8", "litert"]
CHECKED, TOLERANCE = 256, 1e-4
CALIBRATING, SCORED = 128, 2000
"""Faces that choose the ranges of eight-bit numbers, and the most on which their loss is measured."""
OPSETS = (13, 18)
BLOCK = 64
BACKEND = "tensorflow"


@dataclass(frozen=True)
class ModelExportSettings:
    """Which row to export, and how."""

    run: Path  #: A finished run, such as ``runs/demo``.
    row: str  #: One of its rows: a classifier, or one with named clusters.
    variant: str  #: Of the row.
    #: ``int8`` is ONNX with weights and activations of eight bits. ``litert`` takes a single face of 200 pixels.
    formats: tuple[Format, ...] = get_args(Format)
    opset: int = 17  #: Version of ONNX's operators, 13 to 18: the newest that your reader has.
    recipe: Path | None = None  #: The run's recipe, for what the model card says of the data sets' origin and licence.

    def __post_init__(self) -> None:
        if not OPSETS[0] <= self.opset <= OPSETS[1]:
            raise InputError(f"opset must be {OPSETS[0]} to {OPSETS[1]}, not {self.opset}: the converter writes no "
                             "other")


def run(settings: ModelExportSettings, out: Path) -> Receipt:
    """Write a row as files that need nothing of this project, with a model card.

    ``model.onnx`` takes ``image``, uint8 (n, height, width, 3): faces of any size, RGB, cut to the face (or the columns
    that the row takes, such as ``landmark_features``), and gives ``probabilities`` (n, c), calibrated where labelled
    faces could do that and 0 throughout where a face's cluster has no name, ``embedding`` (n, d) and ``name`` (n,). Its
    metadata hold the labels. ``model.int8.onnx`` is smaller and less exact, ``model.tflite`` takes one face of 200
    pixels. ``model_card.md`` and ``model_card.json`` say what it learnt from, how good it is and what it must not be
    used for. Nothing is written unless 256 faces get the same answers, to 1e-4, as by Keras.

    Parameters
    ----------
    out : Path
        A folder for the files.

    Raises
    ------
    InputError
        If the run has no such row, or it cannot be expressed in one file.
    StoredStateError
        If something of the run is missing or stale, or an exported file answers otherwise than Keras.
    ResourceError
        If a package is missing or Keras runs on another backend, or the disk is full.
    """
    _require_backend()
    for package in ("tf2onnx", "onnx", "onnxruntime"):
        require_package(package)
    if "litert" in settings.formats:
        require_package("ai_edge_litert", "; or leave LiteRT out: --formats onnx int8")
    readout = RunReadout(Run(settings.run), settings.row, settings.variant)
    if readout.names is not None and readout.names.divided:
        raise InputError(f"{readout.title}: the clusters {', '.join(sorted(readout.names.divided))} are divided into "
                         "halves, which an exported file does not know; cluster into more clusters and name these")
    for row, model in readout.models.items():
        if (approach := approaches.find(model.config["approach"])).build is None:
            raise InputError(f"{row} {settings.variant} is {approach.name}, which no network of this project computes"
                             + (f", and {readout.title} is made of it" if row != settings.row else "")
                             + "; export a row of networks, such as a classifier or an encoder")
    faces = run_faces(readout)
    formats = [form for form in get_args(Format) if form in (*settings.formats, "onnx")]
    figures = settings.run / RESULTS_NAME
    inputs = {**readout.inputs, **faces.digests("dataset"),
              **({"results": digest_file(figures)} if figures.exists() else {}),
              **({"recipe": digest_file(settings.recipe)} if settings.recipe else {})}
    config = {"row": settings.row, "variant": settings.variant, "opset": settings.opset, "formats": formats}
    return run_stage(STAGE, out, config=config, inputs=inputs, seed=None,
                     work=lambda folder: _export(folder, settings, formats, readout, faces))


def _require_backend() -> None:
    """Let Keras run on the backend that exports, which reads networks that any backend has trained."""
    if importlib.util.find_spec(BACKEND) is None:
        raise ResourceError(f"a model is exported by Keras on {BACKEND}, whatever backend trained it, and {BACKEND} is "
                            f"not installed: {install_command(BACKEND, 'onnx')}")
    if "keras" in sys.modules and os.environ.get("KERAS_BACKEND", BACKEND) != BACKEND:
        raise ResourceError(f"a model is exported by Keras on {BACKEND}, and this process runs it on "
                            f"{os.environ['KERAS_BACKEND']}; run pipelines/20_export_model.py: networks trained on any "
                            "backend are read there")
    os.environ["KERAS_BACKEND"] = BACKEND


def run_faces(readout: RunReadout) -> RunFaces:
    """Return the run's own faces: of its labelled data set, or else of those from which it learnt."""
    layout, roles = readout.run.layout, readout.run.roles(*readout.where)
    folder = layout.dataset(roles.get("target") or roles["source"])
    return row_columns(folder, Dataset(folder), readout)


def _export(folder: Path, settings: ModelExportSettings, formats: list[str], readout: RunReadout,
            faces: RunFaces) -> StageResult:
    checked = np.unique(np.linspace(0, len(faces.dataset) - 1, CHECKED).astype(int))
    columns = block_of_rows(faces, readout, checked)
    vectors = readout.vectors(columns)
    expected = readout.answers(vectors)
    files: dict[str, bytes] = {}
    checks: list[Check] = []
    with TemporaryDirectory() as scratch:
        _say(f"tracing the networks of {readout.title}")
        model, shapes = _portable(readout, fixed=False)
        _say(f"converting to {MODEL_NAMES['onnx']}")
        files["onnx"] = finish_onnx(_converted(model, Path(scratch) / MODEL_NAMES["onnx"], settings.opset),
                                    readout.classes, _about(settings, readout))
        reference = _embedding(model, columns, shapes) if readout.names is None else vectors
        for form in formats:
            if form != "onnx":
                _say(f"converting to {MODEL_NAMES[form]}")
            if form == "int8":
                singles = [{name: values[row : row + 1] for name, values in columns.items()}
                           for row in range(0, len(checked), len(checked) // CALIBRATING + 1)]
                files[form] = quietly(partial(quantized, files["onnx"], singles))
            elif form == "litert":
                files[form] = _litert(readout, Path(scratch) / MODEL_NAMES["litert"])
            _say(f"checking {MODEL_NAMES[form]} on {len(checked)} faces")
            answers = ExportedModel(files[form], MODEL_NAMES[form], labels=readout.classes).answers(columns)
            gap = _largest(answers.probabilities - expected.shares)
            spread = _largest(answers.embedding - reference) / max(1.0, _largest(reference))
            if form != "int8" and max(gap, spread) > TOLERANCE:
                raise StoredStateError(
                    f"{readout.title}: {MODEL_NAMES[form]} answers otherwise than Keras: of {len(checked)} faces the "
                    f"probabilities differ by up to {gap:.1e}, the embedding by {spread:.1e} of its largest number, "
                    f"more than {TOLERANCE:g}; nothing is written. Try another --opset, or leave out LiteRT: --formats "
                    "onnx int8")
            checks.append(Check(form, MODEL_NAMES[form], len(files[form]), digest_bytes(files[form]), len(checked), gap,
                                spread, float((answers.names == expected.shows).mean())))
    loss = _int8_loss(readout, faces, files) if "int8" in files else None
    card = card_document(readout, settings.recipe, checks, loss, shapes, settings.opset)
    contents: dict[str, bytes | str] = {MODEL_NAMES[form]: content for form, content in files.items()}
    texts = (card_text(card), json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    contents |= dict(zip(CARD_NAMES, texts, strict=True))
    for stale in set(MODEL_NAMES.values()) - set(contents):
        (folder / stale).unlink(missing_ok=True)
    for name, content in contents.items():
        atomic_write(folder / name, content)
    for check in checks:
        print(f"{check.file}: {check.n_bytes / 1000:.1f} kB; of {check.n} faces {check.same:.3f} get the name that "
              f"Keras gives, probabilities differ by up to {check.gap:.1e}, the embedding by {check.spread:.1e}")
    if loss is not None:
        print(f"{MODEL_NAMES['int8']}: balanced accuracy {loss['int8']:.4f}, {MODEL_NAMES['onnx']} {loss['onnx']:.4f}, "
              f"on {loss['n']} labelled faces ({loss['split']})")
    return StageResult(files=list(contents), message=f"{readout.title} as {', '.join(formats)}, checked on "
                       f"{len(checked)} faces", summary={"checks": [vars(check) for check in checks], "int8": loss})


def _say(text: str) -> None:
    """Print what is done now: a step may take a minute and has no bar."""
    print(f"{STAGE}: {text}", file=sys.stderr, flush=True)


def _portable(readout: RunReadout, *, fixed: bool) -> tuple[Any, dict[str, list[int | None]]]:
    """Return the row as one Keras model that was called once, and the shapes of what enters it."""
    from fecemo.training.portable import SharesOfClassifier, SharesOfClusters, portable_model

    temperature = readout.calibration.temperature
    shares = SharesOfClassifier(temperature) if readout.names is None else SharesOfClusters(
        readout.centres, tuple(readout.names.label(key) for key in range(len(readout.centres))), readout.classes,
        temperature)
    model = portable_model(_part(readout.encoder), shares, fixed=fixed)
    shapes = {name: list(tensor.shape[1:]) for name, tensor in model.input.items()}
    # Keras exports no model that was never called.
    model({name: np.zeros((1, *(size or 8 for size in tensor.shape[1:])), tensor.dtype)
           for name, tensor in model.input.items()})
    return model, shapes


def _part(encoder: Encoder) -> "NetworkPart":
    from fecemo.training.portable import NetworkPart

    return NetworkPart(encoder.model, encoder.output, encoder.inputs, encoder.variant, encoder.side,
                       encoder.approach.predicts_by == "classifier",
                       {column: _part(row) for column, row in encoder.behind.items()})


def _converted(model: Any, path: Path, opset: int) -> bytes:
    quietly(lambda: model.export(str(path), format="onnx", opset_version=opset, verbose=False))
    return path.read_bytes()


def _embedding(model: Any, columns: dict[str, np.ndarray], shapes: dict[str, Any]) -> np.ndarray:
    """Return the embedding of a classifier as Keras computes it, in blocks."""
    n = len(next(iter(columns.values())))
    entering = {name.replace(".", "_"): values for name, values in columns.items()}
    blocks = ({name: entering[name][start : start + BLOCK] for name in shapes} for start in range(0, n, BLOCK))
    return np.concatenate([np.asarray(model(block)["embedding"]) for block in blocks])


def _largest(numbers: np.ndarray) -> float:
    return float(np.abs(numbers).max(initial=0))


def _litert(readout: RunReadout, path: Path) -> bytes:
    model, _ = _portable(readout, fixed=True)
    try:
        quietly(lambda: model.export(str(path), format="litert", verbose=False))
    except Exception as error:  # the converter raises whatever the operation has that it does not know
        raise InputError(f"{readout.title} does not go into LiteRT ({str(error).splitlines()[0]}); leave it out: "
                         "--formats onnx int8") from error
    return path.read_bytes()


def _about(settings: ModelExportSettings, readout: RunReadout) -> dict[str, str]:
    """Return what the file's own metadata say, beside its labels."""
    return {"row": settings.row, "variant": settings.variant, "run": readout.digest,
            "calibrated": str(readout.calibration.n_labelled > 0).lower(),
            "columns": json.dumps(sorted(readout.columns))}


def _int8_loss(readout: RunReadout, faces: RunFaces, files: dict[str, bytes]) -> dict[str, Any] | None:
    """Return the balanced accuracy of both files on labelled faces, of the test split where there is one."""
    dataset = faces.dataset
    classes = readout.classes if readout.names is None else readout.names.classes
    known = np.isin(dataset.labels, classes)
    split = "test" if (known & (dataset.splits == "test")).any() else "all"
    rows = np.flatnonzero(known & (dataset.splits == "test") if split == "test" else known)
    if not len(rows):
        return None
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, SCORED).astype(int))]
    truth = dataset.labels[rows]
    counted = {label: next(iter(readout.vocabulary.counted_as(label, classes)), "") for label in readout.classes}
    result: dict[str, Any] = {"n": len(rows), "split": split}
    for form in ("onnx", "int8"):
        exported = ExportedModel(files[form], MODEL_NAMES[form])
        names = np.concatenate([exported.answers(block).names for block in _blocks(readout, faces, rows, form)])
        right = np.array([counted.get(name, "") for name in names.tolist()]) == truth
        result[form] = float(np.mean([right[truth == label].mean() for label in np.unique(truth)]))
    return result


def _blocks(readout: RunReadout, faces: RunFaces, rows: np.ndarray, form: str) -> Iterator[dict[str, np.ndarray]]:
    with progress(len(rows), f"{STAGE}: {form}", "face") as bar:
        for start in range(0, len(rows), BLOCK):
            yield block_of_rows(faces, readout, rows[start : start + BLOCK])
            bar.update(len(rows[start : start + BLOCK]))


