"""The downloader against servers that misbehave in time, size and form, each a real one."""

import gzip
import socket
import threading
import time
import zlib

import pytest
from downloads import PHOTO, downloading, failure, raw_server
from photo_server import jpeg, photo_server, picture, replying, send

from fecemo.data.reasons import FetchError, Reason
from fecemo.fetch.deadline import DeadlineWatch
from fecemo.fetch.download import Downloader, DownloadLimits


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


@pytest.mark.parametrize("where", ["headers", "body", "chunks", "closing body", "HTTP/1.0 body", "closing redirect"])
def test_a_trickling_server_ends_on_time(where):
    """A connection that will not be kept is closed before its body is read, and the deadline still holds."""
    starts = {"headers": b"HTTP/1.1 200 OK\r\nX-Slow: ", "body": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
              "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
              "closing body": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\nConnection: close\r\n\r\n",
              "HTTP/1.0 body": b"HTTP/1.0 200 OK\r\nContent-Length: 9999\r\n\r\n",
              "closing redirect": b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9999\r\n"
                                  b"Connection: close\r\n\r\n"}

    def trickle(connection):
        connection.sendall(starts[where])
        for _ in range(400):
            connection.sendall(b"1\r\na\r\n" if where == "chunks" else b"a")
            time.sleep(0.05)

    with raw_server(trickle) as host:
        started = time.monotonic()
        caught = failure(f"http://{host}/a.jpg", host, deadline=0.5, read_timeout=10.0)
    assert caught.reason is Reason.TIMEOUT
    assert time.monotonic() - started < 5  # the server would have gone on for twenty seconds


def test_a_body_without_length_that_is_cut_by_the_deadline_is_no_photograph():
    """Without a length, a connection that was cut looks like a body that has ended."""
    def stall(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + PHOTO[:500])
        time.sleep(3)

    with raw_server(stall) as host:
        assert failure(f"http://{host}/a.jpg", host, deadline=0.4).reason is Reason.TIMEOUT


def test_a_tls_handshake_that_trickles_ends_on_time():
    def trickle(connection):
        connection.sendall(b"\x16\x03\x03\x40\x00")
        for _ in range(200):
            connection.sendall(b"\x02")
            time.sleep(0.05)

    with raw_server(trickle) as host:
        started = time.monotonic()
        caught = failure(f"https://{host}/a.jpg", host, deadline=0.5)
    assert caught.reason in (Reason.TIMEOUT, Reason.CONNECTION_FAILED)
    assert time.monotonic() - started < 4


def test_an_endless_body_is_cut_at_the_cap():
    sent = []

    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n")
        while True:
            sent.append(connection.send(bytes(1 << 16)))

    with raw_server(endless) as host:
        assert failure(f"http://{host}/a.jpg", host, max_bytes=1 << 20).reason is Reason.TOO_LARGE
    assert sum(sent) < 16 << 20


def test_an_announced_giant_is_not_received(server):
    def giant(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**12))
        handler.end_headers()

    server.routes["/a.jpg"] = giant
    assert failure(server.url("/a.jpg"), server.host).reason is Reason.TOO_LARGE


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_length_of_thousands_of_digits_is_a_recorded_reason(server, status):
    def absurd(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", "9" * 5000)
        handler.send_header("Location", "/a.jpg")
        handler.end_headers()
        handler.close_connection = True

    server.routes["/a.jpg"] = absurd
    expected = {200: Reason.TOO_LARGE, 302: Reason.TOO_MANY_REDIRECTS, 404: Reason.GONE}[status]
    assert failure(server.url("/a.jpg"), server.host).reason is expected


def test_fewer_bytes_than_announced_are_no_photograph(server):
    def short(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(PHOTO) + 100))
        handler.end_headers()
        handler.wfile.write(PHOTO)
        handler.close_connection = True

    server.routes["/a.jpg"] = short
    assert failure(server.url("/a.jpg"), server.host).reason is Reason.CUT_SHORT


