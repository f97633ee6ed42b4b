"""Networks on disk: Keras's own ``.keras`` files, byte for byte the same for the same weights."""

import importlib
import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fecemo.data.durable import atomic_file, explained
from fecemo.errors import InputError, StoredStateError

MODEL_NAME = "model.keras"
"""The model of a cell."""
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
FIXED_DATE = "1980-01-01@00:00:00"
COPY_BYTES = 1 << 20


def save_network(network: keras.Model, path: Path) -> None:
    """Write a network whole and by rename.

    Keras notes times and addresses in the file; they are made the same, so that an equal training gives an equal file.
    Raises `ResourceError` if the disk is full.
    """
    # Always the same name, so that a kill leaves one file at the most, which the next run replaces.
    written = path.with_name(f".saving.{path.name}")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        keras.saving.save_model(network, written, overwrite=True)
        with zipfile.ZipFile(written) as source, atomic_file(path) as file, zipfile.ZipFile(file, "w") as target:
            for info in sorted(source.infolist(), key=lambda info: info.filename):
                fixed = zipfile.ZipInfo(info.filename, FIXED_TIME)
                if info.filename.endswith(".json"):
                    target.writestr(fixed, json.dumps(_lasting(json.loads(source.read(info)), {})))
                    continue
                with source.open(info) as reader, target.open(fixed, "w", force_zip64=True) as writer:
                    while piece := reader.read(COPY_BYTES):
                        writer.write(piece)
        written.unlink()


def refuse_unstorable(model: keras.Model, folder: Path) -> None:
    """Save an untrained model, load it again and compare: what cannot be stored is not to be trained for hours.

    Raises `InputError` if it cannot, with what to change in its layers.
    """
    path = folder / ".untrained.keras"
    advice = ("register each layer of your own by @keras.saving.register_keras_serializable, return all arguments of "
              "its constructor from get_config, and use keras.ops or layers in the place of Lambda")
    try:
        save_network(model, path)
        again = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, NotImplementedError, AttributeError, KeyError) as error:
        raise InputError(f"the model {model.name} cannot be stored and loaded again ({_reason(error)}): {advice}"
                         ) from error
    finally:
        path.unlink(missing_ok=True)
        path.with_name(f".saving.{path.name}").unlink(missing_ok=True)
    for weight, stored in zip(model.weights, again.weights, strict=False):
        if weight.shape != stored.shape or not np.array_equal(*map(keras.ops.convert_to_numpy, (weight, stored))):
            raise InputError(f"the model {model.name} is another one after it was stored: {weight.path} has lost its "
                             f"values; {advice}")
    if len(model.weights) != len(again.weights) or set(model.output) != set(again.output):
        raise InputError(f"the model {model.name} has {len(model.weights)} weights and, stored and loaded again, "
                         f"{len(again.weights)}: {advice}")


def _lasting(value: Any, numbers: dict[int, int]) -> Any:
    """Replace what Keras takes from the clock and from addresses in memory by what is the same in every run."""
    if isinstance(value, list):
        return [_lasting(element, numbers) for element in value]
    if not isinstance(value, dict):
        return value
    lasting = {key: _lasting(element, numbers) for key, element in value.items()}
    if lasting.get("shared_object_id") is not None:
        lasting["shared_object_id"] = numbers.setdefault(lasting["shared_object_id"], len(numbers) + 1)
    if "date_saved" in lasting:
        lasting["date_saved"] = FIXED_DATE
    return lasting


def load_network(path: Path) -> keras.Model:
    """Read a network, on whatever backend runs here, whatever backend trained it.

    Raises `StoredStateError` if the file is missing or is no network.
    """
    if not path.exists():
        raise StoredStateError(f"{path} is missing; run the train stage again")
    try:
        _import_layers(path)
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # damaged files make Keras, its backend and zip readers raise many kinds
        raise StoredStateError(f"{path} cannot be read as a network ({_reason(error)}); run the train stage again"
                               ) from error


def _import_layers(path: Path) -> None:
    """Import the modules of fecemo that register the layers in a file: nobody else may have done so yet."""
    with zipfile.ZipFile(path) as file:
        pending = [json.loads(file.read("config.json"))]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if isinstance(module := value.get("module"), str) and module.startswith("fecemo.models."):
                importlib.import_module(module)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _reason(error: Exception) -> str:
    """Return what went wrong: Keras puts the whole model into its message, and the reason last."""
    return str(error).rpartition("Exception encountered: ")[2].split(". ")[0].split("\n")[0]
