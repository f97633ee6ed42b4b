"""A disk that fills up, and one that forgets: what was stored is kept, and what was damaged is named."""

import subprocess
import sys

import numpy as np
import pytest
from fetching import ROOT, WHOLE, settings_for, write_list
from photo_server import jpeg, photo_server, picture

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import RECEIPT_NAME
from fecemo.data.stored_faces import FACES_NAME
from fecemo.errors import StoredStateError
from fecemo.stages import check_dataset
from fecemo.stages.fetch import run

FETCH = [sys.executable, str(ROOT / "pipelines" / "01_fetch.py")]

# A disk of its own, small at first; then there is room, and the same command runs again.
SCRIPT = """
disk=$1; kept=$2; shift 2
mount -t tmpfs -o size=2m none "$disk" || exit 77
"$@" --out "$disk/data set"
code=$?
test -e "$disk/dataset/receipt.json" && echo "there is a receipt"
mount -o remount,size=64m "$disk"
"$@" --out "$disk/data set" || exit 78
cp -r "$disk/data set" "$kept"
exit $code
"""


@pytest.fixture
def server():
    with photo_server() as served:
        for number in range(40):
            served.routes[f"/{number}.jpg"] = jpeg(picture(number))
        yield served


@pytest.fixture
def listed(server, tmp_path):
    return write_list(tmp_path / "faces.csv", [(server.url(f"/{number}.jpg"), WHOLE) for number in range(40)])


def test_a_full_disk_is_said_and_with_room_made_the_same_command_goes_on(server, listed, tmp_path):
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk in a namespace of its own")
    (tmp_path / "disk").mkdir()
    command = [*FETCH, "--faces", listed, "--allow-hosts", server.host, "--workers", "3"]
    done = subprocess.run(["unshare", "-rm", "sh", "-c", SCRIPT, "sh", tmp_path / "disk", tmp_path / "kept", *command],
                          capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2, done.stderr
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert "there is a receipt" not in done.stdout
    assert max(server.requests.values()) <= 2  # what the ledger knew was not asked for again
    assert min(server.requests.values()) == 1
    run(settings_for(server, listed), tmp_path / "unbroken")
    for name in (FACES_NAME, "faces.csv", "rejects.csv", "hosts.csv", "survival.csv"):
        assert (tmp_path / "kept" / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes(), name


def test_damaged_rows_and_tables_are_named_and_made_anew_alone(server, listed, tmp_path, capsys):
    run(settings_for(server, listed), tmp_path / "dataset")
    check_dataset.run(tmp_path / "dataset")
    whole = (tmp_path / "dataset" / FACES_NAME).read_bytes()
    hosts = (tmp_path / "dataset" / "hosts.csv").read_bytes()
    faces = np.load(tmp_path / "dataset" / FACES_NAME, mmap_mode="r+")
    ids = [Dataset(tmp_path / "dataset").ids[row] for row in (3, 17)]
    faces[3, 100, 100, 1] ^= 1
    faces[17] = faces[16]
    faces.flush()
    del faces
    (tmp_path / "dataset" / "hosts.csv").write_bytes(hosts.replace(b"stored,40", b"stored,41"))
    capsys.readouterr()
    with pytest.raises(StoredStateError, match=r"2 of 40 faces \(rows 3, 17\) and the tables hosts.csv") as error:
        check_dataset.run(tmp_path / "dataset")
    assert [line.split("\t")[:2] for line in capsys.readouterr().out.splitlines()] == [["3", ids[0]], ["17", ids[1]]]

    assert f"remove {tmp_path / 'dataset' / RECEIPT_NAME}" in str(error.value)
    (tmp_path / "dataset" / RECEIPT_NAME).unlink()
    server.requests.clear()
    run(settings_for(server, listed), tmp_path / "dataset")
    assert server.requests == {"/3.jpg": 1, "/17.jpg": 1}
    assert (tmp_path / "dataset" / FACES_NAME).read_bytes() == whole
    assert (tmp_path / "dataset" / "hosts.csv").read_bytes() == hosts
    check_dataset.run(tmp_path / "dataset")


@pytest.mark.parametrize("name", ["faces.npy", "faces.csv", "survival.csv"])
def test_a_missing_file_of_a_dataset_is_named(server, listed, tmp_path, name):
    run(settings_for(server, listed, limit=2), tmp_path / "dataset")
    (tmp_path / "dataset" / name).unlink()
    with pytest.raises(StoredStateError, match=name):
        check_dataset.run(tmp_path / "dataset")


def test_a_cut_array_of_faces_is_said_and_made_anew(server, listed, tmp_path):
    run(settings_for(server, listed, limit=3), tmp_path / "dataset")
    whole = (tmp_path / "dataset" / FACES_NAME).read_bytes()
    (tmp_path / "dataset" / FACES_NAME).write_bytes(whole[:-50_000])
    with pytest.raises(StoredStateError, match="is damaged"):
        check_dataset.run(tmp_path / "dataset")
    (tmp_path / "dataset" / RECEIPT_NAME).unlink()
    run(settings_for(server, listed, limit=3), tmp_path / "dataset")
    assert (tmp_path / "dataset" / FACES_NAME).read_bytes() == whole
