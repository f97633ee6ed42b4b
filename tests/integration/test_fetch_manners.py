"""How the fetch stage treats sites: what it asks again, how often, and what it leaves alone."""

import dataclasses
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fetching import ROOT, WHOLE, settings_for, table, write_list
from photo_server import jpeg, photo_server, picture, redirecting, replying

from fecemo.data.dataset import Dataset
from fecemo.fetch.download import Downloader
from fecemo.stages.fetch import run


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


def test_what_may_pass_is_tried_again_and_later_once_more_when_asked(server, tmp_path):
    healthy = threading.Event()
    tries = []

    def flaky(handler):
        tries.append(handler.path)
        (replying(200, jpeg(picture(5))) if len(tries) == 2 else replying(503))(handler)

    def down(handler):
        (replying(200, jpeg(picture(6))) if healthy.is_set() else replying(500))(handler)

    server.routes |= {"/flaky.jpg": flaky, "/down.jpg": down, "/0.jpg": jpeg(picture(0))}
    faces = [(server.url(path), WHOLE) for path in ("/flaky.jpg", "/down.jpg", "/0.jpg")]
    listed = write_list(tmp_path / "faces.csv", faces)
    run(settings_for(server, listed, attempts=3), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    assert [Path(address).stem for address in dataset.addresses.tolist()] == ["flaky", "0"]
    assert server.requests["/down.jpg"] == 3
    del dataset

    healthy.set()
    run(settings_for(server, listed), tmp_path / "dataset")
    assert server.requests["/down.jpg"] == 3  # a finished data set is finished
    run(settings_for(server, listed, retry_failed=True), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    assert [Path(address).stem for address in dataset.addresses.tolist()] == ["flaky", "down", "0"]
    assert dataset.damaged_rows() == []
    assert server.requests == {"/flaky.jpg": 2, "/down.jpg": 4, "/0.jpg": 1}  # what was stored was not asked for again


def test_interrupting_stops_at_once_and_keeps_what_is_done(server, tmp_path):
    waiting, released = threading.Event(), threading.Event()

    def never(handler):
        waiting.set()
        released.wait(120)

    server.routes |= {"/0.jpg": jpeg(picture(0)), "/never.jpg": never}
    listed = write_list(tmp_path / "faces.csv", [(server.url("/0.jpg"), WHOLE), (server.url("/never.jpg"), WHOLE)])
    command = [sys.executable, ROOT / "pipelines" / "01_fetch.py", "--faces", listed, "--out", tmp_path / "dataset",
               "--allow-hosts", server.host, "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert waiting.wait(60)
    deadline = time.monotonic() + 60
    while not server.requests.get("/0.jpg") and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(2)  # for the other photograph to be cut and stored, also on a busy machine
    process.send_signal(2)
    # Less than the stage waits for a photograph, and than the server holds it back.
    _, output = process.communicate(timeout=40)
    released.set()
    assert process.returncode == 130
    assert "run the same command again to resume" in output
    assert "Traceback" not in output
    server.routes["/never.jpg"] = jpeg(picture(1))
    run(settings_for(server, listed), tmp_path / "dataset")
    assert len(Dataset(tmp_path / "dataset")) == 2
    assert server.requests["/0.jpg"] == 1


def test_a_site_that_says_too_many_is_left_alone_for_as_long_as_it_asks(server, tmp_path):
    refusals = iter(range(3))

    def busy(handler):
        if next(refusals, None) is None:
            replying(200, jpeg(picture(1)))(handler)
        else:
            replying(429, Retry_After="1")(handler)

    server.routes |= {f"/{number}.jpg": busy for number in range(12)}
    listed = write_list(tmp_path / "faces.csv", [(server.url(f"/{number}.jpg"), WHOLE) for number in range(12)])
    receipt = run(settings_for(server, listed), tmp_path / "dataset")
    assert receipt.summary["faces"] == 12
    assert sum(server.requests.values()) == 15
    gaps = np.diff(sorted(server.times))
    assert gaps.max() >= 0.9  # the whole site was left alone, not that photograph only
    assert (np.array(sorted(server.times)) < server.times[0] + 0.8).sum() <= 5  # only what was already under way


def test_a_redirect_takes_from_the_budget_of_the_host_that_it_leads_to(server, tmp_path, monkeypatch):
    monkeypatch.setattr(Downloader, "opened", lambda self, host: False)  # hosts of one's own have no budget
    active, most, lock = [0], [0], threading.Lock()

    def counted(handler):
        with lock:
            active[0] += 1
            most[0] = max(most[0], active[0])
        time.sleep(0.05)
        with lock:
            active[0] -= 1
        replying(200, jpeg(picture(1)))(handler)

    with photo_server() as first, photo_server() as second:
        faces = []
        for number in range(8):
            server.routes[f"/{number}.jpg"] = counted
            for site in (first, second):
                site.routes[f"/{number}.jpg"] = redirecting(server.url(f"/{number}.jpg"))
                faces.append((site.url(f"/{number}.jpg"), WHOLE))
        listed = write_list(tmp_path / "faces.csv", faces)
        settings = settings_for(server, listed, allow_hosts=(server.host, first.host, second.host), workers=12,
                                per_host=2, per_host_rate=50.0)
        receipt = run(settings, tmp_path / "dataset")
    assert receipt.summary["faces"] == 16
    assert most[0] <= 2  # though two hosts with a budget of two each send there
    assert max(server.times) - min(server.times) >= 15 / 50.0 * 0.9


def test_retry_after_of_a_redirects_target_holds_for_that_host_and_for_no_other(server, tmp_path):
    refusals = iter(range(1))

    def busy(handler):
        if next(refusals, None) is None:
            replying(200, jpeg(picture(1)))(handler)
        else:
            replying(429, Retry_After="1")(handler)

    with photo_server() as first:
        first.delay = 0.02
        first.routes |= {f"/{number}.jpg": redirecting(server.url("/busy.jpg")) for number in range(0, 40, 2)}
        first.routes |= {f"/{number}.jpg": jpeg(picture(number)) for number in range(1, 40, 2)}
        server.routes["/busy.jpg"] = busy
        listed = write_list(tmp_path / "faces.csv", [(first.url(f"/{number}.jpg"), WHOLE) for number in range(40)])
        settings = settings_for(server, listed, allow_hosts=(server.host, first.host), workers=2)
        receipt = run(settings, tmp_path / "dataset")
        assert receipt.summary["faces"] == 40
        assert set(first.requests.values()) == {1}  # what is tried again is the target alone
        refused_at = min(server.times)
        resumed_at = min(at for at in server.times if at > refused_at + 0.5)
        assert resumed_at - refused_at >= 0.9
        assert sum(refused_at < at < resumed_at for at in first.times) > 20


def test_a_dead_host_is_set_aside_and_asked_again_on_another_day(server, tmp_path):
    dead = threading.Event()
    dead.set()
    with photo_server() as other:
        def hang_up_or_answer(handler):
            if dead.is_set():
                handler.close_connection = True
            else:
                replying(200, jpeg(picture(3)))(handler)

        other.routes |= {f"/{number}.jpg": hang_up_or_answer for number in range(300)}
        server.routes |= {"/1.jpg": jpeg(picture(1)), "/2.jpg": redirecting(other.url("/299.jpg"))}
        faces = [(other.url(f"/{number}.jpg"), WHOLE) for number in range(299)]
        faces += [(server.url("/1.jpg"), WHOLE), (server.url("/2.jpg"), WHOLE)]
        listed = write_list(tmp_path / "faces.csv", faces)
        settings = settings_for(server, listed, allow_hosts=(server.host, other.host), host_failures=10,
                                host_outage=0.0)
        receipt = run(settings, tmp_path / "dataset")
        assert receipt.summary["faces"] == 1
        assert sum(other.requests.values()) <= 10 + settings.workers
        rejects = table(tmp_path / "dataset" / "rejects.csv")
        assert Counter(row["reason"] for row in rejects)["host_set_aside"] >= 290
        assert {row["detail"] for row in rejects if row["reason"] == "host_set_aside"} == {other.host}
        dead.clear()
        again = run(dataclasses.replace(settings, retry_failed=True), tmp_path / "dataset")
        assert again.summary["faces"] == 301
        assert again.summary["rejected"] == {}


def test_names_that_cannot_be_resolved_in_time_hold_up_no_worker_for_good(server, tmp_path, monkeypatch):
    real, freed = socket.getaddrinfo, threading.Event()

    def stuck(host, *args, **kwargs):
        if host == "stuck.example":
            freed.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "too late for anyone")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    server.routes |= {f"/{number}.jpg": jpeg(picture(number)) for number in range(4)}
    faces = [(f"http://stuck.example/{number}.jpg", WHOLE) for number in range(50)]
    faces += [(server.url(f"/{number}.jpg"), WHOLE) for number in range(4)]
    settings = settings_for(server, write_list(tmp_path / "faces.csv", faces), deadline=0.3, host_failures=3,
                            host_outage=0.1, workers=2)
    receipt = run(settings, tmp_path / "dataset")
    freed.set()
    assert receipt.summary["faces"] == 4
    assert receipt.summary["rejected"]["host_set_aside"] >= 40
