"""Serve a folder of one's own on the loopback address, for photographs that are on this disk."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fecemo.errors import InputError, ResourceError

LOOPBACK = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open
    disable_nagle_algorithm = True  # a small photograph would wait 40 ms for the receipt of its headers

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what fails is recorded by the one who asked."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hung up."""


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
        server = _Server((LOOPBACK, port), partial(_Quiet, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise ResourceError(f"cannot serve {folder} on {LOOPBACK}:{port} ({error}); give another `port`, "
                            "the one that the list's addresses name") from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="loopback server", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
