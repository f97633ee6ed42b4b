"""Files of the library safetensors: a header in JSON, and raw numbers."""

from pathlib import Path

import numpy as np

from fecemo.data.tensor_files import NotTensorsError, TensorFile
from fecemo.errors import ResourceError
from fecemo.machine import install_command


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ModuleNotFoundError as error:
        raise ResourceError(f"{path} needs the package safetensors: {install_command('weights')}") from error
    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise NotTensorsError(str(error)) from error


TENSOR_FILE = TensorFile("safetensors", (".safetensors",), _read)
