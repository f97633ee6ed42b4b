"""A list that is fetched in shards and joined: the very faces, in the very order, of the list fetched whole."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import yaml
from photo_server import PhotoServer, jpeg, photo_server, picture, replying

from fecemo.data.dataset import Dataset
from fecemo.data.receipts import RECEIPT_NAME, read_receipt
from fecemo.data.variants import variants
from fecemo.errors import InputError, StoredStateError
from fecemo.fetch.lists import ShardNumber, shard_of
from fecemo.stages import export, fetch, join_shards
from fecemo.stages.export import ExportSettings
from fecemo.stages.fetch import FetchSettings

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
SHARDS = 3
HOSTS = 6
PHOTOS = 4
BOXES = ((0.0, 0.5, 0.0, 1.0), (0.4, 1.0, 0.1, 0.9))
ROW_BY_ROW = ("faces.csv", "rejects.csv", "rejected_rows.csv", "triplets.csv", "ratings.csv", "hosts.csv",
              "survival.csv", "repeated_photographs.csv")


@pytest.fixture
def servers():
    """Photographs on several hosts, two a shard, which a list names by turns; of the last shard's, none can be had."""
    with ExitStack() as stack:
        result: list[PhotoServer] = []
        while len(result) < HOSTS:  # a server's shard depends on the port that it is given
            server = stack.enter_context(photo_server())
            if shard_of(server.url("/"), SHARDS) == len(result) % SHARDS + 1:
                result.append(server)
        for host, server in enumerate(result):
            for photo in range(PHOTOS):
                gone = (host + photo) % 5 == 0 or host % SHARDS == 2
                server.routes[f"/{photo}.jpg"] = replying(404) if gone else jpeg(picture(10 * host + photo))
        yield result


def fec_rows(servers) -> list[str]:
    """Triplets whose three faces lie on three hosts."""
    rows = []
    for photo in range(PHOTOS):
        for first in range(HOSTS):
            faces = [f"{servers[(first + step) % HOSTS].url(f'/{photo}.jpg')},{','.join(map(str, BOXES[step % 2]))}"
                     for step in range(3)]
            rows.append(",".join([*faces, "ONE_CLASS_TRIPLET", "a", "1", "b", "3"]))
    return [*rows[:5], "not,a,triplet", *rows[5:]]


@pytest.fixture
def listed(servers, tmp_path) -> Path:
    path = tmp_path / "fec.csv"
    path.write_text("\n".join(fec_rows(servers)) + "\n")
    return path


def settings_for(servers, listed: Path, **changes) -> FetchSettings:
    return FetchSettings(faces=listed, allow_hosts=tuple(server.host for server in servers), workers=3, backoff=0.01,
                         **changes)


def fetch_shards(servers, listed: Path, folder: Path, of: int = SHARDS, **changes) -> tuple[Path, ...]:
    folders = tuple(folder / f"{number}-of-{of}" for number in range(1, of + 1))
    for number, out in enumerate(folders, start=1):
        fetch.run(settings_for(servers, listed, shard=f"{number}/{of}", **changes), out)
    return folders


