"""What was exported is imported again, pixel by pixel; and sets of others in the same containers."""

import io
import json
import tarfile

import numpy as np
import pytest
from small_dataset import labelled_entries, smooth_face, write_dataset

from fecemo.data.dataset import Dataset
from fecemo.data.import_settings import ImportSettings
from fecemo.data.layouts import ReadOptions, layouts
from fecemo.errors import InputError
from fecemo.imaging.encode import encode_image
from fecemo.stages import export, import_labelled

pytest.importorskip("pyarrow")
N = 12


@pytest.mark.parametrize("form", ["webdataset", "parquet"])
def test_an_export_is_imported_again_with_its_labels_and_splits(form, tmp_path):
    first = write_dataset(tmp_path / "first", labelled_entries(N))
    export.run(export.ExportSettings(dataset=first.folder, format=form, per_file=5), tmp_path / "files")
    import_labelled.run(ImportSettings(tmp_path / "files", layout=form, annotations=("left",)), tmp_path / "second")
    second = Dataset(tmp_path / "second")
    order = np.argsort([int(np.argmin([np.abs(face.astype(int) - smooth_face(row)).sum() for row in range(N)]))
                        for face in second.faces])
    np.testing.assert_array_equal(np.asarray(second.faces)[order], first.faces)
    np.testing.assert_array_equal(second.labels[order], first.labels)
    np.testing.assert_array_equal(second.splits[order], first.splits)
    np.testing.assert_allclose(second["left"], 0.1)


def write_tar(path, files):
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_tars_of_others_have_labels_in_files_of_their_own(tmp_path):
    picture = encode_image(smooth_face(1), "png")
    write_tar(tmp_path / "train-000.tar", {
        "a/1.png": picture, "a/1.cls": b"happy\n", "a/2.JPG": picture, "a/2.txt": b"sad", "a/3.cls": b"sad",
        "a/4.png": picture, "a/4.json": b"[", "a/5.png": picture, "a/5.cls": b"hapy"})
    write_tar(tmp_path / "val-000.tar", {"b.png": picture, "b.json": json.dumps({"label": "happy"}).encode(),
                                         "c.png": picture, "c.cls": b"sad"})
    labelled = layouts.find("webdataset").read(tmp_path, ReadOptions())
    assert [(image.path, image.label, image.split) for image in labelled.images] == [
        ("train-000.tar/a/1.png", "happy", "train"), ("train-000.tar/a/2.jpg", "sad", "train"),
        ("val-000.tar/b.png", "happy", "test"), ("val-000.tar/c.png", "sad", "test")]
    assert labelled.images[0].read() == picture
    assert labelled.left_out_by_reason() == {"bad_row": 1, "not_an_image": 1, "unknown_label": 1}
    (tmp_path / "val-000.tar").write_bytes((tmp_path / "train-000.tar").read_bytes()[:700])
    with pytest.raises(InputError, match=r"val-000\.tar cannot be read as a tar"):
        layouts.find("webdataset").read(tmp_path, ReadOptions())


def test_numbers_have_the_names_of_the_files_own_schema(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    picture = encode_image(smooth_face(1), "png")
    schema = {"info": {"features": {"emotion": {"names": ["sad", "happy"], "_type": "ClassLabel"}}}}
    table = pa.table({"image": [{"bytes": picture, "path": None}] * 4, "emotion": [1, 0, 1, 7]})
    (tmp_path / "data").mkdir()
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(schema)}),
                   tmp_path / "data" / "train-00000-of-00001.parquet", row_group_size=3)
    labelled = layouts.find("parquet").read(tmp_path, ReadOptions())
    assert [image.label for image in labelled.images] == ["happy", "sad", "happy"]
    assert labelled.images[2].read() == picture
    assert labelled.left_out[0].where == "data/train-00000-of-00001.parquet:000003"
    assert labelled.left_out[0].detail == "7, expected a number of 0 to 1"
    pq.write_table(table.drop_columns("emotion"), tmp_path / "data" / "train-00000-of-00001.parquet")
    with pytest.raises(InputError, match="the column 'label' is missing"):
        layouts.find("parquet").read(tmp_path, ReadOptions())
