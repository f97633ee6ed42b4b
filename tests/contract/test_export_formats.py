"""What holds for every format of export, also for one that is added tomorrow."""

import importlib
import os
import signal
from pathlib import Path

import pytest
from small_dataset import labelled_entries, plain_entries, write_dataset

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.export_formats import ExportFormat, export_formats
from fecemo.data.receipts import RECEIPT_NAME, read_receipt
from fecemo.data.variants import dataset_variants
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.imaging import encode
from fecemo.stages import export
from fecemo.stages.export import ExportSettings, run

N = 12
PER_FILE = 3


@pytest.fixture(params=list(export_formats()))
def format(request):
    result = export_formats.find(request.param)
    for package in result.needs:
        pytest.importorskip(package)
    return result


@pytest.fixture
def dataset(tmp_path) -> Dataset:
    return write_dataset(tmp_path / "dataset", labelled_entries(N))


def settings_for(dataset: Dataset, format: ExportFormat, **changes) -> ExportSettings:
    return ExportSettings(dataset=dataset.folder, format=format.name, per_file=PER_FILE, **changes)


def contents(folder: Path) -> dict[str, bytes]:
    """What an export wrote; a receipt also holds times."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name not in (".lock", RECEIPT_NAME)}


def test_the_issued_formats_are_found():
    assert set(export_formats()) >= {"folders", "webdataset", "parquet"}


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'webdataset'"):
        export_formats.find("webdatasets")


def test_a_format_is_named_as_its_file_and_says_what_it_is(format):
    assert isinstance(format, ExportFormat)
    assert importlib.import_module(f"fecemo.data.export_formats.{format.name}").EXPORT_FORMAT is format
    assert 10 < len(format.about) < 100


@pytest.mark.parametrize("variant", dataset_variants().values(), ids=dataset_variants())
@pytest.mark.parametrize("image", ["png", "jpeg"])
def test_the_very_bytes_of_every_image_are_in_the_files(format, variant, image, dataset, tmp_path):
    run(settings_for(dataset, format, variant=variant.name, image=image, quality=80), tmp_path / "out")
    written = b"".join(contents(tmp_path / "out").values())
    quality = 80 if image == "jpeg" else None
    for face, view in zip(dataset.ids.tolist(), variant.view(dataset.faces[:]), strict=True):
        assert encode.encode_image(view, image, quality) in written
        assert face.encode() in written


def test_equal_faces_give_equal_files_with_any_number_of_threads(format, dataset, tmp_path):
    first = run(settings_for(dataset, format), tmp_path / "first")
    second = run(settings_for(dataset, format, threads=1), tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert first.digest == second.digest
    assert first.summary == {"faces": N, "labels": {"happy": 6, "sad": 6}, "splits": {"test": 4, "train": 8}}


@pytest.mark.parametrize("after", [0, 1, 7, N - 1])
def test_killed_it_ends_with_the_files_of_an_unbroken_export(format, after, dataset, tmp_path, monkeypatch):
    run(settings_for(dataset, format), tmp_path / "unbroken")
    encoded = []

    def killing(*arguments):
        encoded.append(1)
        if len(encoded) > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)

    original = encode.encode_image
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(export, "encode_image", killing)
        monkeypatch.setattr(export, "CHUNK", 1)
        run(settings_for(dataset, format, threads=1), tmp_path / "broken")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert read_receipt(tmp_path / "broken") is None
    run(settings_for(dataset, format), tmp_path / "broken")
    assert contents(tmp_path / "broken") == contents(tmp_path / "unbroken")


def test_stopped_by_hand_it_is_not_taken_for_whole_and_done_it_is_not_done_again(format, dataset, tmp_path,
                                                                                 monkeypatch):
    def stopping(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(export, "encode_image", stopping)
        with pytest.raises(KeyboardInterrupt):
            run(settings_for(dataset, format), tmp_path / "out")
    assert read_receipt(tmp_path / "out") is None
    run(settings_for(dataset, format), tmp_path / "out")
    with monkeypatch.context() as broken:
        broken.setattr(export, "encode_image", stopping)
        run(settings_for(dataset, format), tmp_path / "out")


def test_nothing_that_it_did_not_write_is_touched(format, dataset, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "faces.csv").write_text("my own\n")
    with pytest.raises(StoredStateError, match=r"holds what no export wrote \(faces.csv\)"):
        run(settings_for(dataset, format), tmp_path / "mine")
    with pytest.raises(StoredStateError, match="holds what no export wrote"):
        run(settings_for(dataset, format), dataset.folder)
    assert contents(tmp_path / "mine") == {"faces.csv": b"my own\n"}
    with pytest.raises(ResourceError, match="there is a file where a folder is needed"):
        run(settings_for(dataset, format), tmp_path / "mine" / "faces.csv")
    run(settings_for(dataset, format), tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(StoredStateError, match="an export of other faces, or one with other settings"):
        run(settings_for(dataset, format, variant="gray"), tmp_path / "out")
    other = write_dataset(tmp_path / "other", plain_entries(N))
    with pytest.raises(StoredStateError, match="an export of other faces"):
        run(settings_for(other, format), tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert read_receipt(tmp_path / "out") is not None


@pytest.mark.parametrize("place", ["../../out", "a/b", "", ".hidden", "x\n"])
def test_a_dataset_from_anybody_leads_nowhere_else(format, place, tmp_path):
    entries = FaceEntry(place, "u"), FaceEntry("0" * 32, "u", annotations={"label": "happy", "split": place})
    refusals = "cannot be part of a file's name", "row 0 has the split"
    for number, (entry, refusal) in enumerate(zip(entries, refusals, strict=True)):
        if not place and number:
            continue  # no split is a split
        hostile = write_dataset(tmp_path / f"data set {number}", [entry])
        with pytest.raises(StoredStateError, match=refusal):
            run(settings_for(hostile, format), tmp_path / f"deep/down/{number}")
    assert not (tmp_path / "out").exists()


def test_only_the_faces_that_are_asked_for(format, dataset, tmp_path):
    receipt = run(settings_for(dataset, format, splits=("test",)), tmp_path / "test")
    assert receipt.summary["splits"] == {"test": 4}
    written = b"".join(contents(tmp_path / "test").values())
    assert [face.encode() in written for face in dataset.ids.tolist()] == (dataset.splits == "test").tolist()
    assert run(settings_for(dataset, format, limit=5), tmp_path / "five").summary["faces"] == 5
    mixed = write_dataset(tmp_path / "mixed", labelled_entries(3) + plain_entries(300)[290:])
    assert run(settings_for(mixed, format, labelled=True), tmp_path / "labelled").summary["faces"] == 3
    assert run(settings_for(mixed, format), tmp_path / "all").summary["faces"] == 13


def test_what_cannot_be_meant_is_refused_before_anything_is_written(format, dataset, tmp_path, monkeypatch):
    plain = write_dataset(tmp_path / "plain", plain_entries(2))
    refusals = [(dict(splits=("tset",)), dataset, "did you mean 'test'"),
                (dict(splits=("test",)), plain, "has no splits"), (dict(labelled=True), plain, "no labelled face"),
                (dict(variant="grey"), dataset, "did you mean 'gray'")]
    for changes, of, message in refusals:
        with pytest.raises(InputError, match=message):
            run(settings_for(of, format, **changes), tmp_path / "out")
    for changes in (dict(quality=0), dict(quality=101), dict(limit=0), dict(per_file=0), dict(threads=0)):
        with pytest.raises(ValueError, match=next(iter(changes))):
            ExportSettings(dataset=dataset.folder, **changes)
    if format.needs:
        monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(ResourceError, match=rf"needs {format.needs[0]}: .* pip install -e .*\[export\]"):
            run(settings_for(dataset, format), tmp_path / "out")
    assert not (tmp_path / "out").exists()
