"""MediaPipe's face landmarker, from the bundle in which Google publishes it (Apache-2.0): ``face_landmarker.task``.

It was trained on landmarks and on blendshapes, not on emotions. It runs on TensorFlow Lite's successor, the package
ai-edge-litert.
"""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.model_files import COMMAND
from fecemo.errors import InputError
from fecemo.imaging.landmarks.mesh import CROP_SIDE
from fecemo.imaging.landmarks.points import INPUT_LANDMARKS, MODEL_NAMES, N_LANDMARKS
from fecemo.imaging.runtimes import open_litert

MESH_NAME, BLENDSHAPES_NAME = "face_landmarks_detector.tflite", "face_blendshapes.tflite"
MESH_SHAPES = ((1, CROP_SIDE, CROP_SIDE, 3), (3 * N_LANDMARKS, 1))
"""Shape of what the mesh's model takes, and sizes of the first two things that it gives: landmarks, and a logit."""
BLENDSHAPES_SHAPES = ((1, len(INPUT_LANDMARKS), 2), (len(MODEL_NAMES),))


class FaceLandmarker:
    """The two networks of a ``face_landmarker.task``; for one thread.

    Raises
    ------
    InputError
        If the file is missing, no such bundle, or one of networks of other shapes.
    ResourceError
        If ai-edge-litert is not installed.
    """

    def __init__(self, path: Path) -> None:
        parts = _read_bundle(path)
        self._mesh = _interpreter(parts[MESH_NAME], f"{path}: {MESH_NAME}", *MESH_SHAPES)
        self._blendshapes = _interpreter(parts[BLENDSHAPES_NAME], f"{path}: {BLENDSHAPES_NAME}", *BLENDSHAPES_SHAPES)

    def mesh(self, crop: np.ndarray) -> tuple[np.ndarray, float]:
        """Return landmarks and score of an upright square; see `Landmarker.mesh`."""
        landmarks, logit = _run(self._mesh, np.asarray(crop, np.float32)[None] / 255, 2)
        # Written so that no logit overflows.
        return landmarks.reshape(N_LANDMARKS, 3), 0.5 + 0.5 * math.tanh(0.5 * logit.item())

    def blendshapes(self, landmarks: np.ndarray) -> np.ndarray:
        """Return the blendshapes of a mesh; see `Landmarker.blendshapes`."""
        (shapes,) = _run(self._blendshapes, np.asarray(landmarks[INPUT_LANDMARKS, :2], np.float32)[None], 1)
        return shapes.ravel()


def networks_of(path: Path) -> tuple[bytes, bytes]:
    """Return the networks of a ``face_landmarker.task``, as LiteRT files: of the mesh, and of the blendshapes."""
    parts = _read_bundle(path)
    return parts[MESH_NAME], parts[BLENDSHAPES_NAME]


def _read_bundle(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as bundle:
            names = bundle.namelist()
            for name in (MESH_NAME, BLENDSHAPES_NAME):
                if name not in names:
                    raise InputError(f"{path} holds no {name}, only {', '.join(names)}; expected Google's "
                                     f"face_landmarker.task, which {COMMAND} fetches")
            return {name: bundle.read(name) for name in (MESH_NAME, BLENDSHAPES_NAME)}
    except FileNotFoundError as error:
        raise InputError(f"there is no face landmark model {path}; {COMMAND} fetches it") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as a face_landmarker.task ({error}); {COMMAND} fetches it") from error


def _interpreter(model: bytes, where: str, input_shape: tuple[int, ...],
                 output_sizes: tuple[int, ...]) -> Any:
    interpreter = open_litert(model, where, "landmarks")
    shape = tuple(interpreter.get_input_details()[0]["shape"].tolist())
    outputs = interpreter.get_output_details()[:len(output_sizes)]
    sizes = tuple(math.prod(output["shape"].tolist()) for output in outputs)
    if (shape, sizes) != (input_shape, output_sizes):
        raise InputError(f"{where} makes {sizes} numbers of {shape}; expected {output_sizes} of {input_shape}")
    return interpreter


def _run(interpreter: Any, value: np.ndarray, n_outputs: int) -> list[np.ndarray]:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()[:n_outputs]]
