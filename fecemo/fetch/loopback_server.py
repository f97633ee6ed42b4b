"""Serve a folder of one's own on the loopback address, for photographs that are on this disk."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from fecemo.errors import InputError, ResourceError

LOOPBACK = "127.0.0.1"


def loopback_hosts(port: int) -> tuple[str, ...]:
    """Return the names, with their port, under which a list may ask for what is served."""
    return f"{LOOPBACK}:{port}", f"localhost:{port}"


class _PhotographHandler(SimpleHTTPRequestHandler):
    """Gives files of the folder, and nothing else of this machine, which other users and open web pages can ask too."""

    protocol_version = "HTTP/1.1"  # keeps connections open
    disable_nagle_algorithm = True  # a small photograph would wait 40 ms for the receipt of its headers

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Refuse other names of this address, hidden files, folders, and links that lead out of the folder."""
        # A page in a browser may let a name of its own resolve to the loopback address; its Host header gives it away.
        port = self.connection.getsockname()[1]
        if self.headers.get("Host", "").lower() not in loopback_hosts(port):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        folder, path = Path(self.directory).resolve(), Path(self.translate_path(self.path))
        try:
            real = path.resolve()
            is_inside = real.is_relative_to(folder)
            names = (*path.relative_to(self.directory).parts, *(real.relative_to(folder).parts if is_inside else ()))
            is_file, is_hidden = real.is_file(), any(name.startswith(".") for name in names)
        except (OSError, ValueError, RuntimeError):  # a name too long, a loop of links, a NUL
            is_inside, is_hidden, is_file = True, False, False
        if is_hidden or not is_inside:
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        if not is_file:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: what fails is recorded by the one who asked."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Write nothing about a client that hung up."""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[int]:
    """Serve the files of ``folder`` at ``http://127.0.0.1:port/`` inside the block; yield the port.

    Port 0 takes a free one. The server lives in this process, so that it ends however the process ends.

    Raises
    ------
    InputError
        If there is no such folder.
    ResourceError
        If the port is in use.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder to serve")
    try:
        server = _Server((LOOPBACK, port), partial(_PhotographHandler, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise ResourceError(f"cannot serve {folder} on {LOOPBACK}:{port} ({error}); choose another `port`, "
                            "the one that the list's addresses name") from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="loopback server", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
