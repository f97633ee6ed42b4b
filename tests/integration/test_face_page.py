"""The folder of the page that names faces in the browser: what is in it, and what cannot be made into one."""

import importlib.resources
import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from fecemo.data.receipts import digest_file, read_receipt
from fecemo.errors import InputError, ResourceError
from fecemo.imaging.landmarks import mesh, points
from fecemo.imaging.landmarks.alignment import align
from fecemo.imaging.landmarks.features import distances
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.stages import face_page
from fecemo.stages.face_page import RUNTIME_FILES, FacePageSettings
from tests.integration.landmark_stand_ins import landmark_bundle, model_of_landmarks
from tests.integration.test_serve import model_of_brightness
from tests.unit.standing_mesh import standing_mesh

onnxruntime = pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")


@pytest.fixture
def settings(tmp_path):
    for folder in ("exported", "runtime"):
        (tmp_path / folder).mkdir()
    (tmp_path / "exported" / "model.onnx").write_bytes(model_of_brightness())
    (tmp_path / "exported" / "model_card.md").write_text("# Brightness\n")
    (tmp_path / "yunet.onnx").write_bytes(model_of_brightness())
    for name in RUNTIME_FILES:
        (tmp_path / "runtime" / name).write_text(name)
    return FacePageSettings(tmp_path / "exported", tmp_path / "yunet.onnx", "Faces of 1998",
                            runtime=tmp_path / "runtime")


def test_the_folder_holds_all_that_the_page_asks_for(settings, tmp_path):
    face_page.run(settings, tmp_path / "page")
    page = tmp_path / "page"
    described = json.loads((page / "model.json").read_text())
    assert described["title"] == "Faces of 1998"
    assert described["labels"] == ["bright", "dark"]
    assert described["calibrated"] is False
    assert digest_file(page / "model.onnx") == digest_file(tmp_path / "exported" / "model.onnx")
    (entering,) = onnx.load(page / "detector.onnx").graph.input
    assert not any(axis.dim_value for axis in entering.type.tensor_type.shape.dim[2:])
    assert (page / "model_card.md").read_text() == "# Brightness\n"
    assert {path.name for path in (page / "ort").iterdir()} == set(RUNTIME_FILES)
    policy = (page / "index.html").read_text()
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    texts = [path.read_text() for path in page.glob("*.*") if path.suffix in (".html", ".css", ".js")]
    assert not [text for text in texts if "http://" in text or "https://" in text]
    before = read_receipt(page)
    face_page.run(settings, page)
    assert read_receipt(page) == before


def test_a_missing_runtime_and_no_detector_are_refused(settings, tmp_path, monkeypatch):
    (tmp_path / "runtime" / RUNTIME_FILES[2]).unlink()
    with pytest.raises(InputError, match=r"runtime: .* lacks ort-wasm-simd-threaded\.wasm"):
        face_page.run(settings, tmp_path / "page")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ResourceError, match="npm is not installed"):
        face_page.run(FacePageSettings(settings.model, settings.detector), tmp_path / "page")
    with pytest.raises(InputError, match="is no detector: expected an ONNX file"):
        face_page.of_any_size(b"no detector", "yunet.onnx")
    assert read_receipt(tmp_path / "page") is None