def test_more_bytes_than_announced_never_reach_the_next_photograph(server):
    other = jpeg(picture(2))

    def long(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(PHOTO + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")

    server.routes |= {"/long.jpg": long, "/other.jpg": other}
    with downloading(server.host) as downloader:
        assert downloader.get(server.url("/long.jpg")) == PHOTO[:100]
        time.sleep(0.05)
        assert downloader.get(server.url("/other.jpg")) == other


def test_a_gzip_bomb_stops_at_the_cap_and_an_honest_gzip_is_read(server):
    server.routes |= {"/bomb.jpg": replying(200, gzip.compress(bytes(200 << 20)), Content_Encoding="gzip"),
                      "/honest.jpg": replying(200, gzip.compress(PHOTO), Content_Encoding="gzip"),
                      "/odd.jpg": replying(200, b"<html>", Content_Encoding="gzip"),
                      "/half.jpg": replying(200, gzip.compress(PHOTO)[:-2000], Content_Encoding="gzip")}
    with downloading(server.host, max_bytes=4 << 20) as downloader:
        assert downloader.get(server.url("/honest.jpg")) == PHOTO
        for path, reason in {"/bomb.jpg": Reason.TOO_LARGE, "/odd.jpg": Reason.NOT_AN_IMAGE,
                             "/half.jpg": Reason.CUT_SHORT}.items():
            with pytest.raises(FetchError) as caught:
                downloader.get(server.url(path))
            assert caught.value.reason is reason


@pytest.mark.parametrize("encoding", ["none", "utf-8", "binary", "identity, identity", "aws-chunked", "UTF-8,",
                                      "image/png", "gzip", "br", "deflate"])
def test_what_begins_as_a_picture_is_one_whatever_its_encoding_is_called(server, encoding):
    server.routes["/a.jpg"] = replying(200, PHOTO, Content_Encoding=encoding)
    with downloading(server.host) as downloader:
        assert downloader.get(server.url("/a.jpg")) == PHOTO


def test_deflate_is_inflated_with_and_without_a_header(server):
    raw = zlib.compressobj(wbits=-15)
    server.routes |= {"/raw.jpg": replying(200, raw.compress(PHOTO) + raw.flush(), Content_Encoding="deflate"),
                      "/zlib.jpg": replying(200, zlib.compress(PHOTO), Content_Encoding="deflate"),
                      "/aws.jpg": replying(200, gzip.compress(PHOTO), Content_Encoding="aws-chunked,gzip"),
                      "/br.jpg": replying(200, b"\x1bnothing known", Content_Encoding="br")}
    with downloading(server.host) as downloader:
        for path in ("/raw.jpg", "/zlib.jpg", "/aws.jpg"):
            assert downloader.get(server.url(path)) == PHOTO
        with pytest.raises(FetchError, match="not_an_image: sent in a content encoding that was not asked for"):
            downloader.get(server.url("/br.jpg"))


def test_nonsense_instead_of_http_is_a_recorded_reason():
    for answer in (b"\x00\x01\x02 nonsense\r\n\r\n", b"", b"HTTP/1.1 99999999999 no\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                   b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 500 + b"\r\n",
                   b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n"):
        with raw_server(lambda connection, answer=answer: connection.sendall(answer)) as host:
            caught = failure(f"http://{host}/a.jpg", host)
        assert caught.reason in (Reason.CONNECTION_FAILED, Reason.CUT_SHORT), answer[:30]


def test_a_refused_connection_and_an_unknown_name_are_recorded_reasons():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
    caught = failure(f"http://{host}/a.jpg", host)
    assert caught.reason is Reason.CONNECTION_FAILED
    assert "0x" not in str(caught)  # no addresses in memory: the same text on every run
    assert failure("http://no-such-name.invalid/a.jpg").reason is Reason.NO_SUCH_HOST
    assert failure("http://no-such-name.invalid/a.jpg", "no-such-name.invalid").reason is Reason.NO_SUCH_HOST


@pytest.mark.parametrize("opened", [(), ("stuck.example",)])
def test_a_name_whose_look_up_hangs_ends_on_time_and_holds_up_nothing_else(monkeypatch, server, opened):
    real, freed = socket.getaddrinfo, threading.Event()

    def stuck(host, *args, **kwargs):
        if host == "stuck.example":
            freed.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "too late for anyone")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    server.routes["/a.jpg"] = PHOTO
    with downloading(*opened, server.host, deadline=0.3) as downloader:
        started = time.monotonic()
        with pytest.raises(FetchError) as caught:
            downloader.get("http://stuck.example/a.jpg")
        assert caught.value.reason is Reason.TIMEOUT
        assert time.monotonic() - started < 5
        assert downloader.get(server.url("/a.jpg")) == PHOTO
    assert not freed.is_set()
    freed.set()


def test_stopping_does_not_wait_for_a_look_up_that_hangs(monkeypatch):
    looked_up, freed = threading.Event(), threading.Event()

    def stuck(*args, **kwargs):
        looked_up.set()
        freed.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "too late for anyone")

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    failures = []

    def download():
        with pytest.raises(FetchError) as caught:
            downloader.get("http://stuck.example/a.jpg")
        failures.append(caught.value.reason)

    with DeadlineWatch() as watch:
        downloader = Downloader(DownloadLimits(), watch, connections=1)
        thread = threading.Thread(target=download)
        thread.start()
        assert looked_up.wait(10)
        watch.stop()
        thread.join(10)
    freed.set()
    assert failures == [Reason.TIMEOUT]


def test_a_connection_that_comes_too_late_is_closed(monkeypatch):
    freed, connected = threading.Event(), []

    def late(*args, **kwargs):
        freed.wait(20)
        connected.extend(socket.socketpair())
        return connected[0]

    monkeypatch.setattr("urllib3.util.connection.create_connection", late)
    assert failure("http://127.0.0.1:9/a.jpg", "127.0.0.1", deadline=0.2).reason is Reason.TIMEOUT
    freed.set()
    deadline = time.monotonic() + 10
    while (not connected or connected[0].fileno() != -1) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert connected[0].fileno() == -1
    connected[1].close()


def test_connections_are_used_again(server):
    peers = set()

    def note(handler):
        peers.add(handler.client_address)
        send(handler, 200 if handler.path == "/a.jpg" else 404, PHOTO)

    server.routes |= {"/a.jpg": note, "/gone.jpg": note}
    with downloading(server.host) as downloader:
        downloader.get(server.url("/a.jpg"))
        with pytest.raises(FetchError, match="gone"):
            downloader.get(server.url("/gone.jpg"))
        downloader.get(server.url("/a.jpg"))
    assert len(peers) == 1
