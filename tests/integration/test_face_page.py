"""The folder of the page that names faces in the browser: what is in it, and what cannot be made into one."""

import json

import pytest

from fecemo.data.receipts import digest_file, read_receipt
from fecemo.errors import InputError, ResourceError
from fecemo.stages import face_page
from fecemo.stages.face_page import RUNTIME_FILES, FacePageSettings
from tests.integration.test_serve import model_of_brightness

pytest.importorskip("onnxruntime")
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


def test_a_row_that_takes_more_than_faces_and_a_missing_runtime_are_refused(settings, tmp_path, monkeypatch):
    (tmp_path / "runtime" / RUNTIME_FILES[2]).unlink()
    with pytest.raises(InputError, match=r"runtime: .* lacks ort-wasm-simd-threaded\.wasm"):
        face_page.run(settings, tmp_path / "page")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ResourceError, match="npm is not installed"):
        face_page.run(FacePageSettings(settings.model, settings.detector), tmp_path / "page")
    with pytest.raises(InputError, match="is no detector: expected an ONNX file"):
        face_page.of_any_size(b"no detector", "yunet.onnx")
    measured = finish_of_columns('["landmark_features.distances"]')
    (tmp_path / "exported" / "model.onnx").write_bytes(measured)
    with pytest.raises(InputError, match=r"takes landmark_features\.distances; the page has faces"):
        face_page.run(settings, tmp_path / "page")
    assert read_receipt(tmp_path / "page") is None


def finish_of_columns(columns):
    model = onnx.load_from_string(model_of_brightness())
    onnx.helper.set_model_props(model, {"labels": '["bright", "dark"]', "columns": columns})
    return model.SerializeToString()
