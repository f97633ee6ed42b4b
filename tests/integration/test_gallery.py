"""The gallery stage: what its scripts hold is what was tagged; photographs are linked, or copied where asked."""

import base64
import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from fecemo.archive.gallery import TILE
from fecemo.archive.tags import read_tags
from fecemo.data.dataset import Dataset
from fecemo.errors import InputError, StoredStateError
from fecemo.stages import gallery, tag
from fecemo.stages.gallery import GallerySettings
from fecemo.stages.tag import TagSettings
from tests.integration.archive_run import ROW, VARIANT, ArchiveRun, contents

KINDS = [0, 1, 2, 3, 4, 5, 6, 7, 0, 0]


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> ArchiveRun:
    run = ArchiveRun(tmp_path_factory.mktemp("archive")).make()
    run.photograph(KINDS)
    tag.run(TagSettings(run.dataset, run.layout.run, ROW, VARIANT), run.out)
    return run


def settings(run: ArchiveRun, **changes) -> GallerySettings:
    return GallerySettings(run.out, run.dataset, run.photos, **changes)


def variable(folder, name):
    """Return what a script sets, as Python reads it."""
    text = (folder / name).read_text(encoding="utf-8")
    return json.loads(text.partition("=")[2].rstrip().rstrip(";"))


def numbers(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def test_the_page_holds_what_was_tagged(archive, tmp_path):
    before = contents(archive.photos)
    receipt = gallery.run(settings(archive), tmp_path / "gallery")
    tags, page = read_tags(archive.out), variable(tmp_path / "gallery", "faces.js")
    assert page["n"] == len(tags) == len(KINDS)
    shares = numbers(page["shares"], np.uint8).reshape(len(tags), -1) / 255
    np.testing.assert_allclose(shares, tags.shares, atol=1 / 500)
    assert [page["classes"][code] for code in shares.argmax(axis=1)] == tags.shows.tolist()
    assert [page["photos"][place] for place in numbers(page["photo_of"], "<u4")] == tags.photo.tolist()
    np.testing.assert_allclose(numbers(page["boxes"], "<u2").reshape(-1, 4) / 65535, tags.box, atol=1e-5)
    assert (tmp_path / "gallery" / page["folder"].replace("%20", " ")).resolve() == archive.photos.resolve()
    assert set(receipt.outputs) >= {"index.html", "gallery.js", "gallery.css", "words.js", "sheets/0000.jpg"}
    assert contents(archive.photos) == before


def test_an_archive_ends_with_what_it_holds_and_what_is_next(archive, tmp_path, capsys):
    shutil.copytree(archive.folder, tmp_path / "larger")
    larger = ArchiveRun(tmp_path / "larger")
    larger.detect("wall.jpg,9,,64,48,1,,0,no_face,,", "again.jpg,9,,64,48,1,,0,no_face,,wall.jpg",
                  "cut.jpg,9,,0,0,1,,0,damaged_image,,")
    tag.run(TagSettings(larger.dataset, larger.layout.run, ROW, VARIANT), larger.out)
    gallery.run(settings(larger), tmp_path / "gallery")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == ("13 photographs: 10 with 10 faces, 2 without a face, 1 not read (1 damaged_image); copies of "
                       f"others: 1; each of them is in {larger.dataset / 'photos.csv'}")
    assert printed[1].startswith("shown: 3 neutral, 1 ")
    assert printed[2] == "8 groups of faces, 8 named by what they show, 0 mixed or left out"
    assert printed[3] == f"look at it: {tmp_path / 'gallery' / 'index.html'}"
    assert "make tags" in printed[4]


def test_vectors_keep_who_is_nearest(archive, tmp_path):
    gallery.run(settings(archive), tmp_path / "gallery")
    stored = variable(tmp_path / "gallery", "vectors.js")
    vectors = numbers(stored["vectors"], np.int8).reshape(-1, stored["d"]).astype(float)
    exact = np.asarray(read_tags(archive.out).vectors, float)
    rounded, true = (np.linalg.norm(values[:, None] - values, axis=-1) for values in (vectors, exact))
    np.testing.assert_allclose(rounded / rounded.max(), true / true.max(), atol=0.03)
    assert true.max() > 0


def test_sheets_show_the_faces_in_their_order(archive, tmp_path):
    gallery.run(settings(archive), tmp_path / "gallery")
    sheet = cv2.imread(str(tmp_path / "gallery" / "sheets" / "0000.jpg"))[:, :, ::-1].astype(float)
    faces = Dataset(archive.dataset).faces
    for place in range(len(KINDS)):
        tile = sheet[:TILE, TILE * place : TILE * (place + 1)]
        small = cv2.resize(np.asarray(faces[place]), (TILE, TILE), interpolation=cv2.INTER_AREA)
        assert np.abs(tile - small).mean() < 6


def test_copies_are_upright_and_small_and_a_photograph_that_went_is_counted(archive, tmp_path, capsys):
    photos = tmp_path / "photos"
    shutil.copytree(archive.photos, photos)
    gone = sorted(path for path in photos.rglob("*.jpg"))[0]
    gone.unlink()
    receipt = gallery.run(GallerySettings(archive.out, archive.dataset, photos, copies=True, side=80),
                          tmp_path / "gallery")
    page = variable(tmp_path / "gallery", "faces.js")
    assert receipt.summary["unreadable"] == 1
    assert "1 of which cannot be read" in capsys.readouterr().err
    assert len(page["links"]) == len(KINDS) - 1
    place, link = next((int(place), link) for place, link in page["links"].items()
                       if "5 é" in page["photos"][int(place)])
    assert Image.open(tmp_path / "gallery" / link).size == (48, 64), page["photos"][place]  # orientation 6: on its side


def test_tags_of_other_faces_are_refused(archive, tmp_path):
    with pytest.raises(StoredStateError, match="not those of"):
        gallery.run(GallerySettings(archive.out, archive.layout.dataset("target"), archive.photos),
                    tmp_path / "gallery")
    with pytest.raises(InputError, match="no folder"):
        GallerySettings(archive.out, archive.dataset, tmp_path / "nowhere")
