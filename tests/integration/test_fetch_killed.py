"""Kill -9 at random moments, run again: the data set is the one of an unbroken run, to the byte."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from photo_server import jpeg, photo_server, picture

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_writer import STAGING_NAME
from fecemo.data.receipts import RECEIPT_NAME

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("FECEMO_KILLS", "6"))
PHOTOS = 150
FLUSH = 4
WORKERS = 3
COMPARED = ("faces.npy", "faces.csv", "rejects.csv", "rejected_rows.csv", "hosts.csv", "survival.csv")

# The real stage; only the ledger is written after every few faces, so that a test of seconds crosses many transactions.
PROGRAM = f"""
import sys
from pathlib import Path
from fecemo.data import dataset_writer
from fecemo.stages.fetch import FetchSettings, run
dataset_writer.FLUSH_FACES = {FLUSH}
faces, out, host = sys.argv[1:]
run(FetchSettings(faces=Path(faces), allow_hosts=(host,), workers={WORKERS}, backoff=0.01), Path(out))
"""


def start(faces: Path, out: Path, host: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(faces), str(out), host], cwd=ROOT,
                            stderr=subprocess.PIPE, text=True)


@pytest.fixture
def served(tmp_path):
    with photo_server() as server:
        lines = ["url,left,right,top,bottom"]
        for number in range(PHOTOS):
            if number % 7:
                server.routes[f"/{number}.jpg"] = jpeg(picture(number))
            for box in ("0.0,0.5,0.0,1.0", "0.4,1.0,0.1,0.9"):
                lines.append(f"{server.url(f'/{number}.jpg')},{box}")
        lines.insert(30, "not,a,row")
        faces = tmp_path / "faces.csv"
        faces.write_text("\n".join(lines) + "\n")
        yield server, faces


def test_a_fetch_killed_again_and_again_ends_with_the_same_dataset(served, tmp_path):
    server, faces = served
    unbroken = start(faces, tmp_path / "unbroken", server.host)
    _, output = unbroken.communicate(timeout=120)
    assert unbroken.returncode == 0, output
    server.requests.clear()
    server.delay = 0.01 * KILLS  # long enough for every kill to meet work

    rng = random.Random(0)
    broken, kills = tmp_path / "broken", 0
    while kills < KILLS:
        process = start(faces, broken, server.host)
        before = sum(server.requests.values())
        while sum(server.requests.values()) == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.6))
        process.kill()
        _, output = process.communicate()
        assert process.returncode == -9, f"ended before it was killed: {output}"
        assert not (broken / RECEIPT_NAME).exists()
        kills += 1
    server.delay = 0.0
    last = start(faces, broken, server.host)
    _, output = last.communicate(timeout=120)
    assert last.returncode == 0, output

    for name in COMPARED:
        assert (broken / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes(), name
    assert Dataset(broken).damaged_rows() == []
    assert not (broken / STAGING_NAME).exists()
    # Only what was under way, or not yet in the ledger, was asked for again.
    assert sum(server.requests.values()) <= PHOTOS + KILLS * (FLUSH + WORKERS)


def test_a_second_writer_is_refused(served, tmp_path):
    server, faces = served
    server.delay = 0.2
    first = start(faces, tmp_path / "dataset", server.host)
    while not server.requests:
        time.sleep(0.01)
    second = start(faces, tmp_path / "dataset", server.host)
    _, output = second.communicate(timeout=20)
    server.delay = 0.0
    assert second.returncode != 0
    assert "is being written by another process" in output
    assert first.wait(timeout=60) == 0
    assert len(Dataset(tmp_path / "dataset")) == 2 * (PHOTOS - len(range(0, PHOTOS, 7)))
