"""The downloader against servers that misbehave, each a real one."""

import gzip
import ipaddress
import logging
import socket
import threading
import time
from contextlib import contextmanager, suppress
from email.utils import formatdate

import pytest
from photo_server import jpeg, photo_server, picture, redirecting, replying, send

from fecemo.imaging.deadline import DeadlineWatch
from fecemo.imaging.download import Downloader, DownloadLimits
from fecemo.imaging.placeholders import Placeholders, read_placeholders
from fecemo.imaging.reasons import FetchError, Reason
from fecemo.packs.receipts import digest_bytes

PHOTO = jpeg(picture(1))


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


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


# Time and size


@pytest.mark.parametrize("where", ["headers", "body", "chunks"])
def test_a_trickling_server_ends_on_time(where):
    starts = {"headers": b"HTTP/1.1 200 OK\r\nX-Slow: ", "body": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
              "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}

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
                      "/odd.jpg": replying(200, PHOTO, Content_Encoding="gzip")}
    with downloading(server.host, max_bytes=4 << 20) as downloader:
        assert downloader.get(server.url("/honest.jpg")) == PHOTO
        for path, reason in {"/bomb.jpg": Reason.TOO_LARGE, "/odd.jpg": Reason.NOT_AN_IMAGE}.items():
            with pytest.raises(FetchError) as caught:
                downloader.get(server.url(path))
            assert caught.value.reason is reason


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


# Statuses


@pytest.mark.parametrize(("status", "reason"), [
    (404, Reason.GONE), (410, Reason.GONE), (401, Reason.REFUSED), (403, Reason.REFUSED), (451, Reason.REFUSED),
    (204, Reason.REFUSED), (206, Reason.REFUSED), (408, Reason.TIMEOUT), (429, Reason.THROTTLED),
    (500, Reason.SERVER_ERROR), (503, Reason.SERVER_ERROR)])
def test_each_status_has_its_reason(server, status, reason):
    server.routes["/a.jpg"] = replying(status)
    caught = failure(server.url("/a.jpg"), server.host)
    assert (caught.reason, caught.retry_after) == (reason, None)


def test_retry_after_is_understood_in_seconds_as_a_date_and_when_absurd(server):
    asked_for = {"7": (7, 7), formatdate(time.time() + 60, usegmt=True): (50, 60), "99999999999999999999": (600, 600),
                 formatdate(0, usegmt=True): (0, 0), "-5": (None, None), "soon": (None, None)}
    for value, (low, high) in asked_for.items():
        server.routes["/a.jpg"] = replying(429, Retry_After=value)
        caught = failure(server.url("/a.jpg"), server.host)
        assert caught.reason is Reason.THROTTLED
        assert caught.retry_after == low if low is None else low <= caught.retry_after <= high, value


def test_503_with_retry_after_is_a_request_to_slow_down(server):
    server.routes["/a.jpg"] = replying(503, Retry_After="3")
    caught = failure(server.url("/a.jpg"), server.host)
    assert (caught.reason, caught.retry_after) == (Reason.THROTTLED, 3.0)


# Where a request may go


@pytest.mark.parametrize("target", [
    "http://127.0.0.1:{port}/b.jpg", "http://localhost:{port}/b.jpg", "http://[::1]:{port}/b.jpg",
    "http://169.254.169.254/latest/meta-data/", "http://2130706433:{port}/b.jpg", "//127.0.0.1:{port}/b.jpg"])
def test_a_redirect_to_a_private_address_is_refused(server, target):
    """Only the first name was opened: what it redirects to is held to the rules."""
    with photo_server() as opened:
        opened.routes["/a.jpg"] = redirecting(target.format(port=server.port))
        server.routes["/b.jpg"] = PHOTO
        assert failure(opened.url("/a.jpg"), opened.host).reason is Reason.FORBIDDEN_ADDRESS
    assert not server.asked


@pytest.mark.parametrize(("target", "reason"), [
    ("file:///etc/passwd", Reason.BAD_URL), ("data:image/png;base64,AAAA", Reason.BAD_URL),
    ("ftp://127.0.0.1/a", Reason.BAD_URL), ("http://u:secret@127.0.0.1/a", Reason.CREDENTIALS_IN_URL),
    ("http://[bad/a", Reason.BAD_URL), ("", Reason.REFUSED)])
def test_a_redirect_to_what_is_no_public_web_address_is_refused(server, target, reason):
    server.routes["/a.jpg"] = redirecting(target)
    caught = failure(server.url("/a.jpg"), server.host)
    assert caught.reason is reason
    assert "secret" not in str(caught)


def test_redirects_are_followed_so_far_and_no_further(server):
    server.routes |= {f"/{number}": redirecting(f"/{number + 1}") for number in range(7)}
    server.routes |= {"/7": PHOTO, "/loop": redirecting("loop"), "/é": redirecting("/7")}
    with downloading(server.host, max_redirects=5) as downloader:
        assert downloader.get(server.url("/2")) == PHOTO
    assert failure(server.url("/0"), server.host, max_redirects=5).reason is Reason.TOO_MANY_REDIRECTS
    assert failure(server.url("/loop"), server.host).reason is Reason.TOO_MANY_REDIRECTS


