"""The downloader as the tests use it, and a server that does with a socket as it is told."""

import socket
import threading
from contextlib import contextmanager, suppress

import pytest
from photo_server import jpeg, picture

from fecemo.data.reasons import FetchError
from fecemo.fetch.deadline import DeadlineWatch
from fecemo.fetch.download import Downloader, DownloadLimits

PHOTO = jpeg(picture(1))


@contextmanager
def downloading(*hosts, **limits):
    options = {"placeholders": limits.pop("placeholders", None), "contact": limits.pop("contact", "")}
    with DeadlineWatch() as watch:
        downloader = Downloader(DownloadLimits(**limits), watch, connections=4, allow_hosts=hosts, **options)
        try:
            yield downloader
        finally:
            downloader.close()


def failure(url, *hosts, **limits) -> FetchError:
    with downloading(*hosts, **limits) as downloader, pytest.raises(FetchError) as caught:
        downloader.get(url)
    return caught.value


@contextmanager
def raw_server(answer):
    """Accept connections, read a request, and let ``answer`` do with the socket as it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    with suppress(OSError):  # hung up on, as it should be
                        answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
