"""Networks on disk: Keras's own ``.keras`` files, byte for byte the same for the same weights."""

import json
import zipfile
from pathlib import Path

import keras

from fecemo.errors import StoredStateError
from fecemo.packs.durable import atomic_file, explained

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
COPY_BYTES = 1 << 20


def save_network(network: keras.Model, path: Path) -> None:
    """Write a network whole and by rename.

    Keras notes the time in the file; it is set to a fixed one, so that an equal training gives an equal file.

    Raises
    ------
    ResourceError
        If the disk is full.
    """
    written = path.with_name(f".saving.{path.name}")  # one name, so that a kill leaves one file, which the next run replaces
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        keras.saving.save_model(network, written, overwrite=True)
        with zipfile.ZipFile(written) as source, atomic_file(path) as file, zipfile.ZipFile(file, "w") as target:
            for info in sorted(source.infolist(), key=lambda info: info.filename):
                fixed = zipfile.ZipInfo(info.filename, FIXED_TIME)
                if info.filename == "metadata.json":
                    target.writestr(fixed, json.dumps({**json.loads(source.read(info)), "date_saved": "1980-01-01@00:00:00"}))
                    continue
                with source.open(info) as reader, target.open(fixed, "w", force_zip64=True) as writer:
                    while piece := reader.read(COPY_BYTES):
                        writer.write(piece)
        written.unlink()


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