class TestLandmarks:
    def test_the_page_has_the_landmark_models_networks_and_all_that_its_script_asks_for(self, settings, tmp_path):
        pytest.importorskip("tf2onnx")
        pytest.importorskip("ai_edge_litert")
        (tmp_path / "exported" / "model.onnx").write_bytes(model_of_landmarks())
        bundle = landmark_bundle(tmp_path / "face_landmarker.task")
        page = tmp_path / "page"
        face_page.run(replace(settings, landmark_model=bundle), page)
        described = json.loads((page / "model.json").read_text())
        assert described["columns"] == ["landmark_features.distances", "landmark_features.blendshapes"]
        wanted = set(re.findall(r"known\.(\w+)", (page / "landmarks.js").read_text()))
        assert wanted | {"places"} <= set(described["landmarks"])
        picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
        landmarks, score = FaceLandmarker(bundle).mesh(picture)
        session = onnxruntime.InferenceSession((page / "mesh.onnx").read_bytes())
        flat, logit = session.run(None, {session.get_inputs()[0].name: picture[None].astype(np.float32) / 255})[:2]
        np.testing.assert_allclose(flat.reshape(478, 3), landmarks, atol=1e-3)
        assert 1 / (1 + np.exp(-logit.item())) == pytest.approx(score, abs=1e-5)
        session = onnxruntime.InferenceSession((page / "blendshapes.onnx").read_bytes())
        (shapes,) = session.run(None, {session.get_inputs()[0].name: landmarks[None, points.INPUT_LANDMARKS, :2].astype(
            np.float32)})
        np.testing.assert_allclose(shapes.ravel(), FaceLandmarker(bundle).blendshapes(landmarks), atol=1e-5)
        (tmp_path / "exported" / "model.onnx").write_bytes(model_of_brightness())
        face_page.run(settings, page)
        assert not (page / "mesh.onnx").exists()

    def test_what_the_page_does_not_measure_is_refused_with_the_way_out(self, settings, tmp_path):
        (tmp_path / "exported" / "model.onnx").write_bytes(model_of_landmarks(("distances", "gradients")))
        with pytest.raises(InputError, match=r"takes landmark_features\.gradients; .* model: \{gradients: 0\}, or .* "
                                             r"21_serve\.py"):
            face_page.run(settings, tmp_path / "page")
        (tmp_path / "exported" / "model.onnx").write_bytes(model_of_landmarks())
        with pytest.raises(InputError, match=r"nowhere\.task"):
            face_page.run(replace(settings, landmark_model=tmp_path / "nowhere.task"), tmp_path / "page")

    @pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on this machine")
    def test_its_script_measures_a_turned_mesh_and_cuts_a_turned_square_as_the_stage_does(self, tmp_path):
        rng = np.random.default_rng(0)
        (x, y), z = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]]), 0.3
        turn = np.array([[*x, 0], [*y, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, np.cos(z), -np.sin(z)],
                                                                   [0, np.sin(z), np.cos(z)]])
        landmarks = 90 * (standing_mesh() + rng.normal(0, 0.01, (478, 3))) @ turn.T + [100, 110, 5]
        picture = np.kron(rng.integers(0, 256, (50, 50, 3)), np.ones((4, 4, 1))).astype(np.uint8)
        region = mesh.Region(95.3, 101.7, 0.4, 280.0)
        script = importlib.resources.files("fecemo.archive") / "face_page" / "landmarks.js"
        (tmp_path / "landmarks.mjs").write_text(script.read_text())
        (tmp_path / "given.json").write_text(json.dumps({
            "known": face_page.landmark_constants(), "mesh": landmarks.tolist(), "region": vars(region),
            "picture": {"width": 200, "height": 200, "data": picture.ravel().tolist()}}))
        (tmp_path / "compare.mjs").write_text("""
            import fs from "node:fs";
            import {cut, distancesOf, regionOf, toPicture} from "./landmarks.mjs";
            const {known, mesh, picture, region} = JSON.parse(fs.readFileSync("given.json"));
            console.log(JSON.stringify({distances: Array.from(distancesOf(mesh, known)), region: regionOf(mesh, known),
              cut: Array.from(cut(picture, region, 256)), back: toPicture(mesh, region, 256)}));""")
        made = json.loads(subprocess.run(["node", "compare.mjs"], cwd=tmp_path, capture_output=True, text=True,
                                         check=True).stdout)
        np.testing.assert_allclose(made["distances"], distances(align(landmarks[None]))[0], atol=1e-6)
        assert made["region"] == pytest.approx(vars(mesh.region_of(landmarks)))
        np.testing.assert_allclose(made["back"], region.to_picture(landmarks), atol=1e-9)
        # OpenCV rounds places to 1/32 of a pixel.
        apart = np.abs(np.reshape(made["cut"], (256, 256, 3)) - region.cut(picture).astype(int))
        assert apart.max() <= 16
        assert apart.mean() < 0.5
