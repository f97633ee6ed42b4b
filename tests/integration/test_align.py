"""Aligned faces, from the data set to what networks see: with a stand-in for the landmark model."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from study_workflow import dry_run

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.data.receipts import read_receipt
from fecemo.data.variants import variants
from fecemo.drawn import draw_face, sample_face
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, StoredStateError
from fecemo.imaging.landmarks import alignment as picture
from fecemo.imaging.landmarks import points, quarters
from fecemo.imaging.landmarks.alignment import STANDARD_HEAD
from fecemo.imaging.landmarks.mesh import MIDDLE, find_mesh
from fecemo.stages import align, embed, train
from fecemo.stages.align import AlignSettings
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.export import ExportSettings
from fecemo.stages.export import run as export
from fecemo.stages.landmarks import LandmarkSettings, extract_features
from fecemo.study.faces.columns import read_column
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import renew_receipt

FACES = 11
UNSURE = [2, 7]
"""Rows of black faces, of which the stand-in is not sure."""
RECIPE = """
name: aligned
title: Aligned faces
seed: 3
face_side: 40
datasets: {source: {fetch: {faces: nowhere.csv}}, target: {import: {images: nowhere}}}
roles: {source: source, target: target}
variants: [gray, aligned, quarters]
landmark_model: MODEL
approaches:
  conv_autoencoder:
    model: {filters: [4], pools: [2]}
    fit: {reconstruct: {loss: binary_crossentropy, optimizer: adam, learning_rate: 1.0e-3, epochs: 1, batch_size: 4}}
