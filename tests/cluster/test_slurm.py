"""A study by a real SLURM: jobs requeued, a node lost, a node drained; and the figures of a run without it."""

import csv
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import yaml
from photo_server import jpeg, photo_server, picture
from slurm import Slurm, missing_programs

from fecemo.data.dataset import Dataset
from fecemo.fetch.lists import shard_of
from fecemo.study.layout import RunLayout

ROOT = Path(__file__).parents[2]
SHARDS, PHOTOS = 8, 4
pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"SLURM is not here: {', '.join(missing_programs())}"),
    pytest.mark.skipif(importlib.util.find_spec("snakemake_executor_plugin_slurm") is None,
                       reason="pip install -e '.[slurm]'")]


@pytest.fixture
def study(tmp_path) -> Iterator[Path]:
    """A folder with a recipe whose source is fetched from a host a shard, each slow enough for a job to be caught."""
    with ExitStack() as stack:
        servers = {}
        while len(servers) < SHARDS:  # the shard of a server follows from its port
            server = stack.enter_context(photo_server())
            servers.setdefault(shard_of(server.url("/"), SHARDS), server)
        rows = ["url,left,right,top,bottom"]
        for number, server in servers.items():
            server.delay = 0.5
            for photo in range(PHOTOS):
                server.routes[f"/{photo}.jpg"] = jpeg(picture(10 * number + photo))
                rows.append(f"{server.url(f'/{photo}.jpg')},0.1,0.9,0.1,0.9")
        (tmp_path / "faces.csv").write_text("\n".join(rows) + "\n")
        document = yaml.safe_load((ROOT / "tests" / "integration" / "tiny.yaml").read_text())
        document |= {"name": "clustered", "variants": ["gray"], "datasets": {
            "photographs": {"fetch": {"faces": "faces.csv", "workers": 1,
                                      "allow_hosts": [server.host for server in servers.values()]}},
            "emotions": {"draw": {"seed": 3, "faces_per_class": 8, "test_fraction": 0.3}}}}
        document["approaches"] = {name: document["approaches"][name] for name in ("dense_autoencoder", "supervised")}
        document["clustering"] = {"n_clusters": 4, "n_init": 2}
        document["map"] = {"perplexity": 5, "pca_components": 3, "iterations": 20}
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(document))
        yield tmp_path


def workflow(run: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "-s", str(ROOT / "pipelines" / "Snakefile"), *words,
            "--config", "recipe=study.yaml", f"run={run}"]


def figures(run: Path) -> list[dict[str, str]]:
    """Return the rows of a run's results, but how long it took."""
    with (run / "results.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["metric"] != "seconds"]


def eventually(what: Callable[[], object], ends: subprocess.Popen, seconds: float = 120) -> object:
    """Return the first answer that is true, before the workflow ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and ends.poll() is None:
        if answer := what():
            return answer
        time.sleep(0.3)
    raise AssertionError(f"did not happen; the workflow {'runs' if ends.poll() is None else 'has ended'}")


def running(slurm: Slurm, node: str) -> list[str]:
    return slurm.ask("squeue", "-h", "-t", "running", "-w", node, "-o", "%A").split()


def field(slurm: Slurm, job: str, name: str) -> str:
    return re.search(rf"\b{name}=(\S+)", slurm.ask("scontrol", "show", "job", job))[1]


def test_a_study_by_slurm_has_the_figures_of_a_local_run(study, capfd):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(workflow("local", "--cores", "1"), cwd=study, env=environment, check=True, timeout=600)
    with Slurm(nodes=3) as slurm:
        command = workflow("spread", "--workflow-profile", str(ROOT / "pipelines" / "profiles" / "slurm"),
                           "--cores", "1", "--default-resources", "mem_mb=1000", "runtime=30", "--slurm-no-account",
                           "--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2",
                           "--latency-wait", "10", "--slurm-status-command", "squeue")  # there is no accounting here
        with (study / "log").open("w") as log:
            ran = subprocess.Popen([*command, "shards=8"], cwd=study, env=slurm.environment | environment | {
                "PATH": slurm.environment["PATH"]}, stdout=log, stderr=log, start_new_session=True)
        try:
            # An administrator drains a node: its job may end, and no other comes.
            last = eventually(lambda: running(slurm, "node3"), ran)[0]
            slurm.ask("scontrol", "update", "NodeName=node3", "State=DRAIN", "Reason=test")
            # The scheduler ends a job and puts it into its queue again, in the middle of its work.
            requeued = eventually(lambda: [job for job in running(slurm, "node1") if job != last], ran)[0]
            time.sleep(3)
            slurm.ask("scontrol", "requeue", requeued)
            # Another node is lost with its job, which the controller puts into its queue again.
            lost = eventually(lambda: [job for job in running(slurm, "node2") if job not in (last, requeued)], ran)[0]
            slurm.ask("scontrol", "update", "NodeName=node2", "State=DOWN", "Reason=test")
            slurm.kill_node("node2")
            time.sleep(1)
            slurm.start_node("node2")  # which returns to service
            assert ran.wait(600) == 0, (study / "log").read_text()[-6000:]
        finally:
            if ran.poll() is None:
                os.killpg(ran.pid, signal.SIGTERM)
                ran.wait()
        jobs = re.findall(r"^JobId=(\d+)", slurm.ask("scontrol", "show", "job"), re.MULTILINE)
        assert len(jobs) >= SHARDS + 4  # shards, their join, the drawn faces, two cells
        assert {field(slurm, job, "JobState") for job in jobs} == {"COMPLETED"}
        assert int(field(slurm, requeued, "Restarts")) >= 1
        assert int(field(slurm, lost, "Restarts")) >= 1
        assert [job for job in jobs if field(slurm, job, "NodeList") == "node3" and int(job) > int(last)] == []
        assert slurm.states()["node3"] == "drained"
    local, spread = (Dataset(RunLayout(study / run).dataset("photographs")) for run in ("local", "spread"))
    assert len(local) == SHARDS * PHOTOS
    assert local.frame.equals(spread.frame)
    np.testing.assert_array_equal(local.faces, spread.faces[:])
    assert figures(study / "spread") == figures(study / "local") != []
