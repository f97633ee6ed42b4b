"""Serve: an exported model → a service that names the faces of photographs, and tags those that arrive in a folder."""

import importlib.util
import ipaddress
import os
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from fecemo.data.detect_settings import DetectSettings
from fecemo.data.photo_tree import read_photo_tree
from fecemo.errors import FecemoError, InputError, ResourceError
from fecemo.machine import available_cores, install_command
from fecemo.stages.exported_model import ExportedModel
from fecemo.stages.face_service import Caps, FaceReader, FaceService
from fecemo.study.faces.columns import LANDMARK_FEATURES
from fecemo.study.layout import RunLayout

TOKEN_VARIABLE = "FECEMO_TOKEN"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MIN_TOKEN = 16
BACKLOG = 256
"""Connections that wait to be taken up."""


@dataclass(frozen=True)
class WatchSettings:
    """A folder in which photographs arrive, and the run by which they are tagged."""

    watch: Path | None = None  #: A folder; photographs that arrive in it are tagged, and get XMP sidecars.
    run: Path | None = None  #: A finished run; needed to watch, with ``row`` and ``variant``.
    row: str = ""  #: One of its rows.
    variant: str = ""  #: On which faces.
    archive: Path | None = None  #: A folder for the faces found and their tags; needed to watch.
    every: float = 5.0  #: Seconds between two looks into the folder.

    def __post_init__(self) -> None:
        if self.watch is None:
            return
        if not self.watch.is_dir():
            raise InputError(f"watch: {self.watch} is no folder")
        if missing := [name for name in ("run", "row", "variant", "archive") if not getattr(self, name)]:
            raise InputError(f"watch: name by what photographs are tagged, and where tags are kept; missing: "
                             f"{', '.join('--' + name for name in missing)}")


@dataclass(frozen=True)
class ServeSettings:
    """What to serve, and where."""

    model: Path  #: A file of ``20_export_model.py``, or its folder.
    host: str = "127.0.0.1"  #: Address on which to listen. For any but this machine's own, a token is needed.
    port: int = 8000  #: 0 for any that is free.
    #: Further names under which the service may be called, such as the machine's own where ``host`` is ``0.0.0.0``.
    names: tuple[str, ...] = ()
    #: What finds faces: a file, or the name of one that ``00_models.py`` has fetched.
    detector: Path = Path("face_detection_yunet_2023mar.onnx")
    landmark_model: Path = Path("face_landmarker.task")  #: What measures them, likewise.
    workers: int | None = None  #: Photographs that are read at a time; as many as there are cores without it.
    caps: Caps = field(default_factory=Caps)
    watching: WatchSettings = field(default_factory=WatchSettings)

    @property
    def is_loopback(self) -> bool:
        """bool: Whether nobody but this machine can ask."""
        with suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"


def run(settings: ServeSettings) -> None:
    r"""Answer ``POST /faces`` with the faces of the photograph in the request's body, and what they show.

    ``curl --data-binary @photo.jpg http://127.0.0.1:8000/faces`` returns JSON: ``width``, ``height``, ``faces`` with
    ``box`` (left, right, top, bottom as fractions of the upright photograph), ``shows``, ``confidence``,
    ``probabilities`` and, after ``/faces?embedding=1``, ``embedding``; ``left_out`` counts faces beyond the most that
    are named. ``GET /metrics`` counts. Nothing is stored. A token, where there is one, is in the environment variable
    ``FECEMO_TOKEN``. Ctrl-C answers what was asked and ends.


    Raises
    ------
    InputError
        If the model is none, or the address is not this machine's own and there is no token of at least 16 signs.
    ResourceError
        If a package of the extra ``serve`` is missing, or the port is in use.
    """
    for package in ("starlette", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise ResourceError(f"{package} is not installed, which the service needs: {install_command('serve')}")
    import uvicorn

    token = os.environ.get(TOKEN_VARIABLE, "")
    if not settings.is_loopback and len(token) < MIN_TOKEN:
        raise InputError(f"host: {settings.host} can be reached from other machines; set {TOKEN_VARIABLE} to a token "
                         f"of at least {MIN_TOKEN} signs, or listen on 127.0.0.1")
    reader = FaceReader(ExportedModel.read(settings.model), settings.detector, settings.landmark_model, settings.caps)
    hosts = LOOPBACK_NAMES | {settings.host, *settings.names}
    service = FaceService(reader, settings.caps, hosts, token, settings.workers or available_cores())
    listening = _listen(settings.host, settings.port)
    stopping = threading.Event()
    watcher = None
    if settings.watching.watch is not None:
        watcher = threading.Thread(target=watch, args=(settings.watching, stopping), name="watch")
        watcher.start()
    address = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{listening.getsockname()[1]}"
    print(f"serve: POST a photograph to {address}/faces; Ctrl-C ends", file=sys.stderr)
    server = uvicorn.Server(uvicorn.Config(
        service.app(), log_level="warning", access_log=False, server_header=False, lifespan="off",
        limit_concurrency=8 * settings.caps.requests, timeout_keep_alive=5,
        timeout_graceful_shutdown=int(settings.caps.seconds) + 1))
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        stopping.set()
        service.close()
        if watcher is not None:
            watcher.join()
    answered = ", ".join(f"{count} × {status}" for status, count in sorted(service.statuses.items())) or "nothing"
    print(f"serve: answered {answered}", file=sys.stderr)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)  # from now on nobody is turned away, though answers begin a moment later
    except OSError as error:
        raise ResourceError(f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port"
                            ) from error
    return listening


def watch(settings: WatchSettings, stopping: threading.Event) -> None:
    """Tag the photographs of a folder, and those that arrive, until it is told to stop; what goes wrong is printed.

    It runs the stages that ``01_detect.py``, ``02_landmarks.py`` and ``15_tag.py`` run, which do what is new alone.
    """
    done: frozenset[tuple[str, int, int]] | None = None
    while not stopping.is_set():
        try:
            now = _state(settings)
            if now and now != done:
                done = now  # what fails is tried again when the folder changes
                tag_arrivals(settings)
        except FecemoError as error:
            print(f"watch: {error}", file=sys.stderr)
        stopping.wait(settings.every)


def _state(settings: WatchSettings) -> frozenset[tuple[str, int, int]]:
    """Return name, size and time of every photograph, so that a file that is still being written is looked at again."""
    assert settings.watch is not None
    states = set()
    for photo in read_photo_tree(settings.watch).photographs:
        with suppress(OSError):
            stat = (settings.watch / photo).stat()
            states.add((photo, stat.st_size, stat.st_mtime_ns))
    return frozenset(states)


def tag_arrivals(settings: WatchSettings) -> None:
    """Find the faces of the folder's new photographs, and tag them by the run."""
    from fecemo.run import Run
    from fecemo.stages import detect, landmarks, tag
    from fecemo.stages.run_readout import RunReadout

    assert settings.watch is not None
    assert settings.archive is not None
    assert settings.run is not None
    layout = RunLayout(settings.archive)
    dataset = layout.dataset("photographs")
    detect.run(DetectSettings(settings.watch), dataset)
    columns = RunReadout(Run(settings.run), settings.row, settings.variant).columns
    if any(column.partition(".")[0] == LANDMARK_FEATURES for column in columns):
        landmarks.run(landmarks.LandmarkSettings(dataset), layout.column("photographs", LANDMARK_FEATURES))
    tag.run(tag.TagSettings(dataset, settings.run, settings.row, settings.variant, photos=settings.watch,
                            sidecars=True), settings.archive / "tags")
