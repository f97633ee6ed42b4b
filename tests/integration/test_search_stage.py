"""Searching tagged photographs by words and by example."""

import csv
import shutil

import cv2
import numpy as np
import pyarrow.parquet
import pytest
from marked_photographs import MarkDetector, photograph, write

from fecemo.archive.sidecar import read_sidecar
from fecemo.archive.tags import read_tags
from fecemo.data.dataset import Dataset
from fecemo.data.detect_settings import DetectSettings
from fecemo.data.receipts import digest_file
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, StoredStateError
from fecemo.imaging.detect import Detections
from fecemo.stages import align, row_columns, search, tag
from fecemo.stages.detect import detect_faces
from fecemo.stages.search import SearchSettings
from fecemo.stages.tag import TagSettings
from fecemo.study.layout import RunLayout
from tests.integration.archive_run import ROW, VARIANT, ArchiveRun, contents, face
from tests.integration.measured_faces import Brightness, measure_again

KINDS = [0, 1, 2, 3, 4, 5, 6, 7, 1, 1]
"""The second is happy, and so are the last two."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> ArchiveRun:
    run = ArchiveRun(tmp_path_factory.mktemp("archive")).make()
    run.photograph(KINDS)
    tag.run(TagSettings(run.dataset, run.layout.run, ROW, VARIANT), run.out)
    return run


def hits(folder) -> list[dict[str, str]]:
    with (folder / "hits.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_words_find_faces_that_show_what_they_mean(archive, tmp_path, capsys):
    search.run(SearchSettings(archive.out, find="cheerful bicycle", top=3, parquet=True), tmp_path)
    tags = read_tags(archive.out)
    result = hits(tmp_path)
    assert {line["shows"] for line in result} == {"happy"}
    assert [float(line["score"]) for line in result] == sorted((float(line["score"]) for line in result), reverse=True)
    printed = capsys.readouterr().err
    assert "'bicycle' is not known" in printed
    assert "3 called happy, of 10 faces; by cheerful" in printed
    sheet = cv2.imread(str(tmp_path / "hits.png"))
    assert sheet.shape == (100, 300, 3)
    table = pyarrow.parquet.read_table(tmp_path / "tags.parquet")
    assert table.column("id").to_pylist() == tags.id.tolist()
    np.testing.assert_array_equal(np.stack(table.column("vector").to_numpy()), tags.vectors)


def test_faces_that_are_called_so_come_first_and_the_sheet_and_the_table_divide_them(archive, tmp_path, capsys):
    search.run(SearchSettings(archive.out, find="happy", less_alike=0), tmp_path)
    result = hits(tmp_path)
    assert len(result) == len(KINDS)
    assert [line["called"] for line in result] == ["yes"] * 3 + ["no"] * 7
    assert [line["shows"] == "happy" for line in result] == [line["called"] == "yes" for line in result]
    assert "3 called happy; below: 7 less alike, of 10 faces; by happy" in capsys.readouterr().err
    sheet = cv2.imread(str(tmp_path / "hits.png"))
    assert sheet.shape == (100 + 28 + 100, 700, 3)  # a row, a heading, a row
    assert (np.median(sheet[100:128]), sheet[100:128].min() < 50) == (255, True)  # dark on white
    search.run(SearchSettings(archive.out, find="happy", top=2), tmp_path)
    assert "2 of 3 called happy, of 10 faces" in capsys.readouterr().err
    search.run(SearchSettings(archive.out, find="happy"), tmp_path)  # nobody else is half as happy
    assert len(hits(tmp_path)) == 3
    with pytest.raises(InputError, match="'not happy' says what a face is not to show"):
        search.run(SearchSettings(archive.out, find="not happy"), tmp_path)


def test_an_example_finds_its_like(archive, tmp_path):
    search.run(SearchSettings(archive.out, like="8 é.jpg", top=2), tmp_path)
    assert {line["called"] for line in hits(tmp_path)} == {""}
    assert {line["photo"] for line in hits(tmp_path)} == {"b & <c>/1 é.jpg", "b & <c>/9 é.jpg"}
    search.run(SearchSettings(archive.out, like="8 é.jpg", top=2, until="2015"), tmp_path)
    assert hits(tmp_path)[0]["photo"] == "b & <c>/1 é.jpg"
    with pytest.raises(InputError, match=r"there is no such file; did you mean .*8 é\.jpg"):
        search.run(SearchSettings(archive.out, like="8.jpg"), tmp_path)
    with pytest.raises(InputError, match=r"8 é\.jpg shows 1 faces, there is no face 2"):
        search.run(SearchSettings(archive.out, like="8 é.jpg", face=2), tmp_path)


class BrightSquares:
    """Finds the faces of `ArchiveRun`, where they lie in a black photograph."""

    def detect(self, photograph):
        lefts = [left for left in range(0, photograph.shape[1], 250) if photograph[:, left + 20].any()]
        boxes = np.array([(left, left + 200, 30, 230) for left in lefts], float).reshape(-1, 4)
        return Detections(boxes, np.zeros((len(lefts), 5, 2)) + boxes[:, :1, None], np.full(len(lefts), 0.9))


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """A photograph outside of the archive with some kinds of faces side by side, and a detector that finds them."""
    (tmp_path / "detector.onnx").write_bytes(b"no network is asked")
    monkeypatch.setattr(row_columns, "load_yunet", lambda *_: None)
    monkeypatch.setattr(row_columns, "FaceDetector", lambda *_: BrightSquares())

    def written(name, kinds):
        picture = np.zeros((260, 1000, 3), np.uint8)
        for place, kind in enumerate(kinds):
            picture[30:230, 250 * place : 250 * place + 200] = face(kind, kind)
        cv2.imwrite(str(tmp_path / name), picture)
        return str(tmp_path / name)

    return written


def test_a_photograph_of_elsewhere_finds_its_like(archive, strange, tmp_path):
    def like(path, **more):
        search.run(SearchSettings(archive.out, like=path, detector=tmp_path / "detector.onnx", **more),
                   tmp_path / "hits")
        return [line["shows"] for line in hits(tmp_path / "hits")]

    happy = strange("new.png", [1])
    assert like(happy, top=3) == ["happy"] * 3
    distance = float(hits(tmp_path / "hits")[0]["score"])
    assert abs(distance) < 1e-3  # it is cut out as the data set says, and is then a tagged one
    strange("new.png", [2])  # another photograph of that name
    assert like(happy, top=1) == [EMOTIONS[2]]
    several = strange("several.png", [2, 1, 3])
    with pytest.raises(InputError, match=r"shows 3 faces, expected one; name one of them with --face, from left to "
                                         r"right \(left, right, top, bottom\): 1 at 0\.00, 0\.20, 0\.12, 0\.88; 2 at"):
        like(several)
    assert like(several, face=2, top=3) == ["happy"] * 3
    with pytest.raises(InputError, match="shows 3 faces, there is no face 4"):
        like(several, face=4)
    with pytest.raises(InputError, match="shows no face of at least 32 pixels"):
        like(strange("wall.png", []))
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(InputError, match=r"text\.jpg: not_an_image"):
        like(str(tmp_path / "text.jpg"))
    with pytest.raises(InputError, match=r"there is no model .*none\.onnx"):
        search.run(SearchSettings(archive.out, like=happy, detector=tmp_path / "none.onnx"), tmp_path / "hits")


class Asked:
    """Stands in for a row that takes all that can be derived from a face."""

    title = "a row"
    columns = ("cut", "aligned", "landmark_features", "landmark_features.blendshapes")


def test_what_enters_a_row_of_a_single_photograph_is_what_the_stages_make(tmp_path, monkeypatch):
    detector, model = tmp_path / "detector.onnx", tmp_path / "model.task"
    detector.write_bytes(b"no network is asked")
    model.write_bytes(b"nor here")
    monkeypatch.setattr(row_columns, "load_yunet", lambda *_: None)
    monkeypatch.setattr(row_columns, "FaceDetector", lambda *_: MarkDetector())
    monkeypatch.setattr(row_columns, "FaceLandmarker", lambda *_: Brightness())
    write(tmp_path / "photos" / "a.png", photograph(1))
    layout = RunLayout(tmp_path / "run")
    dataset = layout.dataset("photos")
    detect_faces(DetectSettings(tmp_path / "photos", margin=0.4), dataset, MarkDetector, digest_file(detector))
    for by_mesh in (True, False):
        features = layout.column("photos", "landmark_features")
        measure_again(layout, "photos", model)
        align.run(align.AlignSettings(dataset, features if by_mesh else None), layout.column("photos", "aligned"))
        faces = row_columns.row_columns(dataset, Dataset(dataset), Asked())
        stored = row_columns.block_of_rows(faces, Asked(), np.array([0]))
        alone = row_columns.Photograph(tmp_path / "photos" / "a.png", None, detector, model).block(faces, Asked())
        assert set(stored) == {"image", *Asked.columns[1:]} == set(alone)
        for column, values in stored.items():
            np.testing.assert_array_equal(alone[column], values)
    model.write_bytes(b"another")
    with pytest.raises(InputError, match=r"landmark_model: .*were made by .* name that file with --landmark-model"):
        row_columns.Photograph(tmp_path / "photos" / "a.png", None, detector, model).block(faces, Asked())
    detector.write_bytes(b"another")
    with pytest.raises(InputError, match=r"detector: .*were made by .* name that file with --detector"):
        row_columns.Photograph(tmp_path / "photos" / "a.png", None, detector, model).block(faces, Asked())


def test_a_word_that_no_cluster_is_named_finds_nobody_and_says_so(archive, tmp_path):
    shutil.copytree(archive.folder, tmp_path / "named")
    run = ArchiveRun(tmp_path / "named")
    names = run.true_names()
    run.name({key: "neutral" if name == "fear" else name for key, name in names.items()})
    tag.run(TagSettings(run.dataset, run.layout.run, ROW, VARIANT), run.out)
    tags = read_tags(run.out)
    assert not tags.shares[:, tags.description.classes.index("fear")].any()
    np.testing.assert_allclose(tags.shares.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(InputError, match=r"'fear' asks for fear, and no cluster is named so; named are neutral, happy"):
        search.run(SearchSettings(run.out, find="fear"), tmp_path / "hits")
    search.run(SearchSettings(run.out, find="fear, happy"), tmp_path / "hits")
    assert hits(tmp_path / "hits")[0]["shows"] == "happy"


def test_sidecars_of_the_hits_alone(archive, tmp_path):
    shutil.copytree(archive.photos, tmp_path / "photos")
    before = contents(tmp_path / "photos")
    search.run(SearchSettings(archive.out, find="happy", top=3, sidecars=True, threshold=0.3,
                              photos=tmp_path / "photos"), tmp_path / "hits")
    after = contents(tmp_path / "photos")
    assert {name for name in after if name not in before} == {
        "8 é.jpg.xmp", "b & <c>/1 é.jpg.xmp", "b & <c>/9 é.jpg.xmp"}
    assert read_sidecar(tmp_path / "photos" / "8 é.jpg.xmp").keywords["dc:subject"] == ["shows: happy"]


def test_tags_of_names_that_changed_are_stale(archive, tmp_path):
    shutil.copytree(archive.folder, tmp_path / "moved")
    moved = ArchiveRun(tmp_path / "moved")
    tag.run(TagSettings(moved.dataset, moved.layout.run, ROW, VARIANT), moved.out)
    moved.name({**moved.true_names(), "0": "not a face"})
    with pytest.raises(StoredStateError, match="stale: the names of the run changed since"):
        search.run(SearchSettings(moved.out, find="happy"), tmp_path / "hits")
    tag.run(TagSettings(moved.dataset, moved.layout.run, ROW, VARIANT), moved.out)
    moved.photograph([5], start=10)
    with pytest.raises(StoredStateError, match=r"the faces in .* changed since"):
        search.run(SearchSettings(moved.out, find="happy"), tmp_path / "hits")


@pytest.mark.parametrize(("changes", "words"), [
    ({}, "either find"), ({"find": "happy", "like": "x"}, "either find"), ({"find": "xyzzy"}, "not known"),
    ({"find": "happy", "top": 0}, "top"), ({"find": "happy", "sidecars": True}, "photos"),
    ({"find": "happy", "less_alike": 2}, "less_alike must be in"),
])
def test_mistakes_are_named(archive, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        search.run(SearchSettings(archive.out, **changes), tmp_path)
