"""A row of a run as one file: the same answers as by Keras, from faces of any size, by onnxruntime alone."""

import importlib.util
import json
import os
import resource
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest

import fecemo
from fecemo.data.durable import output_lock
from fecemo.data.receipts import read_receipt
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.stages import export_model
from fecemo.stages.export_model import ModelExportSettings
from fecemo.stages.exported_model import ExportedModel
from fecemo.stages.run_readout import RunReadout
from tests.integration.archive_run import CLASSIFIER, ROW, VARIANT, ArchiveRun, contents, face

pytest.importorskip("tf2onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run = ArchiveRun(tmp_path_factory.mktemp("exported")).make()
    export_model.run(ModelExportSettings(run.layout.run, ROW, VARIANT, formats=("int8",), recipe=run.recipe),
                     run.folder / "file")
    return run


def pictures(side):
    """Faces of the eight kinds, of another size."""
    from fecemo.imaging.resize import resize

    return np.stack([resize(face(kind, kind), side, side) for kind in range(8)])


def test_plain_onnxruntime_names_faces_of_any_size(made):
    session = onnxruntime.InferenceSession((made.folder / "file" / "model.onnx").read_bytes())
    assert [(value.name, value.type, value.shape) for value in session.get_inputs()] == [
        ("image", "tensor(uint8)", ["n", "height", "width", 3])]
    for side in (64, 200, 431):
        shares, embedding, names = session.run(["probabilities", "embedding", "name"], {"image": pictures(side)})
        assert names.tolist() == list(EMOTIONS)
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])
    assert [labels[best] for best in shares.argmax(axis=1)] == list(EMOTIONS)
    run = fecemo.open_run(made.layout.run)
    np.testing.assert_allclose(embedding, run.encoder(ROW, VARIANT).transform(pictures(431)), atol=1e-3)


def test_a_picture_that_is_not_square_keeps_the_square_in_its_middle(made):
    exported = ExportedModel.read(made.folder / "file")
    wide = np.zeros((8, 200, 301, 3), np.uint8)
    wide[:, :, 50:250] = pictures(200)
    np.testing.assert_allclose(exported.answers({"image": wide}).probabilities,
                               exported.answers({"image": pictures(200)}).probabilities, atol=1e-6)


def test_the_card_says_what_is_known(made):
    card = json.loads((made.folder / "file" / "model_card.json").read_text())
    assert card["labels"] == list(EMOTIONS)
    assert {name: stated["learnt_from"] for name, stated in card["data"].items()} == {"source": True, "target": False}
    assert card["calibration"]["labels"] == 80
    float_file, eight_bits = card["files"]
    assert float_file["n"] == 160
    assert float_file["gap"] < 1e-4
    assert float_file["same"] == 1
    assert eight_bits["n_bytes"] < float_file["n_bytes"] / 3
    # Every tenth label is another than the face shows; of the test split's eighty, by the mean over classes:
    shown = np.array([EMOTIONS[row % 8] for row in range(80, 160)])
    truth = np.array([EMOTIONS[row % 8] if row % 10 else EMOTIONS[(row + 1) % 8] for row in range(80, 160)])
    balanced = np.mean([(shown == truth)[truth == label].mean() for label in EMOTIONS])
    assert card["int8"] == {"n": 80, "split": "test", "onnx": pytest.approx(balanced), "int8": pytest.approx(balanced)}
    text = (made.folder / "file" / "model_card.md").read_text()
    assert "not what a person feels" in text
    assert "licence not stated" in text


def test_an_equal_export_does_nothing(made, capsys):
    before = contents(made.folder / "file")
    export_model.run(ModelExportSettings(made.layout.run, ROW, VARIANT, formats=("int8",), recipe=made.recipe),
                     made.folder / "file")
    assert "already done" in capsys.readouterr().err
    assert contents(made.folder / "file") == before


