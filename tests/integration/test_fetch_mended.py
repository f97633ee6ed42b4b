"""A fetch that failed, or whose list has grown, is mended by the same command into the same folder."""

import http.client
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from fetching import ROOT, WHOLE, settings_for, table, write_list
from photo_server import encoded, jpeg, own_authority, photo_server, picture

from fecemo.data.dataset import Dataset
from fecemo.errors import InputError, StoredStateError
from fecemo.fetch.loopback_server import serving
from fecemo.fetch.reach import proxy_note
from fecemo.stages.fetch import run


@pytest.fixture
def server():
    with photo_server() as served:
        served.routes |= {f"/{number}.jpg": jpeg(picture(number)) for number in range(6)}
        yield served


def listing(server, tmp_path, numbers):
    return write_list(tmp_path / "faces.csv", [(server.url(f"/{number}.jpg"), WHOLE) for number in numbers])


def test_a_forgotten_host_is_opened_in_place_and_the_message_says_how(server, tmp_path):
    listed = listing(server, tmp_path, range(3))
    with pytest.raises(InputError) as caught:
        run(settings_for(server, listed, allow_hosts=()), tmp_path / "dataset")
    assert "3 forbidden_address" in str(caught.value)
    assert f"--allow-hosts {server.host}, or, for photographs on this disk, --serve FOLDER" in str(caught.value)
    assert {row["reason"] for row in table(tmp_path / "dataset" / "rejects.csv")} == {"forbidden_address"}
    assert run(settings_for(server, listed), tmp_path / "dataset").summary["faces"] == 3
    assert len(Dataset(tmp_path / "dataset")) == 3