def resolving(monkeypatch, answers: dict[str, list[str]]) -> list[str]:
    """Let names resolve to these addresses, one answer after another; return the names that were looked up."""
    real, asked = socket.getaddrinfo, []

    def fake(host, port, *args, **kwargs):
        if host not in answers:
            ipaddress.ip_address(host)  # a name that should not have been looked up fails here
            return real(host, port, *args, **kwargs)
        asked.append(host)
        address = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port) + ((0, 0) if family == socket.AF_INET6 else ()))]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return asked


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "192.88.99.1",
    "::1", "::", "::127.0.0.1", "::169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1",
    "fe80::1", "fd00::1", "ff02::1", "2001:0:7f00:1::"])
def test_a_name_that_resolves_to_no_public_address_is_refused(monkeypatch, address):
    resolving(monkeypatch, {"photos.example": [address]})
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    assert failure("http://photos.example/a.jpg").reason is Reason.FORBIDDEN_ADDRESS


def test_a_name_that_changes_between_check_and_connection_is_not_looked_up_again(monkeypatch, server):
    asked = resolving(monkeypatch, {"photos.example": ["93.184.215.14", "127.0.0.1"]})
    connected = []

    def connect(address, *args, **kwargs):
        connected.append(address)
        raise OSError("there is no network in this test")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    server.routes["/a.jpg"] = PHOTO
    assert failure(f"http://photos.example:{server.port}/a.jpg").reason is Reason.CONNECTION_FAILED
    assert asked == ["photos.example"]
    assert connected == [("93.184.215.14", server.port)]
    assert not server.asked


def test_proxy_and_netrc_of_the_environment_are_not_used(monkeypatch, server, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.routes["/a.jpg"] = PHOTO
    with downloading(server.host) as downloader:
        assert downloader.get(server.url("/a.jpg")) == PHOTO
    assert "Authorization" not in server.headers[0]


def test_cookies_are_not_kept_from_one_photograph_to_the_next(server):
    server.routes["/a.jpg"] = replying(200, PHOTO, Set_Cookie="who=you; Path=/")
    with downloading(server.host) as downloader:
        for _ in range(2):
            downloader.get(server.url("/a.jpg"))
    assert all("Cookie" not in headers for headers in server.headers)


def test_credentials_are_refused_and_appear_nowhere(server, caplog):
    caplog.set_level(logging.DEBUG)
    caught = failure(f"http://someone:sesame@{server.host}/a.jpg", server.host)
    assert caught.reason is Reason.CREDENTIALS_IN_URL
    assert "sesame" not in str(caught) + caplog.text
    assert not server.asked


# Who asks, and what a site asks for


def test_the_user_agent_says_who_asks(server):
    server.routes["/a.jpg"] = PHOTO
    with downloading(server.host, contact="faces@example.org") as downloader:
        downloader.get(server.url("/a.jpg"))
    assert server.headers[0]["User-Agent"].startswith("fecemo/")
    assert "faces@example.org" in server.headers[0]["User-Agent"]


@pytest.mark.parametrize(("tag", "expected"), [
    ("noai", False), ("noindex, nofollow", False), ("fecemo: noimageai", False), ("otherbot: noindex", True),
    ("nofollow", True), ("none", False)])
def test_an_opt_out_is_honoured_where_it_means_us(server, tag, expected):
    server.routes["/a.jpg"] = replying(200, PHOTO, X_Robots_Tag=tag)
    if expected:
        with downloading(server.host) as downloader:
            assert downloader.get(server.url("/a.jpg")) == PHOTO
    else:
        assert failure(server.url("/a.jpg"), server.host).reason is Reason.OPTED_OUT
        with downloading(server.host, honour_opt_out=False) as downloader:
            assert downloader.get(server.url("/a.jpg")) == PHOTO


def test_placeholders_are_known_by_target_and_by_digest(server, tmp_path):
    (tmp_path / "mine.txt").write_text(
        f"# pictures of my sites\n{digest_bytes(PHOTO)}  # a grey square\nhttps://cdn.example/deleted-\n")
    known = read_placeholders(tmp_path / "mine.txt")
    server.routes |= {"/same.jpg": PHOTO, "/known.jpg": redirecting("https://s.yimg.com/pw/photo_unavailable.png"),
                      "/mine.jpg": redirecting("https://cdn.example/deleted-42.png")}
    for path in server.routes:
        assert failure(server.url(path), server.host, placeholders=known).reason is Reason.PLACEHOLDER
    with downloading(server.host, placeholders=Placeholders()) as downloader:
        assert downloader.get(server.url("/same.jpg")) == PHOTO


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
