"""A dataset as it is read: typed columns, classes of its own, and damage that is named."""

import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry, read_description
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.errors import InputError, StoredStateError

CELLS = [{"label": "happy", "split": "train", "valence": "0.5", "age": "01"},
         {"label": "", "split": "train", "valence": "", "age": "1_0"},
         {"label": "awe", "split": "test", "valence": "-1e-1", "age": ""}]
COLUMNS = {"label": "label", "split": "split", "valence": "number", "age": "text"}


@pytest.fixture
def stored(tmp_path):
    plan = [FaceEntry(f"id{row}", f"{row}.png", 0.1, 0.9, 0.0, 1.0, cells) for row, cells in enumerate(CELLS)]
    writer = DatasetWriter(tmp_path, plan, classes=("awe", "happy", "sad"), columns=COLUMNS)
    for slot in range(len(plan)):
        writer.put(slot, np.full((200, 200, 3), slot, np.uint8))
    writer.finish("import", config={}, inputs={})
    writer.close()
    return tmp_path


def read_whole(folder):
    dataset = Dataset(folder)
    return dataset.frame, dataset.label_codes()


def test_columns_have_their_declared_types_and_unknown_is_nan_or_empty(stored):
    dataset = Dataset(stored)
    assert dataset.classes == read_description(stored).classes == ("awe", "happy", "sad")
    assert dict(dataset.columns) == COLUMNS
    np.testing.assert_array_equal(dataset["valence"], np.array([0.5, np.nan, -0.1], np.float32))
    assert dataset["valence"].dtype == np.float32
    assert dataset["age"].tolist() == ["01", "1_0", ""]
    assert dataset.label_codes().tolist() == [1, -1, 0]
    assert dataset.rows_in("train").tolist() == [0, 1]
    assert dataset.record(1)["valence"] is None
    frame = dataset.frame
    assert frame.columns.tolist() == ["id", "address", "left", "right", "top", "bottom", "sha256", *COLUMNS]
    assert frame["label"].cat.categories.tolist() == ["awe", "happy", "sad"]
    assert frame["label"].isna().tolist() == [False, True, False]


def test_a_column_that_is_not_there_names_the_nearest(stored):
    with pytest.raises(InputError, match="no column 'valance': did you mean 'valence'"):
        Dataset(stored)["valance"]


def test_a_face_of_an_unknown_split_is_neither_learned_from_nor_scored(tmp_path):
    plan = [FaceEntry(f"id{row}", f"{row}.png", 0.1, 0.9, 0.0, 1.0, {"label": "happy", "split": split})
            for row, split in enumerate(("train", "", "tests"))]
    writer = DatasetWriter(tmp_path, plan)
    for slot in range(len(plan)):
        writer.put(slot, np.full((200, 200, 3), slot, np.uint8))
    writer.finish("import", config={}, inputs={})
    writer.close()
    with pytest.raises(StoredStateError, match=r"row 2 has the split 'tests', did you mean 'test'"):
        Dataset(tmp_path).rows_in("train")


@pytest.mark.parametrize(("name", "old", "new", "message"), [
    ("annotations.csv", "2,awe", "2,sad", "annotations.csv is not what was written"),
    ("faces.csv", "1.png", "2.png", "faces.csv is not what was written"),
    ("dataset.json", '"number"', '"text"', "dataset.json is not what was written|dataset.json .* bytes"),
])
def test_damage_is_named(stored, name, old, new, message):
    path = stored / name
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(StoredStateError, match=message):
        read_whole(stored)


@pytest.mark.parametrize(("old", "new", "message"), [
    ('"number"', '"numbers"', "'valence' is of the type 'numbers', did you mean 'number'"),
    ("fecemo.dataset/1", "fecemo.dataset/9", "expected the format"), ("[", "", "is damaged")])
def test_a_description_that_is_none_is_named(stored, old, new, message):
    path = stored / "dataset.json"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(StoredStateError, match=message):
        read_description(stored)
