"""What other tools read of an export: the pixels, labels and splits of the data set."""

import csv
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_dataset import labelled_entries, plain_entries, write_dataset

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import digest_bytes
from fecemo.data.variants import variants
from fecemo.stages import import_labelled
from fecemo.stages.export import ExportSettings, run
from fecemo.stages.import_labelled import ImportSettings

N = 10


@pytest.fixture
def dataset(tmp_path) -> Dataset:
    return write_dataset(tmp_path / "dataset", labelled_entries(N))


@pytest.fixture(params=["rgb", "gray", "tight"])
def variant(request):
    return variants.find(request.param)


def seen(dataset: Dataset, variant) -> dict[str, np.ndarray]:
    """The views that a network would be shown, by id; gray without its last axis."""
    views = variant.view(dataset.faces[:])
    return {face: view[..., 0] if variant.channels == 1 else view
            for face, view in zip(dataset.ids.tolist(), views, strict=True)}


def records(dataset: Dataset) -> list[dict]:
    return [dataset.record(row) for row in range(len(dataset))]


def opened(image: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image)))


def same(result: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    return result.keys() == expected.keys() and all(np.array_equal(result[face], expected[face]) for face in expected)


def test_folders_hold_the_pixels_and_their_table_the_index(dataset, variant, tmp_path):
    out = tmp_path / "out"
    run(ExportSettings(dataset=dataset.folder, variant=variant.name), out)
    with (out / "faces.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert same({line["id"]: opened((out / line["file"]).read_bytes()) for line in table}, seen(dataset, variant))
    for line, entry in zip(table, records(dataset), strict=True):
        assert line["file"] == f"{entry['split']}/{entry['label']}/{entry['id']}.png"
        assert line["sha256"] == digest_bytes((out / line["file"]).read_bytes())
        for name in ("address", "label", "split", "left", "right", "top", "bottom"):
            assert line[name] == str(entry[name])


def test_folders_are_imported_again_as_the_same_labelled_faces(dataset, tmp_path):
    run(ExportSettings(dataset=dataset.folder), tmp_path / "out")
    import_labelled.run(ImportSettings(images=tmp_path / "out"), tmp_path / "again")
    again = Dataset(tmp_path / "again")
    by_id = {Path(address).stem: row for row, address in enumerate(again.addresses.tolist())}
    rows = [by_id[face] for face in dataset.ids.tolist()]
    assert np.array_equal(again.faces[rows], dataset.faces)
    assert again.labels[rows].tolist() == dataset.labels.tolist()
    assert again.splits[rows].tolist() == dataset.splits.tolist()


def test_faces_without_labels_are_spread_over_folders(tmp_path):
    dataset = write_dataset(tmp_path / "plain", plain_entries(6))
    run(ExportSettings(dataset=dataset.folder), tmp_path / "out")
    result = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")}
    assert result == {f"images/{face[:2]}/{face}.png" for face in dataset.ids.tolist()}
    assert len({face[:2] for face in dataset.ids.tolist()}) == 6


def test_webdataset_streams_every_face_once(dataset, variant, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    run(ExportSettings(dataset=dataset.folder, format="webdataset", variant=variant.name, per_file=4), tmp_path / "out")
    tars = sorted(str(path) for path in (tmp_path / "out").glob("*.tar"))
    assert [Path(path).name for path in tars] == [
        "test-00000-of-00001.tar", "train-00000-of-00002.tar", "train-00001-of-00002.tar"]
    read = list(webdataset.WebDataset(tars, shardshuffle=False).to_tuple("__key__", "png", "json"))
    assert len(read) == N
    assert same({key: opened(image) for key, image, _ in read}, seen(dataset, variant))
    entries = {entry["id"]: entry for entry in records(dataset)}
    for key, _, description in read:
        assert json.loads(description) == entries[key]


def test_tars_hold_no_owner_and_no_date(dataset, tmp_path):
    run(ExportSettings(dataset=dataset.folder, format="webdataset", per_file=4), tmp_path / "out")
    with tarfile.open(tmp_path / "out" / "test-00000-of-00001.tar") as tar:
        members = tar.getmembers()
    test = dataset.ids[dataset.rows_in("test")].tolist()
    assert [member.name for member in members] == [f"{face}.{kind}" for face in test for kind in ("png", "json")]
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}


def test_parquet_holds_pictures_as_datasets_expects_them(dataset, variant, tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("fecemo.data.export_formats.parquet.ROW_GROUP", 3)
    run(ExportSettings(dataset=dataset.folder, format="parquet", variant=variant.name, per_file=5), tmp_path / "out")
    files = sorted((tmp_path / "out" / "data").iterdir())
    assert [path.name for path in files] == [
        "test-00000-of-00001.parquet", "train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    lines = [line for path in files for line in parquet.read_table(path).to_pylist()]
    assert same({line["id"]: opened(line["image"]["bytes"]) for line in lines}, seen(dataset, variant))
    entries = {entry["id"]: entry for entry in records(dataset)}
    for line in lines:
        image = line.pop("image")
        assert image["path"] == f"{line['id']}.png"
        assert line == entries[line["id"]]
    for path in files:
        groups = parquet.ParquetFile(path).metadata
        assert max(groups.row_group(number).num_rows for number in range(groups.num_row_groups)) <= 3
        schema = parquet.read_schema(path)
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        assert list(features) == schema.names
        assert features["image"] == {"_type": "Image"}


def test_a_jpeg_looks_the_same(dataset, tmp_path):
    run(ExportSettings(dataset=dataset.folder, image="jpeg", quality=95), tmp_path / "out")
    for entry, face in zip(records(dataset), dataset.faces, strict=True):
        picture = Image.open(tmp_path / "out" / entry["split"] / entry["label"] / f"{entry['id']}.jpg")
        assert picture.format == "JPEG"
        assert np.abs(np.asarray(picture).astype(int) - face).mean() < 2


def test_a_file_that_an_interrupted_export_completed_is_kept(dataset, tmp_path, monkeypatch):
    settings = ExportSettings(dataset=dataset.folder, format="webdataset", per_file=4)
    run(settings, tmp_path / "out")
    whole = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.tar")}
    kept = (tmp_path / "out" / "train-00000-of-00002.tar").stat().st_mtime_ns
    (tmp_path / "out" / "train-00001-of-00002.tar").unlink()
    (tmp_path / "out" / ".train-00001-of-00002.tar.77.tmp").write_bytes(b"half")
    run(settings, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.tar")} == whole
    assert (tmp_path / "out" / "train-00000-of-00002.tar").stat().st_mtime_ns == kept
    assert not list((tmp_path / "out").glob(".*.tmp"))