def test_shards_joined_are_the_list_fetched_whole_row_by_row(servers, listed, tmp_path):
    whole = fetch.run(settings_for(servers, listed), tmp_path / "whole")
    for server in servers:
        server.requests.clear()
    shards = fetch_shards(servers, listed, tmp_path / "datasets" / "shards")
    assert all(set(server.requests.values()) == {1} for server in servers)  # each photograph once, by one shard
    joined = join_shards.run(listed, shards, tmp_path / "datasets")

    for name in ROW_BY_ROW:
        assert (tmp_path / "datasets" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert {**joined.summary, "shards": None, "reach": None} == {**whole.summary, "shards": None, "reach": None}
    datasets = [Dataset(tmp_path / name) for name in ("whole", "datasets")]
    faces = [len(Dataset(shard)) for shard in shards]
    assert min(faces[:2]) > 0
    assert faces[2] == 0  # all of its photographs are gone
    assert datasets[0].frame.equals(datasets[1].frame)
    assert np.array_equal(datasets[0].faces, datasets[1].faces)
    assert datasets[1].damaged_rows() == []
    assert not (tmp_path / "datasets" / "faces.npy").exists()


def test_rows_of_a_joined_dataset_are_read_as_those_of_any_dataset(servers, listed, tmp_path):
    fetch.run(settings_for(servers, listed), tmp_path / "whole")
    join_shards.run(listed, fetch_shards(servers, listed, tmp_path / "shards"), tmp_path / "joined")
    whole, joined = Dataset(tmp_path / "whole").faces, Dataset(tmp_path / "joined").faces
    assert joined.shape == whole.shape
    assert len(joined) == len(whole)
    assert joined.dtype == whole.dtype
    rows = np.random.default_rng(1).permutation(len(whole))[:7]
    mask = np.arange(len(whole)) % 3 == 1
    for chosen in (rows, rows.tolist(), mask, slice(2, 9, 2), slice(None), [], np.int64(3), -1):
        assert np.array_equal(joined[chosen], whole[chosen])
    # Loaded batches and a variant's view, as training and the report read them.
    assert np.array_equal(np.take(joined, rows, axis=0), np.take(whole, rows, axis=0))
    gray = variants.find("gray")
    assert np.array_equal(gray.view(joined[rows]), gray.view(whole[rows]))
    for name in ("whole", "joined"):
        export.run(ExportSettings(dataset=tmp_path / name), tmp_path / f"{name} exported")
    tables = [(tmp_path / f"{name} exported" / "faces.csv").read_text() for name in ("whole", "joined")]
    assert tables[0] == tables[1]  # with the sha256 of every image
    for beyond in (len(whole), [0, len(whole)]):
        with pytest.raises(IndexError):
            joined[beyond]


def test_a_limit_is_that_of_the_whole_list(servers, listed, tmp_path):
    fetch.run(settings_for(servers, listed, limit=11), tmp_path / "whole")
    shards = fetch_shards(servers, listed, tmp_path / "shards", limit=11)
    join_shards.run(listed, shards, tmp_path / "joined")
    assert Dataset(tmp_path / "joined").frame.equals(Dataset(tmp_path / "whole").frame)


def test_a_host_is_in_one_shard_however_its_name_is_spelled():
    spellings = ("http://Photos.example/a.jpg", "http://photos.example:80/b.jpg?c=d", "http://photos.example./e.jpg",
                 "https://photos.example/f.jpg")
    assert len({shard_of(url, 16) for url in spellings}) == 1
    # Of the digest alone, and so the same on every machine and in every version.
    assert [shard_of(f"https://{name}.example/1.jpg", 16) for name in "abc"] == [11, 4, 9]
    hosts = 2000
    counts = np.bincount([shard_of(f"http://host{number}.example/", 4) - 1 for number in range(hosts)], minlength=4)
    assert counts.min() > 0.8 * hosts / 4
    assert {shard_of(url, 4) for url in ("file:///etc/passwd", "http://[broken/", "")} <= {1, 2, 3, 4}


def test_more_shards_than_hosts_leave_some_empty_and_the_rest_whole(servers, listed, tmp_path):
    fetch.run(settings_for(servers, listed), tmp_path / "whole")
    shards = fetch_shards(servers, listed, tmp_path / "shards", of=9)
    assert min(len(Dataset(shard)) for shard in shards) == 0
    join_shards.run(listed, shards, tmp_path / "joined")
    assert Dataset(tmp_path / "joined").frame.equals(Dataset(tmp_path / "whole").frame)


def test_a_list_of_which_nothing_can_be_had_makes_no_dataset(servers, listed, tmp_path):
    for server in servers:
        server.routes.clear()
    shards = fetch_shards(servers, listed, tmp_path / "shards")
    with pytest.raises(InputError, match=r"none of the 48 faces could be stored \(48 gone\)"):
        join_shards.run(listed, shards, tmp_path / "joined")
    assert read_receipt(tmp_path / "joined") is None


def test_a_killed_shard_goes_on_and_a_killed_join_begins_again(servers, listed, tmp_path):
    shards = fetch_shards(servers, listed, tmp_path / "unbroken")
    expected = join_shards.run(listed, shards, tmp_path / "expected")
    largest = max(range(SHARDS), key=lambda shard: len(Dataset(shards[shard])))
    for server in servers:
        server.requests.clear()
        server.delay = 0.2
    out = tmp_path / "killed"
    command = [sys.executable, str(ROOT / "pipelines" / "01_fetch.py"), "--faces", str(listed), "--workers", "1",
               "--shard", f"{largest + 1}/{SHARDS}", "--out", str(out),
               "--allow-hosts", *(server.host for server in servers)]
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    while sum(server.requests.total() for server in servers) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert read_receipt(out) is None
    parts = [*shards]
    parts[largest] = out
    with pytest.raises(StoredStateError, match=f"{out} has no receipt.json"):
        join_shards.run(listed, tuple(parts), tmp_path / "joined")
    for server in servers:
        server.delay = 0.0
    fetch.run(settings_for(servers, listed, shard=f"{largest + 1}/{SHARDS}"), out)

    child = os.fork()
    if child == 0:
        join_shards.write_shards = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
        join_shards.run(listed, tuple(parts), tmp_path / "joined")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    with pytest.raises(StoredStateError, match="not a finished dataset"):
        Dataset(tmp_path / "joined")
    assert join_shards.run(listed, tuple(parts), tmp_path / "joined").digest == expected.digest
    before = (tmp_path / "joined" / RECEIPT_NAME).stat().st_mtime_ns
    join_shards.run(listed, tuple(parts), tmp_path / "joined")
    assert (tmp_path / "joined" / RECEIPT_NAME).stat().st_mtime_ns == before  # already done


def test_what_is_not_the_whole_list_is_refused(servers, listed, tmp_path):
    shards = fetch_shards(servers, listed, tmp_path / "shards")

    def refused(match: str, parts, faces: Path = listed) -> None:
        with pytest.raises(StoredStateError, match=match):
            join_shards.run(faces, tuple(parts), tmp_path / "joined")

    refused(r"of 3 shards, 1 are not given: 2/3", (shards[0], shards[2]))
    refused(r"are both the shard 1/3", (shards[0], *shards))
    refused(r"has no receipt.json", (*shards[:2], tmp_path / "nowhere"))
    other = tmp_path / "other.csv"
    other.write_text(listed.read_text().replace("ONE_CLASS", "TWO_CLASS"))
    refused("fetched from another list", shards, other)
    fetch.run(settings_for(servers, listed, shard="3/4"), tmp_path / "of four")
    refused("the same number of shards", (*shards[:2], tmp_path / "of four"))
    fetch.run(settings_for(servers, listed, shard="3/3", margin=0.1), tmp_path / "wider")
    refused(r"other settings \(margin\)", (*shards[:2], tmp_path / "wider"))
    fetch.run(settings_for(servers, listed), tmp_path / "whole")
    refused("was fetched whole", (*shards[:2], tmp_path / "whole"))
    with pytest.raises(StoredStateError, match="holds something else"):
        join_shards.run(listed, shards, tmp_path / "whole")
    export.run(ExportSettings(dataset=tmp_path / "whole"), tmp_path / "exported")
    with pytest.raises(StoredStateError, match="holds something else"):
        join_shards.run(listed, shards, tmp_path / "exported")
    (shards[1] / "faces.csv").write_text("row,id\n")
    refused(re.escape(f"{shards[1] / 'faces.csv'} is missing, or not what its fetch wrote"), shards)
    with pytest.raises(InputError, match="no shard is given"):
        join_shards.run(listed, (), tmp_path / "joined")


def test_a_shard_that_went_away_or_was_fetched_anew_is_refused_by_every_reader(servers, listed, tmp_path):
    shards = fetch_shards(servers, listed, tmp_path / "datasets" / "shards")
    join_shards.run(listed, shards, tmp_path / "datasets")
    (tmp_path / "datasets").rename(tmp_path / "moved")  # together they may move
    joined, shard = tmp_path / "moved", tmp_path / "moved" / "shards" / "2-of-3"
    assert Dataset(joined).damaged_rows() == []
    with pytest.raises(StoredStateError, match="choose another folder"):
        fetch.run(settings_for(servers, listed), joined)
    shard.rename(tmp_path / "away")
    with pytest.raises(StoredStateError, match=r"2-of-3, is missing or unfinished"):
        Dataset(joined)
    (tmp_path / "away").rename(shard)
    for server in servers:
        server.routes = {path: jpeg(picture(99)) for path in server.routes}
    for path in shard.iterdir():
        path.unlink()
    fetch.run(settings_for(servers, listed, shard="2/3"), shard)
    with pytest.raises(StoredStateError, match=r"2-of-3, holds other faces than when it was joined"):
        Dataset(joined)
    folders = tuple(joined / "shards" / f"{number}-of-3" for number in (1, 2, 3))
    join_shards.run(listed, folders, joined)
    assert Dataset(joined).damaged_rows() == []


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/5", "١/٣", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ValueError, match="NUMBER/OF"):
        ShardNumber.parse(text)


def test_snakemake_fetches_the_shards_and_joins_them(servers, listed, tmp_path):
    document = yaml.safe_load((Path(__file__).parent / "tiny.yaml").read_text())
    settings = {"faces": str(listed), "allow_hosts": [server.host for server in servers], "backoff": 0.01}
    document["datasets"]["photographs"] = {"fetch": settings}
    recipe, run = tmp_path / "listed.yaml", tmp_path / "a run"
    recipe.write_text(yaml.safe_dump(document))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "pipelines" / "Snakefile"), "--until",
               "fetch_photographs", "--config", f"recipe={recipe}", f"run={run}"]
    for shards in (f"shards={SHARDS}", "shards=0"):
        done = subprocess.run([*command, shards], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True,
                              timeout=120)
        output = done.stdout + done.stderr
        assert (done.returncode == 0) == (shards != "shards=0"), output
    assert "expected a whole number, at least 1" in output
    fetch.run(settings_for(servers, listed), tmp_path / "whole")
    assert Dataset(run / "datasets" / "photographs").frame.equals(Dataset(tmp_path / "whole").frame)
    assert sorted(path.name for path in (run / "datasets" / "photographs" / "shards").iterdir()) == [
        f"{number}-of-{SHARDS}" for number in range(1, SHARDS + 1)]
