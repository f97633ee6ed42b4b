"""What a server says in its status and headers, and what is said to it."""

import time
from email.utils import formatdate

import pytest
from downloads import PHOTO, downloading, failure
from photo_server import photo_server, redirecting, replying

from fecemo.data.reasons import Reason
from fecemo.data.receipts import digest_bytes
from fecemo.fetch.placeholders import Placeholders, read_placeholders


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


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




def test_the_user_agent_says_who_asks(server):
    server.routes["/a.jpg"] = PHOTO
    with downloading(server.host, contact="faces@example.org") as downloader:
        downloader.get(server.url("/a.jpg"))
    assert server.headers[0]["User-Agent"].startswith("fecemo/")
    assert "faces@example.org" in server.headers[0]["User-Agent"]


@pytest.mark.parametrize(("tag", "expected"), [
    ("noai", False), ("noindex, nofollow", False), ("fecemo: noimageai", False), ("otherbot: noindex", True),
    ("nofollow", True), ("none", False), ("noml", False), ("noarchive, NoML", False)])
def test_an_opt_out_is_honoured_where_it_means_us(server, tag, expected):
    server.routes["/a.jpg"] = replying(200, PHOTO, X_Robots_Tag=tag)
    if expected:
        with downloading(server.host) as downloader:
            assert downloader.get(server.url("/a.jpg")) == PHOTO
    else:
        assert failure(server.url("/a.jpg"), server.host).reason is Reason.OPTED_OUT
        with downloading(server.host, honour_opt_out=False) as downloader:
            assert downloader.get(server.url("/a.jpg")) == PHOTO


@pytest.mark.parametrize(("reserved", "expected"), [("1", Reason.OPTED_OUT), ("0", None)])
def test_rights_reserved_for_data_mining_are_an_opt_out(server, reserved, expected):
    server.routes["/a.jpg"] = replying(200, PHOTO, TDM_Reservation=reserved)
    if expected is None:
        with downloading(server.host) as downloader:
            assert downloader.get(server.url("/a.jpg")) == PHOTO
    else:
        assert failure(server.url("/a.jpg"), server.host).reason is expected


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
