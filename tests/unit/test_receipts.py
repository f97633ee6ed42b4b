"""Receipts say what an output was made of, and are all that makes it finished."""

import dataclasses
import hashlib
import json
import os

import pytest

from fecemo.data.receipts import (
    DIGEST_NAME,
    RECEIPT_NAME,
    current_receipt,
    digest_bytes,
    digest_file,
    digest_json,
    read_receipt,
    refuse_folder_of_others,
    require_receipt,
    write_receipt,
)
from fecemo.errors import InputError, StoredStateError


def write(folder, config=None, inputs=None, **more):
    (folder / "out.txt").write_text(more.pop("content", "result"))
    return write_receipt(folder, "train", config=config or {"epochs": 3}, inputs=inputs or {"source": "abc"},
                         files=["out.txt"], seconds=1.25, seed=7, **more)


def test_a_digest_of_json_does_not_depend_on_the_order_of_keys():
    assert digest_json({"a": 1, "b": {"c": 2, "d": 3}}) == digest_json({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize("other", [{"a": 2, "b": [1, 2]}, {"a": 1, "b": [2, 1]}, {"a": "1", "b": [1, 2]}, {"a": 1}])
def test_a_digest_of_json_depends_on_everything_else(other):
    assert digest_json({"a": 1, "b": [1, 2]}) != digest_json(other)


def test_a_files_digest_is_its_bytes_sha256(tmp_path):
    data = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(data)
    assert digest_file(tmp_path / "file") == digest_bytes(data) == hashlib.sha256(data).hexdigest()


def test_what_is_written_is_read(tmp_path):
    written = write(tmp_path, summary={"faces": 3}, machine={"backend": "numpy"}, outputs={"big.npy": "d1"})
    read = read_receipt(tmp_path)
    assert read == written
    assert read.outputs == {"out.txt": hashlib.sha256(b"result").hexdigest(), "big.npy": "d1"}
    assert (read.seed, read.seconds, read.summary, read.machine["backend"]) == (7, 1.25, {"faces": 3}, "numpy")
    assert {"python", "fecemo", "numpy"} <= read.versions.keys()
    assert "finished" in json.loads((tmp_path / RECEIPT_NAME).read_text())


def test_a_folder_without_a_receipt_is_unfinished(tmp_path):
    assert read_receipt(tmp_path) is None
    assert read_receipt(tmp_path / "nowhere") is None
    assert current_receipt(tmp_path, {}, {}) is None
    with pytest.raises(StoredStateError, match="'train' has not finished"):
        require_receipt(tmp_path, "train")


def test_current_means_the_same_configuration_and_inputs(tmp_path):
    write(tmp_path, config={"epochs": 3, "loss": {"name": "mse", "scale": 1}})
    assert current_receipt(tmp_path, {"loss": {"scale": 1, "name": "mse"}, "epochs": 3}, {"source": "abc"}) is not None
    assert current_receipt(tmp_path, {"loss": {"scale": 2, "name": "mse"}, "epochs": 3}, {"source": "abc"}) is None
    assert current_receipt(tmp_path, {"loss": {"scale": 1, "name": "mse"}, "epochs": 3}, {"source": "other"}) is None
    assert current_receipt(tmp_path, {"epochs": 3}, {"source": "abc"}) is None


def test_what_has_lost_a_file_is_not_current(tmp_path):
    write(tmp_path)
    assert current_receipt(tmp_path, {"epochs": 3}, {"source": "abc"}) is not None
    (tmp_path / "out.txt").unlink()
    assert current_receipt(tmp_path, {"epochs": 3}, {"source": "abc"}) is None


def test_the_digest_file_comes_back_where_the_work_still_stands(tmp_path):
    """A workflow engine may remove what it watches; the receipt must survive that, and the work with it."""
    written = write(tmp_path)
    assert (tmp_path / DIGEST_NAME).read_text() == written.digest + "\n"
    (tmp_path / DIGEST_NAME).unlink()
    assert current_receipt(tmp_path, {"epochs": 3}, {"source": "abc"}) == written
    assert (tmp_path / DIGEST_NAME).read_text() == written.digest + "\n"


def test_made_of_takes_a_configuration_as_it_is_before_it_is_stored(tmp_path):
    receipt = write(tmp_path, config={"betas": [0.9, 0.999], "rate": 1e-4})
    stored = read_receipt(tmp_path)
    for document in (receipt, stored):
        assert document.made_of({"rate": 0.0001, "betas": [0.9, 0.999]}, {"source": "abc"})
        assert document.made_of({"rate": 0.0001, "betas": (0.9, 0.999)}, {"source": "abc"})


def test_the_digest_is_of_what_was_stored_alone(tmp_path):
    first = write(tmp_path)
    again = dataclasses.replace(first, seconds=99.0, machine={}, versions={}, summary={"other": 1})
    assert first.digest == again.digest
    assert write(tmp_path, content="another result").digest != first.digest


def test_a_receipt_of_another_stage_is_refused(tmp_path):
    write(tmp_path)
    assert require_receipt(tmp_path, "train").stage == "train"
    with pytest.raises(StoredStateError, match="written by the stage 'train', expected 'embed'"):
        require_receipt(tmp_path, "embed")


@pytest.mark.parametrize("content", [
    "", "{", "[]", "3", '{"stage": "train"}', '{"stage": "train", "unknown": 1}', b"\xff\xfe",
])
def test_a_damaged_receipt_is_named(tmp_path, content):
    (tmp_path / RECEIPT_NAME).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StoredStateError, match=r"receipt\.json is not a receipt"):
        read_receipt(tmp_path)


def test_a_pipe_in_the_place_of_a_receipt_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / RECEIPT_NAME)
    with pytest.raises(StoredStateError, match=r"receipt\.json cannot be read \(it is no file\)"):
        read_receipt(tmp_path)


def test_a_receipt_is_not_written_for_a_missing_output(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_receipt(tmp_path, "train", config={}, inputs={}, files=["never.npy"], seconds=0.0)
    assert read_receipt(tmp_path) is None


def test_a_folder_with_files_of_others_takes_no_output_and_that_of_a_stage_does(tmp_path):
    for usable in (tmp_path / "new", tmp_path):
        refuse_folder_of_others(usable)
    (tmp_path / ".DS_Store").touch()
    refuse_folder_of_others(tmp_path)
    (tmp_path / "thesis.tex").touch()
    (tmp_path / "happy").mkdir()
    with pytest.raises(InputError, match="holds happy and 1 more, which nothing here has written"):
        refuse_folder_of_others(tmp_path)
    (tmp_path / RECEIPT_NAME).touch()
    refuse_folder_of_others(tmp_path)


def test_shards_of_a_list_are_no_files_of_others_and_folders_of_faces_are(tmp_path):
    for number in (1, 2):
        shard = tmp_path / "photographs" / "shards" / f"{number}-of-2"
        shard.mkdir(parents=True)
        (shard / RECEIPT_NAME).touch()
        (tmp_path / "faces" / f"class_{number}").mkdir(parents=True)
    refuse_folder_of_others(tmp_path / "photographs")
    with pytest.raises(InputError, match="holds class_1 and 1 more"):
        refuse_folder_of_others(tmp_path / "faces")