def test_a_forgotten_folder_and_a_wrong_port_are_mended_in_place(server, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(encoded(picture(1), ".png"))
    with serving(photos, 0) as first, serving(photos, 0) as second:  # free once this is over
        port, wrong_port = first, second
    listed = write_list(tmp_path / "faces.csv", [(f"http://127.0.0.1:{port}/a.png", WHOLE)])
    for wrong in ({}, {"serve": photos, "port": wrong_port}, {"serve": tmp_path, "port": port}):
        with pytest.raises(InputError, match="none of the 1 faces"):
            run(settings_for(server, listed, **({"allow_hosts": ()} | wrong)), tmp_path / "dataset")
    receipt = run(settings_for(server, listed, serve=photos, port=port, allow_hosts=()), tmp_path / "dataset")
    assert receipt.summary["faces"] == 1


def test_a_finished_dataset_asks_again_for_what_newly_opened_hosts_may_have(server, tmp_path):
    with photo_server() as other:
        other.routes["/9.jpg"] = jpeg(picture(9))
        listed = write_list(tmp_path / "faces.csv", [(server.url("/0.jpg"), WHOLE), (other.url("/9.jpg"), WHOLE)])
        assert run(settings_for(server, listed), tmp_path / "dataset").summary["rejected"] == {"forbidden_address": 1}
        both = settings_for(server, listed, allow_hosts=(server.host, other.host))
        assert run(both, tmp_path / "dataset").summary["faces"] == 2
        assert server.requests["/0.jpg"] == 1  # what was stored is not asked for again
        run(both, tmp_path / "dataset")
        assert other.requests["/9.jpg"] == 1


@pytest.mark.parametrize("limits", [(2, 4), (2, None), (None, None)])
def test_a_list_or_a_limit_that_has_grown_adds_to_what_is_stored(server, tmp_path, limits):
    before, after = limits
    run(settings_for(server, listing(server, tmp_path, range(3)), limit=before), tmp_path / "dataset")
    dataset = Dataset(tmp_path / "dataset")
    old = {face_id: np.array(face) for face_id, face in zip(dataset.ids.tolist(), dataset.faces, strict=True)}
    server.routes["/0.jpg"] = jpeg(picture(77))  # changed on its site since: what is stored stays
    longer = listing(server, tmp_path, [5, *range(5)] if before is None else range(5))
    run(settings_for(server, longer, limit=after), tmp_path / "dataset")
    folder = Dataset(tmp_path / "dataset")
    assert len(folder) == (after or (6 if before is None else 5))
    assert server.requests["/0.jpg"] == 1
    for row, face_id in enumerate(folder.ids.tolist()):
        if face_id in old:
            np.testing.assert_array_equal(folder.faces[row], old[face_id])
    run(settings_for(server, longer, limit=after), tmp_path / "whole")
    assert folder.ids.tolist() == Dataset(tmp_path / "whole").ids.tolist()


def test_a_changed_list_is_refused_with_what_differs(server, tmp_path):
    run(settings_for(server, listing(server, tmp_path, range(3))), tmp_path / "dataset")
    with pytest.raises(StoredStateError, match=r"1 of its 3 faces are not among the 2 that are asked for, .*/2\.jpg"):
        run(settings_for(server, listing(server, tmp_path, range(2))), tmp_path / "dataset")
    assert len(Dataset(tmp_path / "dataset")) == 3


def test_the_served_folder_gives_photographs_alone_and_to_nobody_but_who_asks_for_the_loopback(tmp_path):
    folder = tmp_path / "photos"
    (folder / ".git").mkdir(parents=True)
    (folder / "sub").mkdir()
    for name in ("a.jpg", ".hidden", ".git/config", "sub/b c.jpg"):
        (folder / name).write_text("content")
    (tmp_path / "secret").write_text("secret")
    (folder / "out.jpg").symlink_to(tmp_path / "secret")
    (folder / "inside.jpg").symlink_to(folder / "a.jpg")
    (folder / "unhidden.jpg").symlink_to(folder / ".hidden")
    with serving(folder, 0) as port:
        def status(path, host):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", path, headers={"Host": host})
            try:
                return connection.getresponse().status
            finally:
                connection.close()

        for path, expected in {
                "/a.jpg": 200, "/sub/b%20c.jpg": 200, "/inside.jpg": 200, "/a.jpg?size=2": 200, "/": 404, "/sub": 404,
                "/sub/": 404, "/.hidden": 403, "/.git/config": 403, "/out.jpg": 403, "/unhidden.jpg": 403,
                "/../secret": 404, "/%2e%2e/secret": 404, "/none.jpg": 404, "/a%00.jpg": 404, "/" + "a" * 999: 404,
        }.items():
            assert status(path, f"127.0.0.1:{port}") == expected, path
        assert status("/a.jpg", f"localhost:{port}") == 200
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", ""):
            assert status("/a.jpg", host) == 421


def test_a_proxy_and_certificates_of_the_environment_are_said_not_to_be_used(tmp_path):
    assert proxy_note({}) == ""
    assert "secret" not in proxy_note({"http_proxy": "http://me:secret@proxy:3128"})
    listed = write_list(tmp_path / "faces.csv", [("http://photos.invalid/a.jpg", WHOLE)])
    ended = subprocess.run(
        [sys.executable, ROOT / "pipelines" / "01_fetch.py", "--faces", listed, "--out", tmp_path / "dataset",
         "--backoff", "0.01"], cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"http_proxy": "http://127.0.0.1:1", "REQUESTS_CA_BUNDLE": "/nowhere.pem"})
    lines = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert re.match("fetch: note: http_proxy .*(is|are) set and not used", lines[0])
    assert "1 no_such_host" in lines[-1]
    assert re.search("http_proxy .*set and not used.* REQUESTS_CA_BUNDLE .*set and not used.* --ca-bundle", lines[-1])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_a_company_s_authority_is_named_and_reopens_what_failed_without_it(tmp_path):
    certificate, key, context = own_authority(tmp_path)
    with photo_server(context) as served:
        served.routes["/0.jpg"] = jpeg(picture(0))
        listed = write_list(tmp_path / "faces.csv", [(served.url("/0.jpg").replace("http:", "https:"), WHOLE)])
        with pytest.raises(InputError, match=r"1 connection_failed.* --ca-bundle FILE"):
            run(settings_for(served, listed, attempts=1), tmp_path / "dataset")
        assert table(tmp_path / "dataset" / "rejects.csv")[0]["detail"] == "TLS: the certificate is not trusted"
        trusted = settings_for(served, listed, attempts=1, ca_bundle=certificate)
        assert run(trusted, tmp_path / "dataset").summary["faces"] == 1
    for wrong in (key, tmp_path / "none.pem"):
        with pytest.raises(InputError, match=r"ca_bundle: .* expected certificates as PEM"):
            run(settings_for(served, listed, ca_bundle=wrong), tmp_path / "other")
