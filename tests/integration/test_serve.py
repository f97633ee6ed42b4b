"""The service: a photograph in, faces and what they show out; whatever is too much or not meant for it is refused."""

import http.client
import io
import json
import socket
import struct
import threading
import time
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from fecemo.errors import InputError, ResourceError
from fecemo.stages import face_service, serve
from fecemo.stages.exported_model import ExportedModel, finish_onnx
from fecemo.stages.face_service import Caps, FaceReader, FaceService
from fecemo.stages.serve import ServeSettings, WatchSettings
from tests.unit.test_decode import many_scans

pytest.importorskip("onnxruntime")
uvicorn = pytest.importorskip("uvicorn")
onnx = pytest.importorskip("onnx")

CAPS = Caps(n_bytes=300_000, pixels=2_000_000, faces=50, upload_seconds=0.5, seconds=5, requests=2)
TOKEN = "a token of sixteen signs"


class BrightSquares:
    """Stands in for the face detector: every bright patch is a face."""

    def setInputSize(self, input_size):  # noqa: N802
        pass

    def detect(self, image):
        import cv2

        _, _, boxes, _ = cv2.connectedComponentsWithStats((image.max(axis=2) > 100).astype(np.uint8))
        rows = [[*box[:4], *np.repeat(box[:2] + box[2:4] / 2, 5), 0.95] for box in boxes[1:] if box[2] >= 8]
        return 1, np.array(rows, np.float32) if rows else None


