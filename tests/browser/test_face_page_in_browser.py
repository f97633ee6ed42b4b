"""The page that names faces, in a real browser: faces where they are, nothing asked of anybody, usable on a telephone.

Pictures of it are kept in the folder that the variable ``ARTIFACTS`` names.
"""

import csv
import functools
import http.server
import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from fecemo.errors import ResourceError
from fecemo.imaging.crop import CropPolicy, crop_face, pixel_box
from fecemo.imaging.landmarks.features import columns_of, landmark_features
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.stages import face_page
from fecemo.stages.exported_model import ExportedModel
from fecemo.stages.face_page import FacePageSettings
from tests.integration.landmark_stand_ins import landmark_bundle, model_of_landmarks
from tests.integration.test_serve import model_of_brightness, photograph

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install "
                                                               "'fecemo[notebook,browser]')")
onnx = pytest.importorskip("onnx", reason="onnx is not installed (pip install 'fecemo[onnx]')")
pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
              pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm on this machine")]

STRIDES, WIDTH, HEIGHT = (8, 16, 32), 640, 480
LEFT, TOP, FACE = 160, 128, 96
"""Where the stand-in for the detector finds its one face, in pixels of a picture of 640."""


def detector_of_one_face():
    """Return a network with the outputs of the face detector, which finds one face wherever it looks."""
    from onnx import TensorProto, helper, numpy_helper

    outputs, nodes, constants = [], [], []
    for stride in STRIDES:
        across, n = WIDTH // stride, WIDTH * HEIGHT // stride**2
        values = {"cls": np.zeros((1, n, 1)), "obj": np.ones((1, n, 1)), "bbox": np.zeros((1, n, 4)),
                  "kps": np.zeros((1, n, 10))}
        if stride == 32:
            middle_x, middle_y = (LEFT + FACE / 2) / stride, (TOP + FACE / 2) / stride
            place = int(middle_y) * across + int(middle_x)
            values["cls"][0, place] = 0.81
            values["bbox"][0, place] = (middle_x % 1, middle_y % 1, np.log(FACE / stride), np.log(FACE / stride))
        for name, array in values.items():
            constants.append(numpy_helper.from_array(array.astype(np.float32), f"{name}_{stride}_is"))
            nodes.append(helper.make_node("Identity", [f"{name}_{stride}_is"], [f"{name}_{stride}"]))
            outputs.append(helper.make_tensor_value_info(f"{name}_{stride}", TensorProto.FLOAT, array.shape))
    graph = helper.make_graph(nodes, "detector", [helper.make_tensor_value_info(
        "input", TensorProto.FLOAT, [1, 3, 640, 640])], outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


@contextmanager
def served(folder, model, **settings):
    """Serve the page of an exported model."""
    (folder / "exported").mkdir()
    (folder / "exported" / "model.onnx").write_bytes(model)
    (folder / "detector.onnx").write_bytes(detector_of_one_face())
    try:
        face_page.run(FacePageSettings(folder / "exported", folder / "detector.onnx", **settings), folder / "page")
    except ResourceError as error:
        pytest.skip(str(error))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder / "page"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("face_page"), model_of_brightness()) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as opened:
        chromium = opened.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"])
        yield chromium
        chromium.close()


def picture_of(page, name):
    if folder := os.environ.get("ARTIFACTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/face_page_{name}.png", full_page=True)