def test_nothing_is_written_where_answers_differ_the_disk_is_full_or_another_writes(made, tmp_path, monkeypatch):
    settings = ModelExportSettings(made.layout.run, ROW, VARIANT, formats=("onnx",))
    with output_lock(tmp_path / "held"), pytest.raises(StoredStateError, match="another process"):
        export_model.run(settings, tmp_path / "held")
    limit, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    monkeypatch.setattr(export_model, "_converted", lambda *arguments: resource.setrlimit(
        resource.RLIMIT_FSIZE, (1_000, limit[1])))
    stored = (made.folder / "file" / "model.onnx").read_bytes()
    monkeypatch.setattr(export_model, "finish_onnx", lambda *arguments: stored)
    try:
        with pytest.raises(ResourceError, match="larger than is allowed"):
            export_model.run(settings, tmp_path / "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    monkeypatch.setattr(export_model, "_converted", lambda *arguments: None)
    answers_of = ExportedModel.answers
    monkeypatch.setattr(ExportedModel, "answers", lambda *arguments: replace(
        answers := answers_of(*arguments), probabilities=answers.probabilities + 2e-4))
    with pytest.raises(StoredStateError, match=r"differ by up to 2\.\de-04"):
        export_model.run(settings, tmp_path / "other")
    for name in ("held", "full", "other"):
        assert read_receipt(tmp_path / name) is None
        assert not list((tmp_path / name).glob("model*"))


def test_a_classifier_answers_as_by_keras_and_embeds_what_enters_its_last_layer(made, tmp_path):
    litert = importlib.util.find_spec("ai_edge_litert") is not None
    export_model.run(ModelExportSettings(made.layout.run, CLASSIFIER, VARIANT, ("litert",) if litert else ()),
                     tmp_path / "file")
    answers = ExportedModel.read(tmp_path / "file").answers({"image": pictures(200)})
    classifier = fecemo.open_run(made.layout.run).classifier(CLASSIFIER, VARIANT)
    assert answers.names.tolist() == classifier.predict(pictures(200)).tolist()
    assert answers.embedding.shape == (8, classifier.config.dense)
    assert (tmp_path / "file" / "model.tflite").exists() == litert
    if litert:
        phone = ExportedModel((tmp_path / "file" / "model.tflite").read_bytes(), "model.tflite", classifier.classes_)
        np.testing.assert_allclose(phone.answers({"image": pictures(200)}).probabilities, answers.probabilities,
                                   atol=1e-5)


def test_a_face_of_a_cluster_without_a_name_has_none(made, tmp_path):
    from fecemo.training.portable import SharesOfClusters

    layer = SharesOfClusters(np.array([[0, 0], [2, 0], [0, 4]], np.float32), ("sad", "", "happy"),
                             ("neutral", "happy", "sad"), 0.5)
    shares = np.asarray(layer(np.array([[0.5, 0], [1.5, 0]], np.float32)))
    near, far = 0.5, np.hypot(0.5, 4)  # to the centres called sad and happy; the nearest other of sad is at 1.5
    sad, happy = (1.5 - near) / 2, (near - far) / (near + far)
    np.testing.assert_allclose(shares[0], [0, *np.exp([happy / 0.5, sad / 0.5]) / np.exp([happy / .5, sad / .5]).sum()],
                               rtol=1e-5)
    np.testing.assert_array_equal(shares[1], 0)


@pytest.mark.parametrize("name", ["rgb", "gray", "tight", "aligned"])
def test_pixels_enter_as_in_training(name):
    from fecemo.data.variants import variants
    from fecemo.training.device_view import DeviceView
    from fecemo.training.portable import PortableView

    variant = variants.find(name)
    faces = np.random.default_rng(1).integers(0, 256, (2, *variant.face_shape), np.uint8)
    for side in (variant.side, variant.side * 48 // 200):
        np.testing.assert_allclose(PortableView(variant, side).call(faces), DeviceView(variant, side).call(faces),
                                   atol=1e-4)


def test_divided_clusters_and_another_backend_are_refused_with_the_way_out(made, tmp_path, monkeypatch):
    settings = ModelExportSettings(made.layout.run, ROW, VARIANT, formats=("int8",))
    readout = RunReadout(fecemo.open_run(made.layout.run), ROW, VARIANT)
    readout.names = replace(readout.names, divided={"3": "digest"})
    monkeypatch.setattr(export_model, "RunReadout", lambda *arguments: readout)
    with pytest.raises(InputError, match="the clusters 3 are divided into halves"):
        export_model.run(settings, tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(ResourceError, match="this process runs it on jax; run pipelines/20_export_model"):
        export_model.run(settings, tmp_path)
    installed = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else installed(name))
    with pytest.raises(ResourceError, match=r"whatever backend trained it, .* pip install -e .*\[tensorflow,onnx\]"):
        export_model.run(settings, tmp_path)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_process_in_which_keras_is_not_imported_yet_exports_what_any_backend_trained(backend, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    export_model._require_backend()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_descriptions_of_pictures_are_refused_also_behind_another_row(made, tmp_path, monkeypatch):
    readout = RunReadout(fecemo.open_run(made.layout.run), ROW, VARIANT)
    described = replace(readout.model, config={**readout.model.config, "approach": "symmetric_hog"})
    monkeypatch.setattr(RunReadout, "models", {ROW: readout.model, "hog": described})
    with pytest.raises(InputError, match="hog gray is symmetric_hog, which no network of this project computes, "
                                         "and dense_autoencoder gray is made of it"):
        export_model.run(ModelExportSettings(made.layout.run, ROW, VARIANT, formats=("int8",)), tmp_path)


def test_what_no_file_can_hold_and_no_reader_reads_is_refused(made, tmp_path):
    with pytest.raises(InputError, match="opset must be 13 to 18, not 9"):
        ModelExportSettings(made.layout.run, ROW, VARIANT, opset=9)
    with pytest.raises(InputError, match="20_export_model"):
        ExportedModel.read(tmp_path)
    with pytest.raises(InputError, match=r"mine\.onnx is no network that onnxruntime"):
        ExportedModel(b"no model", "mine.onnx")
    import onnx

    model = onnx.load(made.folder / "file" / "model.onnx")
    model.opset_import[0].version = 999
    with pytest.raises(InputError, match=r"newer\.onnx .* export with an older --opset"):
        ExportedModel(model.SerializeToString(), "newer.onnx")