def model_of_brightness():
    """Return a file in the form of an exported one: a face shows "bright" as far as its pixels are."""
    from onnx import TensorProto, helper, numpy_helper

    constants = {"scale": np.float32(1 / 255), "one": np.float32(1), "flat": np.array([-1, 1], np.int64)}
    graph = helper.make_graph([
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["level"]),
        helper.make_node("Reshape", ["level", "flat"], ["embedding"]),
        helper.make_node("Sub", ["one", "embedding"], ["rest"]),
        helper.make_node("Concat", ["embedding", "rest"], ["probabilities"], axis=1),
    ], "brightness", [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])], [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return finish_onnx(model.SerializeToString(), ("bright", "dark"), {"columns": '["cut"]', "calibrated": "false"})


def photograph(squares, size=(640, 480), form="PNG", exif=None, **options):
    """Return the bytes of a photograph with bright squares, 40 pixels a side, at these places."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for left, top in squares:
        pixels[top : top + 40, left : left + 40] = 250
    picture, file = Image.fromarray(pixels), io.BytesIO()
    if exif is not None:
        tags = picture.getexif()
        tags[0x0112] = exif
        options["exif"] = tags
    picture.save(file, form, **options)
    return file.getvalue()


def huge_png(side):
    """Return a small file that claims so many pixels a side."""
    sound, header = photograph([]), b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return sound[:12] + header + struct.pack(">I", zlib.crc32(header)) + sound[33:]


class Slow(FaceReader):
    """Waits until it may go on, where the test says so."""

    gate = threading.Event()

    def read(self, data, *, embedding=False):
        assert self.gate.wait(10)
        return super().read(data, embedding=embedding)


@contextmanager
def serving(caps=CAPS, token=""):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face_service, "require_model", lambda path: path)
        patch.setattr(face_service, "load_yunet", lambda path, score: BrightSquares())
        reader = Slow(ExportedModel(model_of_brightness(), "model.onnx"), "detector", "landmarks", caps)
        service = FaceService(reader, caps, serve.LOOPBACK_NAMES, token, workers=1)
        server = uvicorn.Server(uvicorn.Config(service.app(), log_level="warning", lifespan="off"))
        listening = serve._listen("127.0.0.1", 0)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        Slow.gate.set()
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield listening.getsockname()[1]
        finally:
            Slow.gate.set()
            server.should_exit = True
            thread.join()
            service.close()


@pytest.fixture(scope="module")
def port():
    with serving() as number:
        yield number


def call(port, body=b"", path="/faces", method="POST", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    kind = answer.headers.get("Content-Type", "")
    return answer.status, json.loads(content) if kind == "application/json" else content.decode(), answer.headers


def test_every_face_has_a_box_a_name_and_how_sure_it_is(port):
    status, answer, headers = call(port, photograph([(100, 100), (400, 200)]), "/faces?embedding=1")
    assert status == 200
    assert (answer["width"], answer["height"], answer["left_out"], answer["calibrated"]) == (640, 480, 0, False)
    first, second = answer["faces"]
    np.testing.assert_allclose(first["box"], [100 / 640, 140 / 640, 100 / 480, 140 / 480], atol=1e-6)
    # The crop grows to 48 pixels a side: (40 / 48)² of it are of level 250.
    level = (40 / 48) ** 2 * 250 / 255
    assert first["shows"] == second["shows"] == "bright"
    assert first["confidence"] == pytest.approx(level, abs=0.01)
    assert first["probabilities"]["dark"] == pytest.approx(1 - level, abs=0.01)
    assert second["embedding"] == pytest.approx([level], abs=0.01)
    assert "feels" in answer["notice"]
    assert headers["Cache-Control"] == "no-store"


def test_a_photograph_is_read_upright_and_an_animation_by_its_first_picture(port):
    _, turned, _ = call(port, photograph([(100, 100)], form="JPEG", quality=95, exif=6))
    assert (turned["width"], turned["height"]) == (480, 640)
    np.testing.assert_allclose(turned["faces"][0]["box"], [340 / 480, 380 / 480, 100 / 640, 140 / 640], atol=0.01)
    second = Image.fromarray(np.zeros((480, 640, 3), np.uint8))
    _, animated, _ = call(port, photograph([(100, 100)], form="GIF", save_all=True, append_images=[second]))
    assert len(animated["faces"]) == 1


def test_no_face_is_an_answer_and_of_sixty_the_largest_fifty_are_named(port):
    assert call(port, photograph([]))[1]["faces"] == []
    status, answer, _ = call(port, photograph([(60 * column, 60 * row) for column in range(10) for row in range(6)]))
    assert (status, len(answer["faces"]), answer["left_out"]) == (200, 50, 10)


@pytest.mark.parametrize(("body", "status", "words"), [
    (b"", 400, "empty"),
    (b"no picture at all", 415, "not an image"),
    (photograph([(9, 9)], form="JPEG")[:900], 415, "damaged image"),
    (many_scans(200, 64), 413, "201 scans"),
    (huge_png(20_000), 413, "many pixels"),
    (photograph([], (2000, 1100)), 413, "2200000 pixels, more than 2000000"),
    (b"x" * 300_001, 413, "300001 bytes, more than 300000"),
])
def test_what_is_no_photograph_or_too_large_is_refused_in_a_sentence(port, body, status, words):
    came, answer, _ = call(port, body)
    assert (came, words in answer["error"]) == (status, True), answer


def test_an_upload_of_100_mb_is_refused_before_it_comes_and_one_without_a_length_at_the_cap(port):
    head = b"POST /faces HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as upload:
        upload.sendall(head + b"Content-Length: 100000000\r\n\r\n")
        assert upload.recv(99).startswith(b"HTTP/1.1 413")
    part = b"%x\r\n" % 60_000 + b"x" * 60_000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as upload:
        upload.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + 6 * part)
        assert upload.recv(99).startswith(b"HTTP/1.1 413")


def test_strangers_names_other_ways_and_other_methods_are_refused(port):
    body = photograph([])
    assert call(port, body, Host="evil.example")[0] == 421
    assert call(port, body, Host="[::1]:99")[0] == 200
    assert call(port, body, Origin="http://evil.example")[0] == 403
    assert call(port, body, Origin=f"http://localhost:{port}")[0] == 200
    for path in ("/../faces/../../etc/passwd", "/faces/..%2f..%2fetc/passwd", "/faces/photo"):
        assert call(port, body, path)[0] == 404
    assert call(port, method="GET")[0] == 405


def test_an_upload_that_trickles_or_breaks_off_takes_no_place_for_long(port):
    upload = b"POST /faces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nx"
    with socket.create_connection(("127.0.0.1", port)) as trickling, socket.create_connection(
            ("127.0.0.1", port)) as broken:
        trickling.sendall(upload)
        broken.sendall(upload)
        broken.close()
        assert trickling.recv(99).startswith(b"HTTP/1.1 408")
    assert call(port, photograph([]))[0] == 200
    assert "fecemo_requests_open 0" in call(port, path="/metrics", method="GET")[1]


def test_what_finds_no_place_is_asked_to_come_again_and_nothing_is_lost():
    with serving() as port:
        Slow.gate.clear()
        answers = []
        waiting = [threading.Thread(target=lambda: answers.append(call(port, photograph([(9, 9)]))[0]))
                   for _ in range(2)]
        for thread in waiting:
            thread.start()
        while "fecemo_requests_open 2" not in call(port, path="/metrics", method="GET")[1]:
            time.sleep(0.01)
        status, _, headers = call(port, photograph([]))
        assert (status, headers["Retry-After"]) == (503, "1")
        Slow.gate.set()
        for thread in waiting:
            thread.join()
        assert answers == [200, 200]
        metrics = call(port, path="/metrics", method="GET")[1]
        assert 'fecemo_requests_total{status="503"} 1' in metrics
        assert "fecemo_faces_total 2" in metrics


def test_a_token_is_asked_of_every_request():
    with serving(token=TOKEN) as port:
        assert call(port, photograph([]))[0] == 401
        assert call(port, photograph([]), Authorization="Bearer another")[0] == 401
        assert call(port, path="/metrics", method="GET")[0] == 401
        assert call(port, photograph([]), Authorization=f"Bearer {TOKEN}")[0] == 200


def test_other_machines_are_not_served_without_a_token_nor_a_port_that_is_taken(tmp_path, monkeypatch):
    monkeypatch.delenv(serve.TOKEN_VARIABLE, raising=False)
    with pytest.raises(InputError, match=r"host: 0\.0\.0\.0 can be reached from other machines; set FECEMO_TOKEN"):
        serve.run(ServeSettings(tmp_path, host="0.0.0.0"))
    with pytest.raises(InputError, match=r"model\.onnx cannot be read"):
        serve.run(ServeSettings(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ResourceError, match="cannot listen"):
        serve._listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(InputError, match="missing: --run, --row, --variant, --archive"):
        WatchSettings(watch=tmp_path)


def test_what_arrives_in_a_folder_is_tagged_once(tmp_path, monkeypatch):
    stopping, tagged = threading.Event(), []

    def tag(settings):
        tagged.append(sorted(path.name for path in settings.watch.iterdir()))
        if len(tagged) == 1:
            (tmp_path / "photos" / "second.png").write_bytes(photograph([]))
        else:
            threading.Timer(0.1, stopping.set).start()

    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "first.png").write_bytes(photograph([]))
    monkeypatch.setattr(serve, "tag_arrivals", tag)
    serve.watch(WatchSettings(tmp_path / "photos", tmp_path, "row", "gray", tmp_path / "archive", every=0.01), stopping)
    assert tagged == [["first.png"], ["first.png", "second.png"]]