"""


class Tilting:
    """Stands in for a landmark model: the brighter the crop, the more it takes the head to be tilted."""

    def __init__(self, more=0.0):
        self.more = more

    def mesh(self, crop):
        light = float(crop.mean()) / 255
        mesh = np.random.default_rng(0).uniform(-0.5, 0.5, (points.N_LANDMARKS, 3))
        mesh[list(STANDARD_HEAD)] = list(STANDARD_HEAD.values())
        angle = 0.3 * light + self.more
        turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        return mesh @ turn * 90 + (MIDDLE, MIDDLE, 0), 0.9 if light > 0.02 else 0.1

    def blendshapes(self, landmarks):
        return np.zeros(52, np.float32)


def write_dataset(folder, labelled):
    entries = [FaceEntry(id=f"{row:032x}", address=f"{row}.png",
                         annotations={"label": EMOTIONS[row % 8] if labelled else "",
                                      "split": "train" if labelled else ""})
               for row in range(FACES)]
    rng = np.random.default_rng(int(labelled))
    with output_lock(folder):
        writer = DatasetWriter(folder, entries)
        for row in range(FACES):
            drawn = draw_face(sample_face(rng, EMOTIONS[row % 8]))
            writer.put(row, np.zeros_like(drawn) if row in UNSURE else drawn)
        writer.finish("import" if labelled else "fetch", config={}, inputs={})
        writer.close()


def measure_and_align(layout, name, model, landmarker=Tilting):
    features = layout.column(name, "landmark_features")
    extract_features(LandmarkSettings(layout.dataset(name), model, threads=1), features, landmarker)
    return align.run(AlignSettings(layout.dataset(name), features, threads=2), layout.column(name, "aligned"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aligned")
    layout, model = RunLayout(folder / "run"), folder / "stand_in.task"
    model.write_text("no model is asked")
    (folder / "recipe.yaml").write_text(RECIPE.replace("MODEL", str(model)))
    for name in ("source", "target"):
        write_dataset(layout.dataset(name), name == "target")
        measure_and_align(layout, name, model)
    return folder, layout, model


def cell(study, variant):
    return CellArguments(study[0] / "recipe.yaml", study[1].run, "conv_autoencoder", variant)


def read(layout, name="source"):
    return read_column(layout, name, "aligned")


def test_every_face_is_aligned_in_its_row_by_its_own_eyes(study):
    _, layout, _ = study
    dataset, stored = Dataset(layout.dataset("source")), read(layout)
    eyes = np.load(layout.column("source", "landmark_features") / "eyes.npy")
    assert (stored.values.shape, stored.values.dtype) == ((FACES, 200, 200, 1), np.uint8)
    for row in range(FACES):
        np.testing.assert_allclose(eyes[row], picture.eye_middles(find_mesh(dataset.faces[row], Tilting()).landmarks),
                                   rtol=1e-5)
        middles = np.array(picture.UNSURE_EYES) if row in UNSURE else eyes[row]
        np.testing.assert_array_equal(stored.values[row], picture.aligned_picture(dataset.faces[row], middles))
    assert len(np.unique(eyes[:, 0, 1].round(3))) > FACES - len(UNSURE), "the stand-in tilts each face by itself"
    assert stored.receipt.summary == {"faces": FACES, "unsure": len(UNSURE)}
    assert stored.receipt.inputs["dataset"] == dataset.receipt.digest
    assert stored.receipt.inputs["landmark_model"] == read_receipt(layout.column("source", "landmark_features")).inputs[
        "landmark_model"]
    assert not list(layout.column("source", "aligned").glob("*.count"))


def test_a_stopped_run_goes_on_and_ends_as_an_unbroken_one(study, tmp_path, monkeypatch):
    _, layout, _ = study
    monkeypatch.setattr(align, "BLOCK", 3)
    whole, made = picture.aligned_picture, []

    def stopping(face, eyes):
        made.append(face)
        if len(made) == 8:  # in the third block
            raise KeyboardInterrupt
        return whole(face, eyes)

    monkeypatch.setattr(picture, "aligned_picture", stopping)
    features, out = layout.column("source", "landmark_features"), tmp_path / "aligned"
    settings = AlignSettings(layout.dataset("source"), features, threads=1)
    with pytest.raises(KeyboardInterrupt):
        align.run(settings, out)
    assert read_receipt(out) is None
    del made[:]
    made.extend([None] * 8)
    receipt = align.run(settings, out)
    assert len(made) == 8 + FACES - 6, "two blocks of three stood already"
    assert receipt.digest == read_receipt(layout.column("source", "aligned")).digest
    made.clear()
    assert align.run(settings, out).digest == receipt.digest
    assert not made, "nothing is aligned twice"


class WithAMouth(Tilting):
    """Takes every mouth to be half as far below the eyes as these are apart."""

    def mesh(self, crop):
        mesh, score = super().mesh(crop)
        right, left = (mesh[[outer, inner]].mean(axis=0) for outer, inner in (
            (points.RIGHT_EYE_OUTER, points.RIGHT_EYE_INNER), (points.LEFT_EYE_OUTER, points.LEFT_EYE_INNER)))
        across = (left - right)[:2] / 2
        for corner, aside in ((points.RIGHT_MOUTH_CORNER, -1), (points.LEFT_MOUTH_CORNER, 1)):
            mesh[corner, :2] = (right + left)[:2] / 2 + (-across[1], across[0]) + aside * across
        return mesh, score


def test_quarters_are_framed_by_eyes_and_mouth_and_faces_without_them_are_named(study, tmp_path):
    folder, origin, model = study
    layout = RunLayout(tmp_path / "run")
    for name in ("source", "target"):
        shutil.copytree(origin.dataset(name), layout.dataset(name))
        dataset, features = layout.dataset(name), layout.column(name, "landmark_features")
        extract_features(LandmarkSettings(dataset, model, threads=1), features, WithAMouth)
        receipt = align.run(AlignSettings(dataset, features, faces="quarters"), layout.column(name, "quarters"))
        assert receipt.summary == {"faces": FACES, "unsure": len(UNSURE)}
    column, faces = read_column(layout, "source", "quarters"), Dataset(layout.dataset("source")).faces
    eyes, mouth = (np.load(layout.column("source", "landmark_features") / f"{name}.npy") for name in ("eyes", "mouth"))
    for row in (0, UNSURE[0]):
        places = np.array(quarters.UNSURE) if row in UNSURE else np.vstack([eyes[row], mouth[row]])
        assert np.array_equal(column.values[row], quarters.quartered_picture(np.asarray(faces[row]), places))
    named = (layout.column("source", "quarters") / "not_placed.csv").read_text().splitlines()
    assert named == ["row,address", *(f"{row},{row}.png" for row in UNSURE)]
    arguments = CellArguments(folder / "recipe.yaml", layout.run, "conv_autoencoder", "quarters")
    train.run(arguments)
    assert embed.run(arguments).summary
    with pytest.raises(InputError, match="framed by the mouth too; give --landmark-features"):
        align.run(AlignSettings(layout.dataset("source"), faces="quarters"), tmp_path / "quarters")


@pytest.fixture
def copied(study, tmp_path):
    """The run with its datasets and columns, to be changed."""
    for name in ("datasets", "columns"):
        shutil.copytree(study[1].run / name, tmp_path / "run" / name)
    return RunLayout(tmp_path / "run")


class TestRefused:
    def test_other_faces_than_the_datasets(self, copied):
        shutil.rmtree(copied.dataset("source"))
        shutil.copytree(copied.dataset("target"), copied.dataset("source"))
        with pytest.raises(StoredStateError, match=r"was made from other faces than .*run the align stage again"):
            read(copied)

    def test_faces_that_were_aligned_by_other_landmarks(self, study, copied):
        features = copied.column("source", "landmark_features")
        shutil.rmtree(features)
        extract_features(LandmarkSettings(copied.dataset("source"), study[2], threads=1), features,
                         lambda: Tilting(0.2))
        with pytest.raises(StoredStateError, match="aligned by other landmarks than"):
            read(copied)
        shutil.rmtree(features)
        assert len(read(copied).values) == FACES

    def test_what_nobody_aligned_or_measured(self, copied, tmp_path):
        with pytest.raises(StoredStateError, match="the stage 'align' has not finished there"):
            read(copied, "nowhere")
        with pytest.raises(StoredStateError, match="the stage 'landmarks' has not finished there"):
            align.run(AlignSettings(copied.dataset("source"), tmp_path / "nowhere"), tmp_path / "out")
        others = copied.column("target", "landmark_features")
        with pytest.raises(StoredStateError, match="was made from other faces"):
            align.run(AlignSettings(copied.dataset("source"), others), tmp_path / "out")
        shutil.rmtree(copied.column("source", "aligned"))
        shutil.copytree(others, copied.column("source", "aligned"))
        with pytest.raises(StoredStateError, match="was written by the stage 'landmarks', expected 'align'"):
            read(copied)

    @pytest.mark.parametrize(("spoil", "message"), [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:2000]), "2000 bytes, and 440128 were written"),
        (lambda path: np.save(path, np.zeros((FACES - 1, 200, 200, 1), np.uint8)), f"has 10 rows, expected {FACES}"),
        (lambda path: np.save(path, np.zeros((FACES, 200, 200, 3), np.uint8)), r"expected uint8 of shape \(11, 200"),
    ], ids=["gone", "short", "fewer", "in colour"])
    def test_damaged_files(self, copied, spoil, message):
        folder = copied.column("source", "aligned")
        spoil(folder / "aligned.npy")
        if message.startswith(("has", "expected")):  # as if the stage had written it so
            renew_receipt(folder)
        with pytest.raises(StoredStateError, match=message):
            read(copied)

    def test_an_export_of_them_as_if_they_were_the_datasets(self, study, tmp_path):
        with pytest.raises(InputError, match=r"'aligned' shows faces that are no data set's.*Known: gray, rgb, tight"):
            export(ExportSettings(study[1].dataset("source"), variant="aligned"), tmp_path / "out")


def test_networks_see_them_and_people_see_the_datasets(study):
    _, layout, _ = study
    trained, embedded = train.run(cell(study, "aligned")), embed.run(cell(study, "aligned"))
    assert set(trained.inputs) == {"dataset of source", "aligned of source"}
    assert set(embedded.inputs) == {"model", *(
        f"{kind} of {name}" for kind in ("dataset", "aligned") for name in ("source", "target"))}
    blocks = read(layout).values.reshape(FACES, 40, 5, 40, 5, 1).mean(axis=(2, 4))
    originals = np.load(layout.model("conv_autoencoder", "aligned") / "originals.npy")
    np.testing.assert_allclose(originals, blocks, atol=0.5)
    dataset = Dataset(layout.dataset("source"))
    np.testing.assert_array_equal(variants.find("aligned").view(dataset.faces),
                                  variants.find("gray").view(dataset.faces))


def test_faces_aligned_again_make_what_was_made_from_them_stale(study, tmp_path):
    _, layout, model = study
    where = ("conv_autoencoder", "aligned")
    train.run(cell(study, "aligned"))
    embed.run(cell(study, "aligned"))
    artifacts = cell(study, "aligned").artifacts
    assert artifacts.status("outputs", *where).state == "current"
    other = tmp_path / "other.task"
    other.write_text("another model")
    try:
        measure_and_align(layout, "target", other, lambda: Tilting(0.2))
        with pytest.raises(StoredStateError, match="made from a previous version of aligned of target; run the embed"):
            artifacts.require("outputs", *where)
    finally:
        measure_and_align(layout, "target", model)


def test_cells_of_the_variant_wait_for_a_landmark_model(study, tmp_path):
    """Then each data set is measured and aligned once; cells of other variants never wait."""
    recipe, model = tmp_path / "waiting.yaml", tmp_path / "face_landmarker.task"
    document = yaml.safe_load((Path(__file__).parent / "tiny.yaml").read_text())
    document |= {"landmark_model": str(model), "variants": ["gray", "aligned"],
                 "approaches": {"conv_autoencoder": document["approaches"]["conv_autoencoder"] | {"overrides": {}}}}
    recipe.write_text(yaml.safe_dump(document))
    counts = []
    for _ in range(2):
        printed = dry_run(tmp_path, recipe, tmp_path / "run")
        counted = dict(re.findall(r"^(\w+) +(\d+)$", printed.stdout + printed.stderr, re.MULTILINE))
        counts.append([counted.get(rule) for rule in ("landmarks", "align", "cell_conv_autoencoder", "table")])
        waits = [read_recipe(recipe).waits_for("conv_autoencoder", variant) for variant in (None, "gray", "aligned")]
        if not model.exists():
            assert waits[:2] == [None, None]
            assert f"face landmark model in {model}" in waits[2]
        model.touch()
    assert counts == [[None, None, "1", "1"], ["2", "2", "2", "1"]]
    assert waits == [None, None, None]


def test_a_row_that_takes_no_pixels_does_not_ask_for_aligned_faces(study):
    text = RECIPE.replace("MODEL", str(study[2])) + "  landmark_features: {fit: {}}\n"
    path = study[0] / "landmark_features.yaml"
    path.write_text(text)
    cell_asked = CellArguments(path, study[1].run, "landmark_features", "aligned")
    assert cell_asked.cell().faces_seen == "cut"
    assert "aligned of source" not in json.dumps(train.run(cell_asked).inputs)
