"""What a network in a file says of a picture: ONNX by onnxruntime, LiteRT by ai-edge-litert, on one thread."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.durable import refuse_endless
from fecemo.errors import InputError
from fecemo.imaging.descriptors import Descriptor
from fecemo.imaging.runtimes import open_litert, open_onnx

Network = Callable[[np.ndarray], np.ndarray]
GRAY = np.array([0.299, 0.587, 0.114], np.float32)
"""Share of each channel in a gray level (ITU-R BT.601)."""
EXTRAS = {".onnx": "external", ".tflite": "landmarks"}
"""By which the package that runs such a file is installed."""


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
    try:
        refuse_endless(path)
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the network {path} cannot be read ({error.strerror})") from error
    if (digest := hashlib.sha256(content).hexdigest()) != settings["sha256"]:
        raise InputError(f"the network {path} has the sha256 {digest}, expected {settings['sha256']}")
    load = _onnx if path.suffix == ".onnx" else _litert
    network, shape = load(content, str(path), settings["output"])
    side, channels, channels_first = _image_shape(shape, settings["side"], str(path))
    classes = settings.get("classes", ())

    def describe(pictures: np.ndarray) -> np.ndarray:
        batch = np.stack([_prepared(picture, side, channels, settings) for picture in pictures])
        made = [network(face[None]) for face in (batch.transpose(0, 3, 1, 2) if channels_first else batch)]
        values = np.stack([np.asarray(value, np.float32).ravel() for value in made])
        if not np.isfinite(values).all():
            raise InputError(f"the network {path} gives numbers that are not finite")
        if not classes:
            return values
        if values.shape[1] != len(classes):
            raise InputError(f"the network {path} gives {values.shape[1]} numbers, and classes names {len(classes)}")
        return _probabilities(values, settings["logits"], str(path))

    return describe


def _image_shape(shape: list[Any], side: int, where: str) -> tuple[int, int, bool]:
    """Return side, channels and whether these come first, of an input of shape (1, …) with unknown sizes."""
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


def _output(name: str, outputs: list[str], where: str) -> str:
    if name and name not in outputs:
        raise InputError(f"{where} has no output {name!r}, only {', '.join(outputs)}")
    return name or outputs[0]


DESCRIPTOR = Descriptor(name="network_file", open=open_network)