def test_faces_are_named_where_they_are_and_no_picture_leaves_the_page(address, browser, tmp_path):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page, requests = context.new_page(), []
    page.on("request", lambda request: requests.append(request))
    page.goto(address)
    status, expect = page.locator("#status"), playwright.expect
    expect(status).to_have_text("Ready.", timeout=60_000)
    assert {request.method for request in requests} == {"GET"}
    assert all(request.url.startswith(address) for request in requests)
    loaded = len(requests)
    # The face is bright, and 96 pixels a side; the picture is twice as large as the network sees it.
    pixels = photograph([(2 * LEFT + 40 * x, 2 * TOP + 40 * y) for x in range(5) for y in range(5)], (1280, 960))
    (tmp_path / "=cmd,1.png").write_bytes(pixels)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    page.set_input_files("#files", [tmp_path / "=cmd,1.png", tmp_path / "notes.txt", tmp_path / "empty.png"])
    expect(status).to_have_text("notes.txt is no picture that this browser reads. empty.png is no picture that this "
                                "browser reads. 1 photograph read.", timeout=60_000)
    assert page.locator("li").all_inner_texts()[0].startswith("shows bright, 0.")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(Path(downloading.value.path()).read_text().splitlines()))
    assert [row["photo"] for row in rows] == ["'=cmd,1.png"]
    box = [float(rows[0][side]) for side in ("left", "right", "top", "bottom")]
    np.testing.assert_allclose(box, [LEFT / 640, (LEFT + FACE) / 640, TOP / 480, (TOP + FACE) / 480], atol=1e-5)
    assert float(rows[0]["score"]) == pytest.approx(0.9)
    # The crop is a fifth larger than the face, 230 pixels a side, of which 200 are of level 250.
    assert float(rows[0]["bright"]) == pytest.approx((200 / 230) ** 2 * 250 / 255, abs=0.005)
    assert float(rows[0]["bright"]) + float(rows[0]["dark"]) == pytest.approx(1, abs=1e-4)
    assert [request for request in requests[loaded:] if not request.url.startswith("blob:")] == []
    picture_of(page, "1280")
    context.close()


def test_it_is_used_by_keyboard_on_a_telephone_in_the_dark_and_by_camera(address, browser, tmp_path):
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark",
                                  permissions=["camera"])
    page, expect = context.new_page(), playwright.expect
    page.goto(address)
    expect(page.locator("#status")).to_have_text("Ready.", timeout=60_000)
    page.keyboard.press("Tab")
    assert page.locator("#files").evaluate("input => input === document.activeElement")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the camera
    expect(page.locator("#seen")).to_contain_text("1 shows", timeout=60_000)
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("The camera is off.")
    # Stored on its side: upright, its bright squares are where the face is.
    turned = photograph([(TOP + 40 * y, WIDTH - LEFT - 40 - 40 * x) for x in range(3) for y in range(3)], (480, 640),
                        "JPEG", exif=6, quality=95)
    (tmp_path / "turned.jpg").write_bytes(turned)
    page.set_input_files("#files", [tmp_path / "turned.jpg"])
    expect(page.locator("#status")).to_have_text("1 photograph read.", timeout=60_000)
    assert page.locator("li").all_inner_texts()[0].startswith("shows bright")
    page.get_by_role("button", name="Clear").click()
    (tmp_path / "turned.jpg").unlink()
    (tmp_path / "a photograph of a long name that has no end.png").write_bytes(photograph([(9, 9)]))
    page.set_input_files("#files", list(tmp_path.iterdir()))
    expect(page.locator("#status")).to_have_text("1 photograph read.", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 24, 26)"
    picture_of(page, "390")
    context.close()


def test_landmarks_are_measured_in_the_page_as_by_the_program(browser, tmp_path):
    pytest.importorskip("tf2onnx")
    pytest.importorskip("ai_edge_litert")
    bundle, model = landmark_bundle(tmp_path / "face_landmarker.task"), model_of_landmarks()
    pixels = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 12) * 2
    (tmp_path / "photograph.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    # The square is a fifth larger than the face.
    box = pixel_box((LEFT / WIDTH, (LEFT + FACE) / WIDTH, TOP / HEIGHT, (TOP + FACE) / HEIGHT), WIDTH, HEIGHT,
                    CropPolicy(margin=0.2, square=True))
    values, _, _ = landmark_features(crop_face(pixels[..., ::-1], box), FaceLandmarker(bundle))
    expected = ExportedModel(model, "model.onnx").answers({
        f"landmark_features.{group}": values[None, columns_of([group])] for group in ("distances", "blendshapes")})
    (tmp_path / "served").mkdir()
    with served(tmp_path / "served", model, landmark_model=bundle) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        page, status = context.new_page(), playwright.expect
        page.goto(address)
        status(page.locator("#status")).to_have_text("Ready.", timeout=60_000)
        page.set_input_files("#files", [tmp_path / "photograph.png"])
        status(page.locator("#status")).to_have_text("1 photograph read.", timeout=60_000)
        with page.expect_download() as downloading:
            page.get_by_role("button", name="Save as CSV").click()
        (row,) = csv.DictReader(Path(downloading.value.path()).read_text().splitlines())
        context.close()
    np.testing.assert_allclose([float(row["first"]), float(row["second"])], expected.probabilities[0], atol=2e-3)
    assert expected.probabilities.min() > 0.02  # neither is sure, so that a wrong mesh would show
