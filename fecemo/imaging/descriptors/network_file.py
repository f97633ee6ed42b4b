"""What a network in a file says of a picture: ONNX, LiteRT, TensorFlow's SavedModel, or a function in Python."""

import hashlib
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from fecemo.data.durable import refuse_endless
from fecemo.errors import InputError
from fecemo.imaging.descriptors import Descriptor
from fecemo.imaging.runtimes import open_litert, open_onnx, open_saved_model

Network = Callable[[np.ndarray], np.ndarray]
GRAY = np.array([0.299, 0.587, 0.114], np.float32)
"""Share of each channel in a gray level (ITU-R BT.601)."""
EXTRAS = {".onnx": "external", ".tflite": "landmarks"}
"""By which the package that runs such a file is installed."""
PREPARATION = {"output": "", "side": 0, "channels": "rgb", "mean": (0.0,), "std": (255.0,)}
"""Settings of `ExternalConfig` that mean nothing to a function in Python, by their defaults."""


def open_network(settings: Mapping[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of pictures of shape (n, side, side, 1 or 3), uint8, that gives float32 of shape (n, d).

    Parameters
    ----------
    settings : mapping
        Fields of `fecemo.models.approaches.external.ExternalConfig`.

    Raises
    ------
    InputError
        If the file is missing, has another digest, takes or gives what no picture is, or one face gives other than
        finite numbers.
    ResourceError
        If the package that runs it is not installed.
    """
    path = Path(settings["file"])
    content, digest = _content(path)
    if digest != settings["sha256"]:
        raise InputError(f"the network {path} has the sha256 {digest}, expected {settings['sha256']}")
    if path.suffix == ".py":
        run = partial(_called, _function(content, path, settings), str(path))
    else:
        load = _saved_model if path.is_dir() else _onnx if path.suffix == ".onnx" else _litert
        network, shape = load(content, str(path), settings["output"])
        form = _image_shape(shape, settings["side"], str(path))
        run = partial(_run, network, _at_once(shape), form, settings)
    classes = settings.get("classes", ())

    def describe(pictures: np.ndarray) -> np.ndarray:
        values = run(pictures)
        if not np.isfinite(values).all():
            raise InputError(f"the network {path} gives numbers that are not finite")
        if not classes:
            return values
        if values.shape[1] != len(classes):
            raise InputError(f"the network {path} gives {values.shape[1]} numbers, and classes names {len(classes)}")
        return _probabilities(values, settings["logits"], str(path))

    return describe


def _content(path: Path) -> tuple[bytes, str]:
    """Return what a file holds, nothing of a folder, and the digest; a folder's is that of its files' digests.

    The latter is what ``find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`` prints in it.
    """
    try:
        if path.is_dir():
            files = {f"./{file.relative_to(path).as_posix()}".encode(): file for file in path.rglob("*")
                     if file.is_file()}
            lines = [b"%s  %s\n" % (hashlib.sha256(files[name].read_bytes()).hexdigest().encode(), name)
                     for name in sorted(files)]
            return b"", hashlib.sha256(b"".join(lines)).hexdigest()
        refuse_endless(path)
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the network {path} cannot be read ({error.strerror})") from error
    return content, hashlib.sha256(content).hexdigest()


def _at_once(shape: list[Any]) -> int:
    """Return how many pictures an input takes at once; one where its file leaves that open."""
    return shape[0] if isinstance(shape[0], int) and shape[0] > 0 else 1


def _run(network: Network, at_once: int, form: tuple[int, int, bool], settings: Mapping[str, Any],
         pictures: np.ndarray) -> np.ndarray:
    """Prepare pictures and run a network on them, so many at once."""
    side, channels, channels_first = form
    batch = np.stack([_prepared(picture, side, channels, settings) for picture in pictures])
    batch = batch.transpose(0, 3, 1, 2) if channels_first else batch
    made = []
    for start in range(0, len(batch), at_once):
        faces = batch[start:start + at_once]
        filled = np.resize(faces, (at_once, *faces.shape[1:]))  # the last few, again and again
        made.append(np.asarray(network(filled), np.float32).reshape(at_once, -1)[:len(faces)])
    return np.concatenate(made)


def _function(content: bytes, path: Path, settings: Mapping[str, Any]) -> Callable[[np.ndarray], Any]:
    """Return ``describe`` of a Python file, which prepares pictures itself."""
    if set_here := [name for name, default in PREPARATION.items() if settings[name] != default]:
        raise InputError(f"{', '.join(set_here)}: {path} prepares pictures itself")
    module = ModuleType(f"network_file_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look for what their fields' types name
    try:
        exec(compile(content, str(path), "exec", dont_inherit=True), module.__dict__)
    except Exception as error:
        raise InputError(f"{path} cannot be imported ({type(error).__name__}: {error})") from error
    finally:
        sys.modules.pop(module.__name__, None)
    if not callable(function := getattr(module, "describe", None)):
        raise InputError(f"{path} has no function describe(pictures)")
    return function


def _called(function: Callable[[np.ndarray], Any], where: str, pictures: np.ndarray) -> np.ndarray:
    try:
        values = np.asarray(function(np.repeat(pictures, 3, axis=3) if pictures.shape[3] == 1 else pictures),
                            np.float32)
    except Exception as error:
        raise InputError(f"describe of {where} failed ({type(error).__name__}: {error})") from error
    if values.ndim != 2 or len(values) != len(pictures):
        raise InputError(f"describe of {where} gives numbers of shape {values.shape} for {len(pictures)} pictures, "
                         f"expected ({len(pictures)}, d)")
    return values


def _image_shape(shape: list[Any], side: int, where: str) -> tuple[int, int, bool]:
    """Return side, channels and whether these come first, of an input of shape (n, …) with unknown sizes."""
    if len(shape) == 4:
        for channels_first, channels, sides in ((True, shape[1], shape[2:]), (False, shape[3], shape[1:3])):
            if channels in (1, 3):
                known = {size for size in sides if isinstance(size, int) and size > 0} | ({side} if side else set())
                if len(known) == 1:
                    return known.pop(), channels, channels_first
                raise InputError(f"the network {where} takes pictures of {sides[0]} × {sides[1]} pixels" + (
                    f", and side is {side}" if side else "; say its side"))
    raise InputError(f"the network {where} takes {shape}, expected one picture of 1 or 3 channels, "
                     "(n, channels, side, side) or (n, side, side, channels)")


def _prepared(picture: np.ndarray, side: int, channels: int, settings: Mapping[str, Any]) -> np.ndarray:
    import cv2

    if picture.shape[2] == 3 and channels == 1:
        picture = (picture.astype(np.float32) @ GRAY)[..., None]
    elif picture.shape[2] == 1 and channels == 3:
        picture = np.repeat(picture, 3, axis=2)
    smaller = side < picture.shape[0]
    resized = cv2.resize(picture.astype(np.float32), (side, side),
                         interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR).reshape(side, side, channels)
    ordered = resized[..., ::-1] if settings["channels"] == "bgr" else resized
    mean, std = (np.array(settings[name], np.float32) for name in ("mean", "std"))
    if channels == 1 and max(len(mean), len(std)) > 1:
        raise InputError(f"the network {settings['file']} takes one channel; mean and std must be one number each")
    return np.ascontiguousarray((ordered - mean) / std, np.float32)


def _probabilities(values: np.ndarray, logits: bool, where: str) -> np.ndarray:
    if logits:
        values = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(values / values.sum(axis=1, keepdims=True), np.float32)
    if values.min() < 0 or not np.allclose(values.sum(axis=1), 1, atol=1e-2):
        raise InputError(f"the network {where} gives no probabilities: a face has {values[0].round(3).tolist()}; "
                         "if these are logits, say logits: true")
    return values


def _onnx(content: bytes, where: str, output: str) -> tuple[Network, list[Any]]:
    session = open_onnx(content, where, EXTRAS[".onnx"])
    outputs = [entry.name for entry in session.get_outputs()]
    name = _output(output, outputs, where)
    entry = session.get_inputs()[0]
    if entry.type != "tensor(float)" or len(session.get_inputs()) != 1:
        raise InputError(f"{where} takes {len(session.get_inputs())} inputs, the first of {entry.type}; expected one "
                         "picture of tensor(float)")
    return lambda face: session.run([name], {entry.name: face})[0], list(entry.shape)


def _litert(content: bytes, where: str, output: str) -> tuple[Network, list[Any]]:
    interpreter = open_litert(content, where, EXTRAS[".tflite"])
    outputs = {entry["name"]: entry["index"] for entry in interpreter.get_output_details()}
    index = outputs[_output(output, list(outputs), where)]
    entry = interpreter.get_input_details()[0]
    if entry["dtype"] is not np.float32 or len(interpreter.get_input_details()) != 1:
        raise InputError(f"{where} takes {len(interpreter.get_input_details())} inputs, the first of "
                         f"{entry['dtype'].__name__}; expected one picture of float32")

    def run(face: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(entry["index"], face)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(index))

    return run, entry["shape"].tolist()


def _saved_model(content: bytes, where: str, output: str) -> tuple[Network, list[Any]]:
    signature = open_saved_model(Path(where), where)
    name = _output(output, sorted(signature.structured_outputs), where)
    entries = signature.structured_input_signature[1]
    if [entry.dtype.name for entry in entries.values()] != ["float32"]:
        kinds = ", ".join(f"{name} of {each.dtype.name}" for name, each in entries.items()) or "nothing"
        raise InputError(f"{where} takes {kinds}, expected one picture of float32")
    (key, entry), = entries.items()
    return (lambda faces: signature(**{key: faces})[name].numpy()), list(entry.shape) if entry.shape.rank else []


def _output(name: str, outputs: list[str], where: str) -> str:
    if name and name not in outputs:
        raise InputError(f"{where} has no output {name!r}, only {', '.join(outputs)}")
    return name or outputs[0]


DESCRIPTOR = Descriptor(name="network_file", open=open_network)
