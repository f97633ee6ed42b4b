"""Where a request may go: redirects, names that resolve to what is not public, proxies, credentials."""

import errno
import ipaddress
import logging
import socket

import pytest
import urllib3.util.connection
from downloads import PHOTO, downloading, failure
from photo_server import photo_server, redirecting, replying

from fecemo.data.reasons import FetchError, Reason
from fecemo.fetch.download import PhotoRequest


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


@pytest.mark.parametrize("target", [
    "http://127.0.0.1:{port}/b.jpg", "http://localhost:{port}/b.jpg", "http://[::1]:{port}/b.jpg",
    "http://169.254.169.254/latest/meta-data/", "http://2130706433:{port}/b.jpg", "//127.0.0.1:{port}/b.jpg"])
def test_a_redirect_to_a_private_address_is_refused(server, target):
    """Only the first name was opened: what it redirects to is held to the rules."""
    with photo_server() as opened:
        opened.routes["/a.jpg"] = redirecting(target.format(port=server.port))
        server.routes["/b.jpg"] = PHOTO
        assert failure(opened.url("/a.jpg"), opened.host).reason is Reason.FORBIDDEN_ADDRESS
    assert not server.requests


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


def test_each_redirect_is_an_request_of_its_own_within_one_deadline(server):
    server.routes |= {"/a": redirecting("/b"), "/b": PHOTO}
    with downloading(server.host, deadline=30.0) as downloader:
        onward = downloader.ask(PhotoRequest(server.url("/a")))
        assert (onward.url, onward.hops) == (server.url("/b"), 1)
        assert server.requests == {"/a": 1}
        assert 0 < onward.seconds < 30
        assert downloader.ask(onward) == PHOTO
        with pytest.raises(FetchError, match="timeout"):
            downloader.ask(PhotoRequest(server.url("/b"), 1, seconds=0.0))


@pytest.mark.parametrize(("url", "host"), [
    ("http://Example.org/a", "example.org"), ("https://example.org./a", "example.org"),
    ("http://example.org:443/a", "example.org"), ("http://example.org:8080/a", "example.org:8080"),
    ("http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:81/", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:81")])
def test_the_host_that_bears_a_request(url, host):
    with downloading("127.0.0.1:81", "own.example", "[::1]:80") as downloader:
        assert downloader.host_of(url) == host
        assert not downloader.opened(host)
        assert [downloader.opened(place) for place in ("127.0.0.1:81", "127.0.0.1:82", "own.example", "own.example:99",
                                                   "[::1]", "[::1]:81")] == [True, False, True, True, True, False]


def resolving(monkeypatch, answers: dict[str, list[str]]) -> list[str]:
    """Let names resolve to these addresses, one answer after another; return the names that were looked up."""
    real, lookups = socket.getaddrinfo, []

    def fake(host, port, *args, **kwargs):
        if host not in answers:
            ipaddress.ip_address(host)  # a name that should not have been looked up fails here
            return real(host, port, *args, **kwargs)
        lookups.append(host)
        address = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port) + ((0, 0) if family == socket.AF_INET6 else ()))]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return lookups


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "192.88.99.1",
    "::1", "::", "::127.0.0.1", "::169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1",
    "fe80::1", "fd00::1", "ff02::1", "2001:0:7f00:1::"])
def test_a_name_that_resolves_to_no_public_address_is_refused(monkeypatch, address):
    resolving(monkeypatch, {"photos.example": [address]})
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    assert failure("http://photos.example/a.jpg").reason is Reason.FORBIDDEN_ADDRESS


def test_a_name_that_changes_between_check_and_connection_is_not_looked_up_again(monkeypatch, server):
    lookups = resolving(monkeypatch, {"photos.example": ["93.184.215.14", "127.0.0.1"]})
    connected = []

    def connect(address, *args, **kwargs):
        connected.append(address)
        raise OSError("there is no network in this test")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    server.routes["/a.jpg"] = PHOTO
    assert failure(f"http://photos.example:{server.port}/a.jpg").reason is Reason.CONNECTION_FAILED
    assert lookups == ["photos.example"]
    assert connected == [("93.184.215.14", server.port)]
    assert not server.requests


V6, V4 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "93.184.215.14"


def network(monkeypatch, server, addresses: list[str], dead: dict[str, OSError]) -> list[str]:
    """Let photos.example have these addresses, of which the dead fail and V4 is the server; return those tried."""
    real, connect, tried = socket.getaddrinfo, urllib3.util.connection.create_connection, []

    def lookup(host, port, *args, **kwargs):
        if host != "photos.example":
            return real(host, port, *args, **kwargs)
        return [(socket.AF_INET6 if ":" in place else socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))
                for place in addresses]

    def connecting(address, *args, **kwargs):
        if address == ("127.0.0.1", server.port):
            return connect(address, *args, **kwargs)
        tried.append(address[0])
        if address[0] in dead:
            raise dead[address[0]]
        assert address[0] == V4
        return connect(("127.0.0.1", server.port), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connecting)
    return tried


@pytest.mark.parametrize("dead", [OSError(errno.ENETUNREACH, "no route"), ConnectionRefusedError(), TimeoutError()])
def test_every_public_address_of_a_name_is_tried_and_no_other(monkeypatch, server, dead):
    tried = network(monkeypatch, server, [V6, "127.0.0.1", "10.0.0.1", "::1", V4], {V6: dead})
    server.routes["/a.jpg"] = PHOTO
    with downloading() as downloader:
        assert downloader.get("http://photos.example/a.jpg") == PHOTO
    assert tried == [V6, V4]
    assert server.headers[0]["Host"] == "photos.example"


def test_a_name_of_which_no_address_can_be_connected_to_has_the_last_ones_reason(monkeypatch, server):
    network(monkeypatch, server, [V6, V4], {V6: OSError(errno.ENETUNREACH, "no route"), V4: ConnectionRefusedError()})
    assert failure("http://photos.example/a.jpg").reason is Reason.CONNECTION_FAILED
    network(monkeypatch, server, [V4], {V4: TimeoutError()})
    assert failure("http://photos.example/a.jpg").reason is Reason.TIMEOUT


def test_no_redirect_leads_from_a_public_host_to_one_that_was_opened(monkeypatch, server):
    network(monkeypatch, server, [V4], {})
    server.routes |= {"/out": redirecting(server.url("/private.jpg")), "/private.jpg": PHOTO,
                      "/around": redirecting("http://photos.example/out"), "/in": redirecting("/private.jpg")}
    for url in ("http://photos.example/out", server.url("/around")):
        caught = failure(url, server.host)
        assert (caught.reason, "host that was opened" in caught.detail) == (Reason.FORBIDDEN_ADDRESS, True)
    assert not server.requests["/private.jpg"]
    with downloading(server.host) as downloader:
        assert downloader.get(server.url("/in")) == PHOTO  # from one opened host to another is as it was asked for


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
    assert not server.requests
