"""Networks on disk: Keras's own ``.keras`` files, byte for byte the same for the same weights."""

import json
import zipfile
from pathlib import Path
from typing import Any

import keras

from fecemo.data.durable import atomic_file, explained
from fecemo.errors import StoredStateError

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
FIXED_DATE = "1980-01-01@00:00:00"
COPY_BYTES = 1 << 20


def save_network(network: keras.Model, path: Path) -> None:
    """Write a network whole and by rename.

    Keras notes times and addresses in the file; they are made the same, so that an equal training gives an equal file.

    Raises
    ------
    ResourceError
        If the disk is full.
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


def _lasting(value: Any, numbers: dict[int, int]) -> Any:
    """Replace what Keras takes from the clock and from addresses in memory by what is the same in every run."""
    if isinstance(value, list):
        return [_lasting(one, numbers) for one in value]
    if not isinstance(value, dict):
        return value
    lasting = {key: _lasting(one, numbers) for key, one in value.items()}
    if lasting.get("shared_object_id") is not None:
        lasting["shared_object_id"] = numbers.setdefault(lasting["shared_object_id"], len(numbers) + 1)
    if "date_saved" in lasting:
        lasting["date_saved"] = FIXED_DATE
    return lasting


def load_network(path: Path) -> keras.Model:
    """Read a network, on whatever backend runs here, whatever backend trained it.

    Raises
    ------
    StoredStateError
        If the file is missing or is no network.
    """
    if not path.exists():
        raise StoredStateError(f"{path} is missing; run the train stage again")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError) as error:
        raise StoredStateError(f"{path} cannot be read as a network ({error}); run the train stage again") from error
