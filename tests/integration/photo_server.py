"""A real HTTP server on the loopback address that answers as it is told."""

import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

Answer = Callable[[BaseHTTPRequestHandler], None]


class PhotoServer:
    """Routes from a path to bytes, or to a function that answers; counts who was asked for."""

    def __init__(self):
        self.routes: dict[str, bytes | Answer] = {}
        self.requests: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.delay = 0.0
        self.port = 0
        self._lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.requests[handler.path] += 1
            self.headers.append(dict(handler.headers))
            self.times.append(time.monotonic())
        time.sleep(self.delay)
        route = self.routes.get(handler.path)
        if route is None:
            send(handler, 404, b"no such photograph")
        elif callable(route):
            route(handler)
        else:
            send(handler, 200, route)


def send(handler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    if not any(name.lower() == "content_length" for name in headers):
        handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def replying(status: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda handler: send(handler, status, body, **headers)


def redirecting(target: str) -> Answer:
    return replying(302, b"", Location=target)


@contextmanager
def photo_server(tls: ssl.SSLContext | None = None) -> Iterator[PhotoServer]:
    served = PhotoServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            served.answer(self)

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            """A client that hung up is what several tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    served.port = server.server_address[1]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def picture(seed: int, width: int = 120, height: int = 90) -> np.ndarray:
    """A smooth random RGB picture that survives JPEG well."""
    rng = np.random.default_rng(seed)
    small = rng.integers(30, 220, (4, 5, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def jpeg(rgb: np.ndarray, quality: int = 95) -> bytes:
    return encoded(rgb, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def encoded(rgb: np.ndarray, suffix: str, options: list[int] | None = None) -> bytes:
    return cv2.imencode(suffix, rgb[:, :, ::-1], options or [])[1].tobytes()


def own_authority(folder: Path) -> tuple[Path, Path, ssl.SSLContext]:
    """Return the certificate of an authority that nobody knows, its key, and what a server uses, made with openssl."""
    key, certificate = folder / "key.pem", folder / "authority.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, key, context
