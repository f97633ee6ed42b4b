"""Searching tagged photographs by words and by example."""

import csv
import shutil

import cv2
import numpy as np
import pyarrow.parquet
import pytest

from fecemo.archive.sidecar import read_sidecar
from fecemo.archive.tags import read_tags
from fecemo.errors import InputError, StoredStateError
from fecemo.stages import search, tag
from fecemo.stages.search import SearchSettings
from fecemo.stages.tag import TagSettings
from tests.integration.archive_run import ROW, VARIANT, ArchiveRun, contents

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
    found = hits(tmp_path)
    assert {line["shows"] for line in found} == {"happy"}
    assert [float(line["score"]) for line in found] == sorted((float(line["score"]) for line in found), reverse=True)
    assert "'bicycle' is not known" in capsys.readouterr().err
    sheet = cv2.imread(str(tmp_path / "hits.png"))
    assert sheet.shape == (100, 300, 3)
    table = pyarrow.parquet.read_table(tmp_path / "tags.parquet")
    assert table.column("id").to_pylist() == tags.id.tolist()
    np.testing.assert_array_equal(np.stack(table.column("vector").to_numpy()), tags.vectors)


def test_an_example_finds_its_like(archive, tmp_path):
    search.run(SearchSettings(archive.out, like="8 é.jpg", top=2), tmp_path)
    assert {line["photo"] for line in hits(tmp_path)} == {"b & <c>/1 é.jpg", "b & <c>/9 é.jpg"}
    search.run(SearchSettings(archive.out, like="8 é.jpg", top=2, until="2015"), tmp_path)
    assert hits(tmp_path)[0]["photo"] == "b & <c>/1 é.jpg"
    with pytest.raises(InputError, match=r"did you mean .*8 é\.jpg"):
        search.run(SearchSettings(archive.out, like="8.jpg"), tmp_path)


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
])
def test_mistakes_are_named(archive, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        search.run(SearchSettings(archive.out, **changes), tmp_path)
